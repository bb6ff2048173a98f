#!/usr/bin/python
# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""GET /proxy/contexts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: proxy_contexts_info
short_description: Show each account's WinINET proxy on a domain controller
version_added: 0.1.0
description:
  - Reads the proxy of LocalSystem, LocalService, NetworkService and each signed-in user from the sensorproxy service,
    compared with the user whose proxy the sensor's accounts should have.
  - Changes nothing.
author:
  - The sensorproxy authors (@sensorproxy)
options:
  source:
    description:
      - The account that the others are compared with, C(CurrentUser) or a SID.
      - Without it, the account that the settings of the service name, else the one signed-in user who has a proxy.
    type: str
extends_documentation_fragment:
  - sensorproxy.agent.connection
attributes:
  check_mode:
    description: Runs in check mode as it does without.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
'''

EXAMPLES = r'''
- name: Read the accounts' proxies
  sensorproxy.agent.proxy_contexts_info:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
  delegate_to: localhost
  register: proxies

- name: Fail where the sensor's accounts have another proxy than the user
  ansible.builtin.assert:
    that: proxies.in_sync
'''

RETURN = r'''
in_sync:
  description: Whether LocalSystem and LocalService both have the source's settings in force.
  returned: success
  type: bool
  sample: false
source:
  description: The SID of the account that the others are compared with. None, with a finding that says why, when there is none.
  returned: success
  type: str
  sample: S-1-5-21-1004336348-1177238915-682003330-1104
machine:
  description: What holds for the whole machine, such as a policy that makes every account's own settings void.
  returned: success
  type: dict
  sample: {proxy_settings_per_user: true, win_http: {state: direct, proxy_server: null, bypass_list: []}}
contexts:
  description: Each account, in the order of the service.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: C(LocalSystem), C(LocalService), C(NetworkService) or a SID.
      type: str
    account:
      description: The account's name.
      type: str
    state:
      description: C(configured), C(absent) or C(malformed).
      type: str
    comparison:
      description: With the source. C(identical), C(equivalent), C(different), C(absent) or C(notCompared).
      type: str
    settings:
      description: The decoded settings; None unless the state is C(configured).
      type: dict
    hex:
      description: The value's bytes; None when it is absent.
      type: str
    findings:
      description: What is wrong with this account's settings, and what to do.
      type: list
      elements: dict
  sample:
    - id: LocalSystem
      account: NT AUTHORITY\SYSTEM
      state: configured
      comparison: different
findings:
  description: What the machine as a whole has. Each has a C(code), a C(severity), a C(detail) and a C(remedy).
  returned: success
  type: list
  elements: dict
  sample: []
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sensorproxy.agent.plugins.module_utils.agent import (
    CONNECTION_ARGUMENTS,
    CONNECTION_RULES,
    given,
    run,
)
from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import snake


def main():
    module = AnsibleModule(
        argument_spec=dict(CONNECTION_ARGUMENTS, source=dict(type='str')),
        supports_check_mode=True,
        **CONNECTION_RULES
    )

    def work(agent):
        answer = agent.get('/proxy/contexts', query=given(source=module.params['source']).items())
        return dict(snake(answer.body), changed=False)

    run(module, work)


if __name__ == '__main__':
    main()
