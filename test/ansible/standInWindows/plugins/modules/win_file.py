import os
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import here

module = AnsibleModule(argument_spec=dict(path=dict(required=True), state=dict(choices=['directory', 'absent'])), supports_check_mode=True)
path = here(module.params['path'])
there = os.path.exists(path)
wanted = module.params['state'] == 'directory'
if there != wanted and not module.check_mode:
    os.makedirs(path) if wanted else os.remove(path)
module.exit_json(changed=there != wanted)
