#!/usr/bin/python
# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""POST /proxy/copy."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: proxy_copy
short_description: Copy a user's WinINET proxy to the accounts of the Defender for Identity sensor
version_added: 0.1.0
description:
  - Copies the proxy settings of a signed-in user, byte for byte, to LocalSystem and LocalService, after a backup.
  - A target that has the same settings in force is left alone. When one target fails, all are put back.
  - Every program that uses WinINET as these accounts gets the proxy, not the sensor alone.
author:
  - The sensorproxy authors (@sensorproxy)
options:
  source:
    description:
      - The account to copy from, C(CurrentUser) or a SID.
      - Without it, the account that the settings of the service name, else the one signed-in user who has a proxy.
    type: str
  targets:
    description:
      - The accounts to copy to.
    type: list
    elements: str
    default: [LocalSystem, LocalService]
  restart_sensor:
    description:
      - Restart the sensor once the copy has changed something, so that it notices.
      - When the restart fails, the copy stays and the module fails. Run again, it has nothing to change and restarts nothing.
    type: bool
    default: false
extends_documentation_fragment:
  - sensorproxy.agent.connection
  - sensorproxy.agent.connection.change
attributes:
  check_mode:
    description: The service goes through the same checks (C(dryRun)) and writes nothing.
    support: full
  diff_mode:
    description: The settings of each target, before and after; the same in check mode.
    support: full
'''

EXAMPLES = r'''
- name: Give the sensor the proxy of the signed-in user
  sensorproxy.agent.proxy_copy:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    ticket: CHG0031337
    reason: The sensor is offline.
    restart_sensor: true
  delegate_to: localhost
  register: copied

- name: Tell how to undo it
  ansible.builtin.debug:
    msg: "Backup {{ copied.backup_id }}"
  when: copied is changed and not ansible_check_mode
'''

RETURN = r'''
change_id:
  description: The journal's entry. None when nothing was changed, and in check mode.
  returned: success
  type: str
  sample: 20261124T080434401Z-176e0b15
backup_id:
  description: What was saved before, for M(sensorproxy.agent.proxy_restore). None when nothing was written.
  returned: success
  type: str
  sample: 20261124T080434371Z-5a24972a
source:
  description: Whom the settings come from.
  returned: success
  type: dict
  sample: {id: S-1-5-21-1004336348-1177238915-682003330-1104, sid: S-1-5-21-1004336348-1177238915-682003330-1104}
results:
  description: Each target, whether it was changed (in check mode whether it would be), its settings before and after.
  returned: success
  type: list
  elements: dict
  sample: [{target: LocalSystem, changed: false, before: null, after: null}]
restart_recommended:
  description: Whether a running sensor may need a restart to notice.
  returned: success
  type: bool
sensor_restart:
  description: How the restart ended. None when none was asked for, nothing was changed, and in check mode.
  returned: success
  type: dict
dry_run:
  description: Whether this only says what would happen.
  returned: success
  type: bool
findings:
  description: What a person should know. Each has a C(code), a C(severity), a C(detail) and a C(remedy).
  returned: success
  type: list
  elements: dict
  sample: []
problem:
  description: The service's own account of what is wrong (RFC 9457), with a stable C(code).
  returned: when the service refused
  type: dict
  sample: {code: source-ambiguous, status: 409}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sensorproxy.agent.plugins.module_utils.agent import (
    CHANGE_ARGUMENTS,
    CONNECTION_ARGUMENTS,
    CONNECTION_RULES,
    AgentError,
    given,
    run,
)
from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import result_of

ARGUMENTS = dict(
    CONNECTION_ARGUMENTS,
    source=dict(type='str'),
    targets=dict(type='list', elements='str', default=['LocalSystem', 'LocalService']),
    restart_sensor=dict(type='bool', default=False),
    **CHANGE_ARGUMENTS
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **CONNECTION_RULES)
    params = module.params

    def work(agent):
        body = given(source=params['source'], ticket=params['ticket'], reason=params['reason'])
        body.update(targets=params['targets'], restartSensor=params['restart_sensor'], dryRun=module.check_mode)
        result = result_of(agent.post('/proxy/copy', body).body, module._diff)
        restart = result['sensor_restart']
        if restart is not None and restart['status'] != 'restarted':
            line = '%s: the proxy was copied (change %s), but the sensor was not restarted: %s' % (
                agent.url, result['change_id'], restart['detail'],
            )
            raise AgentError(line, **result)
        return result

    run(module, work)


if __name__ == '__main__':
    main()
