import os
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import here

module = AnsibleModule(argument_spec=dict(path=dict(required=True)), supports_check_mode=True)
module.exit_json(changed=False, stat=dict(exists=os.path.exists(here(module.params['path']))))
