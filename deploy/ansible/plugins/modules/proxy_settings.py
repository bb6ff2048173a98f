#!/usr/bin/python
# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""GET, PUT and DELETE /proxy/contexts/{id}."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: proxy_settings
short_description: Set or remove the WinINET proxy of one account on a domain controller
version_added: 0.1.0
description:
  - Sets an account's proxy from named settings, or removes it, after a backup.
  - Reads the account first, and writes only when nobody else has changed it meanwhile.
  - Settings that are in force already are left alone.
author:
  - The sensorproxy authors (@sensorproxy)
options:
  context:
    description:
      - The account, C(LocalSystem), C(LocalService), C(NetworkService), C(CurrentUser) or a SID.
    type: str
    required: true
  state:
    description:
      - C(present) sets what the options name and switches off what they leave out.
      - C(absent) removes the settings, so that programs of the account find no proxy configured.
    type: str
    choices: [present, absent]
    default: present
  proxy_server:
    description:
      - The proxy list as WinINET takes it, C(host:port) or C(http=a:80;https=b:443).
    type: str
  bypass_list:
    description:
      - Hosts that are reached without the proxy. Needs I(proxy_server).
    type: list
    elements: str
  auto_config_url:
    description:
      - The PAC file's URL.
    type: str
  auto_detect:
    description:
      - Whether to look for a proxy by WPAD.
      - With C(state=present) this, I(proxy_server) or I(auto_config_url) must be given; C(false) alone means no proxy at all.
    type: bool
extends_documentation_fragment:
  - sensorproxy.agent.connection
  - sensorproxy.agent.connection.change
attributes:
  check_mode:
    description: The service goes through the same checks (C(dryRun)) and writes nothing.
    support: full
  diff_mode:
    description: The account's settings, before and after; the same in check mode.
    support: full
'''

EXAMPLES = r'''
- name: Give LocalService a proxy
  sensorproxy.agent.proxy_settings:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    context: LocalService
    proxy_server: proxy.contoso.com:8080
    bypass_list: ['*.contoso.com', <local>]
    ticket: CHG0031337
  delegate_to: localhost

- name: Have NetworkService go direct
  sensorproxy.agent.proxy_settings:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    context: NetworkService
    auto_detect: false
  delegate_to: localhost

- name: Remove the settings of NetworkService
  sensorproxy.agent.proxy_settings:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    context: NetworkService
    state: absent
  delegate_to: localhost
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
results:
  description: The account, whether it was changed (in check mode whether it would be), its settings before and after.
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
  sample: {code: settings-invalid, status: 422}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sensorproxy.agent.plugins.module_utils.agent import (
    CHANGE_ARGUMENTS,
    CONNECTION_ARGUMENTS,
    CONNECTION_RULES,
    AgentError,
    given,
    path_of,
    run,
)
from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import result_of

SETTINGS = ('proxy_server', 'bypass_list', 'auto_config_url', 'auto_detect')
ARGUMENTS = dict(
    CONNECTION_ARGUMENTS,
    context=dict(type='str', required=True),
    state=dict(type='str', choices=['present', 'absent'], default='present'),
    proxy_server=dict(type='str'),
    bypass_list=dict(type='list', elements='str'),
    auto_config_url=dict(type='str'),
    auto_detect=dict(type='bool'),
    **CHANGE_ARGUMENTS
)


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[('state', 'present', ('proxy_server', 'auto_config_url', 'auto_detect'), True)],
        **dict(CONNECTION_RULES, required_by=dict(CONNECTION_RULES['required_by'], bypass_list='proxy_server'))
    )
    params = module.params
    named = [name for name in SETTINGS if params[name] is not None]
    if params['state'] == 'absent' and named:
        module.fail_json(msg='state=absent takes no settings: leave out %s' % ', '.join(named))

    def work(agent):
        path = path_of('proxy', 'contexts', params['context'])
        etag = agent.get(path).etag
        if etag is None:
            raise AgentError('%s sent no ETag, without which nothing can be changed safely' % agent.url)
        answer = remove(agent, path, etag) if params['state'] == 'absent' else put(agent, path, etag)
        return result_of(answer.body, module._diff)

    def put(agent, path, etag):
        body = given(
            proxyServer=params['proxy_server'],
            bypassList=params['bypass_list'],
            autoConfigUrl=params['auto_config_url'],
            autoDetect=params['auto_detect'],
            ticket=params['ticket'],
            reason=params['reason'],
        )
        return agent.put(path, dict(body, dryRun=module.check_mode), etag)

    def remove(agent, path, etag):
        query = given(ticket=params['ticket'], reason=params['reason'])
        return agent.delete(path, list(query.items()) + [('dryRun', str(module.check_mode).lower())], etag)

    run(module, work)


if __name__ == '__main__':
    main()
