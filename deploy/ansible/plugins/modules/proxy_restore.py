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
  - What is there now is backed up first. Accounts that have these bytes already are left alone.
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
  sample: 20261124T080512004Z-00c1aa53
backup_id:
  description: What was saved before this restore. None when nothing was written.
  returned: success
  type: str
  sample: 20261124T080511978Z-b0a9d812
results:
  description: Each account, whether it was changed (in check mode whether it would be), its settings before and after.
  returned: success
  type: list
  elements: dict
  sample: [{target: LocalService, changed: false, before: null, after: null}]
restart_recommended:
  description: Whether a running sensor may need a restart to notice.
  returned: success
  type: bool
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
