import os
import re
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import Refused, here, run, unpack

# It does what the role's scripts are for; it does not run PowerShell.
module = AnsibleModule(
    argument_spec=dict(script=dict(required=True), parameters=dict(type='dict'), creates=dict()), supports_check_mode=True
)
params = module.params['parameters']
if module.check_mode or (module.params['creates'] and os.path.exists(here(module.params['creates']))):
    module.exit_json(changed=False, skipped=True)
try:
    if 'Zip' in params:
        unpack(params)
    for action in re.findall(r'& \$Program service (\w+)', module.params['script']):
        if action == 'install' or params.get('Registered', True):
            run(params['Program'], action, params)
except Refused as error:
    # As a script that throws: no msg.
    module.exit_json(changed=True, failed=True, error=[dict(output='', exception=dict(message=str(error)))])
module.exit_json(changed=True, result=[])
