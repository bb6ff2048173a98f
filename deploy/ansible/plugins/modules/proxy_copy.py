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
    description: The service goes through the same checks (C(dryRun)) and writes nothing. Whether the sensor can be restarted is not tried.
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
  returned: success, and when only the restart of the sensor failed
  type: str
  sample: 20261124T080434401Z-176e0b15
backup_id:
  description: What was saved before, for M(sensorproxy.agent.proxy_restore). None when nothing was written.
  returned: success, and when only the restart of the sensor failed
  type: str
  sample: 20261124T080434371Z-5a24972a
source:
  description: Whom the settings come from.
  returned: success, and when only the restart of the sensor failed
  type: dict
  contains:
    id:
      description: C(LocalSystem), C(LocalService), C(NetworkService) or a SID.
      type: str
    sid:
      description: The account's SID.
      type: str
  sample: {id: S-1-5-21-1004336348-1177238915-682003330-1104, sid: S-1-5-21-1004336348-1177238915-682003330-1104}
results:
  description: Each target.
  returned: success, and when only the restart of the sensor failed
  type: list
  elements: dict
  contains:
    target:
      description: C(LocalSystem), C(LocalService), C(NetworkService) or a SID.
      type: str
    changed:
      description: Whether it was changed; in check mode, whether it would be.
      type: bool
    before:
      description: The settings before. None when there were none, or none that can be decoded.
      type: dict
      contains: &settings
        version:
          description: Version of the bytes' format, 70 or 60.
          type: int
        counter:
          description: Raised by one at each change.
          type: int
        flags:
          description: What is in force.
          type: dict
          contains:
            direct:
              description: Direct, when nothing else applies.
              type: bool
            proxy:
              description: I(proxy_server).
              type: bool
            auto_config_url:
              description: I(auto_config_url).
              type: bool
            auto_detect:
              description: Auto-detect (WPAD).
              type: bool
        proxy_server:
          description: The proxy list, in force or not. None when empty.
          type: str
        bypass_list:
          description: Hosts that are reached without the proxy.
          type: list
          elements: str
        auto_config_url:
          description: The PAC file's URL, in force or not. None when empty.
          type: str
    after:
      description: The settings after. None when there are none, or none that can be decoded.
      type: dict
      contains: *settings
  sample: [{target: LocalSystem, changed: false, before: null, after: null}]
restart_recommended:
  description: Whether a running sensor may need a restart to notice. False when it has been restarted; in check mode, as without I(restart_sensor).
  returned: success, and when only the restart of the sensor failed
  type: bool
sensor_restart:
  description: How the restart ended. None when none was asked for, nothing was changed, and in check mode.
  returned: success, and when only the restart of the sensor failed
  type: dict
  contains:
    status:
      description: C(restarted) or C(failed).
      type: str
    change_id:
      description: The journal's entry of the restart. None when there is none.
      type: str
    code:
      description: The code of the problem that stopped the restart. None without one.
      type: str
    detail:
      description: What happened.
      type: str
dry_run:
  description: Whether this only says what would happen.
  returned: success, and when only the restart of the sensor failed
  type: bool
findings:
  description: What a person should know.
  returned: success, and when only the restart of the sensor failed
  type: list
  elements: dict
  contains:
    code:
      description: A stable slug; the service's documentation lists them.
      type: str
    severity:
      description: C(info), C(warning) or C(blocking).
      type: str
    detail:
      description: What was seen.
      type: str
    remedy:
      description: What to do.
      type: str
  sample: []
problem:
  description: The service's own account of what is wrong (RFC 9457).
  returned: when the service refused
  type: dict
  contains:
    type:
      description: A page of the service about the problem.
      type: str
    title:
      description: The problem in general.
      type: str
    status:
      description: The answer's HTTP status.
      type: int
    detail:
      description: What is wrong in this case, and how to mend it.
      type: str
    instance:
      description: A URN that ends in the request's id, as the service's log has it.
      type: str
    code:
      description: A stable slug to branch on.
      type: str
    errors:
      description: What does not fit, one by one.
      returned: with some codes, such as C(validation-failed) and C(settings-invalid)
      type: list
      elements: dict
      contains:
        detail:
          description: What is wrong.
          type: str
        in:
          description: The part of the request, C(body), C(query), C(path) or C(header).
          returned: when it is not the body
          type: str
        pointer:
          description: JSON Pointer (RFC 6901) into that part.
          type: str
    scope:
      description: What the token must be allowed.
      returned: with C(scope-missing)
      type: str
    candidates:
      description: Who may be meant.
      returned: with C(source-ambiguous)
      type: list
      elements: dict
      contains:
        sid:
          description: The account's SID.
          type: str
        account:
          description: The account's name.
          type: str
    offset:
      description: The byte at which the source's settings cannot be decoded.
      returned: with C(source-malformed)
      type: int
    failed:
      description: What failed of a change that was then undone.
      returned: with C(write-failed), C(registry-changed) and C(journal-unavailable)
      type: dict
      contains:
        target:
          description: The account. None when it was the journal.
          type: str
        code:
          description: A stable slug.
          type: str
        detail:
          description: What happened.
          type: str
    restored:
      description: The accounts that have again what they had before.
      returned: with I(failed)
      type: list
      elements: str
    not_restored:
      description: The accounts that could not be put back. Restore the backup once the cause is mended.
      returned: with I(failed)
      type: list
      elements: dict
      contains:
        target:
          description: The account.
          type: str
        detail:
          description: Why not.
          type: str
    backup_id:
      description: What was saved before, for M(sensorproxy.agent.proxy_restore).
      returned: with I(failed)
      type: str
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
