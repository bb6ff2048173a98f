/** Examples of `/endpoints/health`, its stream, its history, and `/metrics`. */
import type { HealthHistoryPage } from '../src/endpoints/history/healthResult';
import { keptResult, shownResult } from '../src/endpoints/history/healthResult';
import type { EndpointCheck, HealthReport } from '../src/endpoints/report';
import { verdictOf } from '../src/endpoints/verdicts/verdicts';
import type { HealthLine } from '../src/http/healthStream';
import type { Schema } from './openapiTypes';

const check: EndpointCheck = {
  context: 'LocalService',
  endpoint: {
    host: 'triprd1wceun2sensorapi.atp.azure.com',
    port: 443,
    region: 'Europe',
    origin: 'catalogue',
  },
  status: 'healthy',
  checkedAt: '2026-11-24T06:16:02.532Z',
  durationMs: 412,
  route: {
    via: 'proxy',
    proxy: 'proxy.contoso.com:8080',
    because: 'static proxy, entry proxy.contoso.com:8080',
    candidates: ['PROXY proxy.contoso.com:8080'],
  },
  phases: [
    { name: 'route', status: 'pass', durationMs: 0, detail: 'static proxy, entry proxy.contoso.com:8080' },
    { name: 'resolve', status: 'pass', durationMs: 3, detail: 'proxy.contoso.com is 10.0.0.8' },
    { name: 'connect', status: 'pass', durationMs: 9, detail: 'connected to 10.0.0.8:8080' },
    {
      name: 'proxyConnect',
      status: 'pass',
      durationMs: 88,
      detail: 'the proxy opened a tunnel to triprd1wceun2sensorapi.atp.azure.com:443',
    },
    {
      name: 'tls',
      status: 'pass',
      durationMs: 201,
      detail: 'TLSv1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, issued by CN=Example Issuing CA',
    },
    { name: 'request', status: 'pass', durationMs: 111, detail: 'the endpoint answered 200' },
  ],
  failure: null,
  warnings: [],
  failedOver: [],
  tls: {
    protocol: 'TLSv1.2',
    cipher: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    issuer: 'CN=Example Issuing CA',
    subject: 'CN=*.atp.azure.com',
    validFrom: '2026-09-02T12:00:00.000Z',
    validTo: '2027-03-01T12:00:00.000Z',
    daysLeft: 97,
    fingerprint256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    trust: 'public',
    inspection: 'none',
    clientCertificateRequested: null,
    chain: [
      {
        subject: 'CN=*.atp.azure.com',
        issuer: 'CN=Example Issuing CA',
        validFrom: '2026-09-02T12:00:00.000Z',
        validTo: '2027-03-01T12:00:00.000Z',
        fingerprint256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
      {
        subject: 'CN=Example Issuing CA',
        issuer: 'CN=Example Root',
        validFrom: '2023-06-08T00:00:00.000Z',
        validTo: '2031-08-25T23:59:59.000Z',
        fingerprint256: '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
      },
    ],
  },
  http: { status: 200, clockOffsetMs: -320 },
};

const refused = verdictOf('proxy-auth-required', 'proxy.contoso.com:8080 offers Negotiate and NTLM');

const failed: EndpointCheck = {
  ...check,
  status: 'unhealthy',
  durationMs: 100,
  phases: check.phases.map((phase, index) => {
    if (index < 3) return phase;
    if (index === 3) return { ...phase, status: 'fail', detail: refused.detail };
    return { ...phase, status: 'skipped', durationMs: 0, detail: 'a phase before it failed' };
  }),
  failure: refused,
  tls: null,
  http: null,
};

/** `GET /endpoints/health` when all is well. */
export const healthExample: HealthReport = {
  status: 'healthy',
  checkedAt: '2026-11-24T06:16:02.120Z',
  durationMs: 412,
  checks: [check],
  findings: [],
};

/** `GET /endpoints/health?strict=true` when it is not. */
export const unhealthyExample: HealthReport = { ...healthExample, status: 'unhealthy', checks: [failed] };

const { checks, ...summary } = healthExample;
const lines: readonly HealthLine[] = [
  ...checks.map((each) => ({ type: 'check', check: each }) as const),
  { type: 'summary', ...summary },
];

/** `GET /endpoints/health` as a stream. */
export const healthLinesExample = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** One line of that stream. */
export const healthLineSchema: Schema = {
  description:
    'Each line is one of these. The last is a summary, or a problem when the run failed on its way.',
  oneOf: [
    lineSchema('check', { check: { $ref: '#/components/schemas/EndpointCheck' } }),
    lineSchema('summary', {
      status: { $ref: '#/components/schemas/HealthStatus' },
      checkedAt: { type: 'string', description: 'When the checks began, RFC 3339 UTC.' },
      durationMs: { type: 'number', description: 'How long they took together, in milliseconds.' },
      findings: {
        type: 'array',
        items: { $ref: '#/components/schemas/Finding' },
        description: 'What the machine as a whole lacks.',
      },
    }),
    lineSchema('problem', { problem: { $ref: '#/components/schemas/Problem' } }),
  ],
};

/** `GET /endpoints/health/history`. */
export const healthHistoryExample: HealthHistoryPage = {
  items: [check, { ...failed, checkedAt: '2026-11-24T06:11:02.220Z' }].map((each) =>
    shownResult(keptResult(each, 1)),
  ),
  next: 'OWY4NmQwODE4ODRjLjEy',
};

const LABELS =
  'context="LocalService",host="triprd1wceun2sensorapi.atp.azure.com",port="443",region="Europe"';

/** `GET /metrics`, in part. */
export const metricsExample = `# HELP sensorproxy_probe_success 1 if the endpoint could be reached (healthy or degraded), 0 if not or if that cannot be told.
# TYPE sensorproxy_probe_success gauge
sensorproxy_probe_success{${LABELS}} 1

# HELP sensorproxy_probe_phase_duration_seconds How long a phase of the check took. Phases that were skipped are left out.
# TYPE sensorproxy_probe_phase_duration_seconds gauge
sensorproxy_probe_phase_duration_seconds{${LABELS},phase="tls"} 0.201
sensorproxy_probe_phase_duration_seconds{${LABELS},phase="request"} 0.111

# HELP sensorproxy_changes_total Changes of proxy settings that were asked for, by how they ended.
# TYPE sensorproxy_changes_total counter
sensorproxy_changes_total{kind="copy",outcome="applied"} 3
`;

function lineSchema(type: HealthLine['type'], properties: Readonly<Record<string, Schema>>): Schema {
  return {
    type: 'object',
    properties: { type: { type: 'string', enum: [type] }, ...properties },
    required: ['type', ...Object.keys(properties)],
    additionalProperties: false,
  };
}
