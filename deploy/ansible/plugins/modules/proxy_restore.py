#!/usr/bin/python
# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""POST /proxy/backups/{id}/restore."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: proxy_restore
short_description: Put a backup of WinINET proxy settings back on a domain controller
version_added: 0.1.0
description:
  - Puts back exactly what was saved before a change, byte for byte, absence included.
  - What is there now is backed up first. The module is idempotent, accounts that have these bytes already are left alone.
author:
  - The sensorproxy authors (@sensorproxy)
options:
  backup_id:
    description:
      - The backup, as the module that made the change returned it, or as the service's C(/proxy/backups) lists it.
    type: str
    required: true
extends_documentation_fragment:
  - sensorproxy.agent.connection
  - sensorproxy.agent.connection.change
attributes:
  check_mode:
    description: The service goes through the same checks (C(dryRun)) and writes nothing.
    support: full
  diff_mode:
    description: The settings of each account of the backup, before and after; the same in check mode.
    support: full
'''

EXAMPLES = r'''
- name: Undo the change
  sensorproxy.agent.proxy_restore:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    backup_id: 20261124T080434371Z-5a24972a
    ticket: CHG0031338
    reason: The proxy lets the sensor through no more.
  delegate_to: localhost
'''

RETURN = r'''
change_id:
  description: The journal's entry. None when nothing was changed, and in check mode.
  returned: success
  type: str
  sample: 20261124T080434401Z-176e0b15
backup_id:
  description: What was saved before this restore. None when nothing was written.
  returned: success
  type: str
  sample: 20261124T080434371Z-5a24972a
source:
  description: None; only M(sensorproxy.agent.proxy_copy) has one.
  returned: success
  type: dict
  contains:
    id:
      description: C(LocalSystem), C(LocalService), C(NetworkService) or a SID.
      type: str
    sid:
      description: The account's SID.
      type: str
results:
  description: Each account of the backup.
  returned: success
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
  description: Whether a running sensor may need a restart to notice. False when it has been restarted.
  returned: success
  type: bool
sensor_restart:
  description: None; only M(sensorproxy.agent.proxy_copy) restarts.
  returned: success
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
  returned: success
  type: bool
findings:
  description: What a person should know.
  returned: success
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
  sample: {code: backup-not-found, status: 404}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sensorproxy.agent.plugins.module_utils.agent import (
    CHANGE_ARGUMENTS,
    CONNECTION_ARGUMENTS,
    CONNECTION_RULES,
    given,
    path_of,
    run,
)
from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import result_of


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION_ARGUMENTS, backup_id=dict(type='str', required=True), **CHANGE_ARGUMENTS),
        supports_check_mode=True,
        **CONNECTION_RULES
    )
    params = module.params

    def work(agent):
        body = dict(given(ticket=params['ticket'], reason=params['reason']), dryRun=module.check_mode)
        answer = agent.post(path_of('proxy', 'backups', params['backup_id'], 'restore'), body)
        return result_of(answer.body, module._diff)

    run(module, work)


if __name__ == '__main__':
    main()
