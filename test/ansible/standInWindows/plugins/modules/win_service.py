from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import Refused, service, start

module = AnsibleModule(
    argument_spec=dict(name=dict(required=True), state=dict(choices=['started', 'restarted'])), supports_check_mode=True
)
state = service()
if state is None:
    module.fail_json(msg="Service 'SensorProxy' is not installed, need to set 'path' to create a new service")
changed = module.params['state'] == 'restarted' or not state['running']
if changed and not module.check_mode:
    try:
        start()
    except Refused:
        module.fail_json(msg="failed to start service SensorProxy: Service 'Sensor Proxy (SensorProxy)' cannot be started.")
module.exit_json(changed=changed)
