#!/usr/bin/python
# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""GET /endpoints/health."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
module: endpoints_health
short_description: Probe the cloud endpoints of the Defender for Identity sensor from a domain controller
version_added: 0.1.0
description:
  - Has the sensorproxy service probe the endpoints as the sensor's accounts reach them, through each account's own proxy.
  - Fails, by I(fail_on), with the layer that fails and what helps. Changes nothing.
author:
  - The sensorproxy authors (@sensorproxy)
options:
  contexts:
    description:
      - The accounts through whose proxy to probe. Without it, LocalSystem and LocalService.
    type: list
    elements: str
  regions:
    description:
      - Only the endpoints of these regions, as the service's C(/endpoints) names them. They are probed one region after the other.
      - The sensor's own endpoint and that of a workspace are probed always.
    type: list
    elements: str
  timeout_ms:
    description:
      - Time for each endpoint, in milliseconds, 100 to 60000. The module waits for the answer this much longer than I(timeout).
    type: int
    default: 10000
  slow_ms:
    description:
      - A check that takes longer than this, in milliseconds, is C(degraded).
    type: int
    default: 3000
  fail_on:
    description:
      - From which status on the module fails. The order is C(degraded), C(unknown), C(unhealthy).
      - C(unknown) is a check that cannot be told, for instance because an endpoint demands a client certificate.
      - With C(never) the caller looks at I(status) himself.
    type: str
    choices: [degraded, unknown, unhealthy, never]
    default: unhealthy
extends_documentation_fragment:
  - sensorproxy.agent.connection
attributes:
  check_mode:
    description: Probes in check mode as it does without; nothing is changed either way.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
'''

EXAMPLES = r'''
- name: Fail unless the sensor reaches its service
  sensorproxy.agent.endpoints_health:
    url: https://dc01.contoso.com:8484
    token: "{{ vault_sensorproxy_token }}"
    regions: [Europe]
    fail_on: degraded
  delegate_to: localhost
'''

RETURN = r'''
status:
  description: The worst of the checks, C(healthy), C(degraded), C(unknown) or C(unhealthy). C(unknown) without any check.
  returned: when the service answered
  type: str
  sample: healthy
checks:
  description: One for each account and endpoint.
  returned: when the service answered
  type: list
  elements: dict
  contains:
    context:
      description: The account, C(LocalSystem), C(LocalService), C(NetworkService) or a SID.
      type: str
    endpoint:
      description: The endpoint.
      type: dict
      contains:
        host:
          description: Its name.
          type: str
        port:
          description: Its TCP port.
          type: int
        region:
          description: The region, C(workspace) or C(sensor).
          type: str
        origin:
          description: Where it comes from, C(catalogue), C(workspace), C(file) or C(sensor).
          type: str
    status:
      description: C(healthy), C(degraded), C(unknown) or C(unhealthy).
      type: str
    checked_at:
      description: When the check was done, RFC 3339 UTC.
      type: str
    duration_ms:
      description: How long it took, in milliseconds.
      type: float
    route:
      description: The way that programs of the account take to the endpoint.
      type: dict
      contains:
        via:
          description: What decides, C(direct), C(proxy), C(pac), C(autoDetect) or C(unknown).
          type: str
        proxy:
          description: C(host:port) of the proxy. None when there is none, or it cannot be told.
          type: str
        because:
          description: Why.
          type: str
        candidates:
          description: All ways in the order in which they are tried, as a PAC file writes them.
          type: list
          elements: str
    phases:
      description: All six, whatever happened.
      type: list
      elements: dict
      contains: &phase
        name:
          description: C(route), C(resolve), C(connect), C(proxyConnect), C(tls) or C(request).
          type: str
        status:
          description: C(pass), C(warn), C(fail) or C(skipped).
          type: str
        duration_ms:
          description: How long it took, in milliseconds; 0 when skipped.
          type: float
        detail:
          description: What was seen.
          type: str
    failure:
      description: The first phase that failed. None when none did.
      type: dict
      contains: &verdict
        code:
          description: A stable slug; the service's documentation lists them.
          type: str
        phase:
          description: The phase that it is said of.
          type: str
        detail:
          description: What happened.
          type: str
        remedy:
          description: What to do about it.
          type: str
    warnings:
      description: What is wrong although it may work.
      type: list
      elements: dict
      contains: *verdict
    failed_over:
      description: The ways that a PAC file named before this one, and that could not be taken.
      type: list
      elements: dict
      contains:
        way:
          description: As in the route's I(candidates).
          type: str
        phases:
          description: Without C(route).
          type: list
          elements: dict
          contains: *phase
        failure:
          description: Why not.
          type: dict
          contains: *verdict
    tls:
      description: What the TLS handshake showed. None when there was none.
      type: dict
      contains:
        protocol:
          description: Such as C(TLSv1.3).
          type: str
        cipher:
          description: The cipher suite's IANA name.
          type: str
        issuer:
          description: The certificate's issuer.
          type: str
        subject:
          description: The certificate's subject.
          type: str
        valid_from:
          description: From when it is valid, RFC 3339 UTC.
          type: str
        valid_to:
          description: When it expires, RFC 3339 UTC.
          type: str
        days_left:
          description: Whole days until then; negative when it has expired.
          type: float
        fingerprint256:
          description: SHA-256 of the certificate.
          type: str
        trust:
          description: What the chain ends in, C(public), C(private) or C(untrusted).
          type: str
        inspection:
          description: C(suspected) unless the chain ends in a public root, else C(none).
          type: str
        client_certificate_requested:
          description: Whether the endpoint asked for a client certificate. None when that could not be seen.
          type: bool
        chain:
          description: The chain, the endpoint's certificate first.
          type: list
          elements: dict
          contains:
            subject:
              description: The subject.
              type: str
            issuer:
              description: The issuer.
              type: str
            valid_from:
              description: From when it is valid, RFC 3339 UTC.
              type: str
            valid_to:
              description: When it expires, RFC 3339 UTC.
              type: str
            fingerprint256:
              description: SHA-256 of the certificate.
              type: str
    http:
      description: The endpoint's answer. None when there was none.
      type: dict
      contains:
        status:
          description: Its status; 200 and 503 are healthy.
          type: float
        clock_offset_ms:
          description: How far its clock is ahead of the domain controller's, in milliseconds. None when it said no time.
          type: float
  sample: [{context: LocalService, status: healthy}]
troubles:
  description: One line for each check that is not healthy, with the codes and what helps.
  returned: when the service answered
  type: list
  elements: str
  sample: ["LocalService to triprd1wceun2sensorapi.atp.azure.com:443 is unhealthy: proxy-connect-refused: …"]
checked_at:
  description: When the checks began, RFC 3339 UTC.
  returned: when the service answered
  type: str
duration_ms:
  description: How long they took, in milliseconds.
  returned: when the service answered
  type: float
findings:
  description: What the machine as a whole lacks.
  returned: when the service answered
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
  sample: {code: region-unknown, status: 400}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.sensorproxy.agent.plugins.module_utils.agent import (
    CONNECTION_ARGUMENTS,
    CONNECTION_RULES,
    AgentError,
    run,
)
from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import snake

WORSE = ('healthy', 'degraded', 'unknown', 'unhealthy')
ARGUMENTS = dict(
    CONNECTION_ARGUMENTS,
    contexts=dict(type='list', elements='str'),
    regions=dict(type='list', elements='str'),
    timeout_ms=dict(type='int', default=10000),
    slow_ms=dict(type='int', default=3000),
    fail_on=dict(type='str', choices=['degraded', 'unknown', 'unhealthy', 'never'], default='unhealthy'),
)


def main():
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **CONNECTION_RULES)
    params = module.params

    def work(agent):
        report = joined([ask(agent, region) for region in params['regions'] or [None]])
        result = dict(report, changed=False, troubles=[line_of(check) for check in report['checks'] if check['status'] != 'healthy'])
        if not report['checks']:
            module.warn('%s has no endpoint to probe' % agent.url)
        if params['fail_on'] != 'never' and WORSE.index(report['status']) >= WORSE.index(params['fail_on']):
            told = '; '.join(result['troubles']) or 'there is no endpoint to probe'
            raise AgentError('%s: the endpoints are %s: %s' % (agent.url, report['status'], told), **result)
        return result

    def ask(agent, region):
        query = [('context', context) for context in params['contexts'] or []]
        query += [('timeoutMs', params['timeout_ms']), ('slowMs', params['slow_ms'])]
        query += [] if region is None else [('region', region)]
        return snake(agent.get('/endpoints/health', query=query, more_seconds=params['timeout_ms'] / 1000.0).body)

    run(module, work)


def joined(reports):
    """The reports of several regions as one. An endpoint that is in several of them is told of once."""
    checks = {}
    findings = []
    for report in reports:
        for check in report['checks']:
            checks.setdefault((check['context'], check['endpoint']['host'], check['endpoint']['port']), check)
        findings += [finding for finding in report['findings'] if finding not in findings]
    return dict(
        status=max((report['status'] for report in reports), key=WORSE.index),
        checked_at=reports[0]['checked_at'],
        duration_ms=sum(report['duration_ms'] for report in reports),
        checks=list(checks.values()),
        findings=findings,
    )


def line_of(check):
    verdicts = ([check['failure']] if check['failure'] else []) + check['warnings']
    said = ['%s: %s %s' % (one['code'], ended(one['detail']), one['remedy']) for one in verdicts]
    endpoint = check['endpoint']
    told = '; '.join(said) or check['route']['because']
    return '%s to %s:%s is %s: %s' % (check['context'], endpoint['host'], endpoint['port'], check['status'], told)


def ended(sentence):
    return sentence if sentence.endswith('.') else sentence + '.'


if __name__ == '__main__':
    main()
