from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import service

module = AnsibleModule(argument_spec=dict(name=dict(required=True)), supports_check_mode=True)
state = service()
services = [] if state is None else [dict(path=state['path'], state='started' if state['running'] else 'stopped')]
module.exit_json(changed=False, exists=state is not None, services=services)
