import os
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import here

module = AnsibleModule(
    argument_spec=dict(
        src=dict(), content=dict(), dest=dict(required=True), remote_src=dict(type='bool', default=False), backup=dict(type='bool', default=False)
    ),
    supports_check_mode=True,
)
params = module.params
dest = here(params['dest'])
if params['src'] is None:
    new = params['content'].encode()
else:
    with open(here(params['src']) if params['remote_src'] else params['src'], 'rb') as file:
        new = file.read()
old = None
if os.path.exists(dest):
    with open(dest, 'rb') as file:
        old = file.read()
result = dict(changed=old != new)
if old != new and not module.check_mode:
    if old is not None and params['backup']:
        result['backup_file'] = params['dest'] + '.20261130-023000.bak'
        with open(here(result['backup_file']), 'wb') as file:
            file.write(old)
    with open(dest, 'wb') as file:
        file.write(new)
module.exit_json(**result)
