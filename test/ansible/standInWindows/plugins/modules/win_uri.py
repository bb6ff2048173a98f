from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ansible.windows.plugins.module_utils.machine import service, version

module = AnsibleModule(
    argument_spec=dict(url=dict(required=True), validate_certs=dict(type='bool'), use_proxy=dict(type='bool')), supports_check_mode=True
)
state = service()
if state is None or not state['running']:
    module.fail_json(msg='Unhandled exception occurred when sending web request. Exception: Unable to connect to the remote server')
if not version()['ready']:
    module.fail_json(msg="Status code of request '503' is not in list of valid status codes 200 : ServiceUnavailable'.")
module.exit_json(changed=False, status_code=200)
