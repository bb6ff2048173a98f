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
  description: What holds for the whole machine.
  returned: success
  type: dict
  contains:
    proxy_settings_per_user:
      description: False when a policy makes every account's own settings void.
      type: bool
    win_http:
      description: WinHTTP's proxy, which the sensor does not use.
      type: dict
      contains:
        state:
          description: C(configured), C(direct), C(absent) or C(malformed).
          type: str
        proxy_server:
          description: The proxy. None without one.
          type: str
        bypass_list:
          description: Hosts that are reached without it.
          type: list
          elements: str
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
    sid:
      description: The account's SID.
      type: str
    account:
      description: The account's name; its SID when no name is known.
      type: str
    profile_path:
      description: The folder of a person's profile. None for service accounts, and when it is not known.
      type: str
    used_by:
      description: The sensor's services that run as this account.
      type: list
      elements: str
    key:
      description: The registry key that holds the settings.
      type: str
    state:
      description: C(configured), C(absent) or C(malformed).
      type: str
    settings:
      description: The decoded settings. None unless the state is C(configured).
      type: dict
      contains:
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
    hex:
      description: The value's bytes. None when it is absent, or longer than 64 KiB.
      type: str
    etag:
      description: The entity tag of the bytes, C("absent") without any.
      type: str
    comparison:
      description: With the source. C(identical), C(equivalent), C(different), C(absent) or C(notCompared).
      type: str
    findings:
      description: What is wrong with this account's settings, and what to do.
      type: list
      elements: dict
      contains: &finding
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
  sample:
    - id: LocalSystem
      account: NT AUTHORITY\SYSTEM
      state: configured
      comparison: different
findings:
  description: What the machine as a whole has.
  returned: success
  type: list
  elements: dict
  contains: *finding
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
  sample: {code: context-not-found, status: 404}
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
