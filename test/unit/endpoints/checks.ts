import type { CheckPhase, EndpointCheck, HealthReport, PhaseName } from '../../../src/endpoints/report';

const NAMES: readonly PhaseName[] = ['route', 'resolve', 'connect', 'proxyConnect', 'tls', 'request'];

/** A check as the health check would report it: healthy, through a proxy, unless stated otherwise. */
export function checkOf(changes: Partial<EndpointCheck> = {}): EndpointCheck {
  return {
    context: 'LocalService',
    endpoint: { host: 'contososensorapi.atp.azure.com', port: 443, region: 'Europe', origin: 'catalogue' },
    status: 'healthy',
    checkedAt: '2026-11-24T06:16:02.120Z',
    durationMs: 412,
    route: {
      via: 'proxy',
      proxy: 'proxy.contoso.com:8080',
      because: 'static proxy',
      candidates: ['PROXY proxy.contoso.com:8080'],
    },
    phases: NAMES.map((name, index): CheckPhase => ({
      name,
      status: 'pass',
      durationMs: index * 10,
      detail: name,
    })),
    failure: null,
    warnings: [],
    failedOver: [],
    tls: {
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      issuer: 'CN=Example Issuing CA',
      subject: 'CN=*.atp.azure.com',
      validFrom: '2026-03-01T12:00:00.000Z',
      validTo: '2027-03-01T12:00:00.000Z',
      daysLeft: 97,
      fingerprint256: 'ab'.repeat(32),
      trust: 'public',
      inspection: 'none',
      clientCertificateRequested: null,
      chain: [],
    },
    http: { status: 200, clockOffsetMs: -1500 },
    ...changes,
  };
}

/** A check that failed at the proxy. */
export function failedCheck(changes: Partial<EndpointCheck> = {}): EndpointCheck {
  const detail = 'proxy.contoso.com:8080 offers Negotiate';
  const phases = checkOf().phases.map((phase, index): CheckPhase => {
    if (index < 3) return phase;
    if (index === 3) return { ...phase, status: 'fail', detail };
    return { ...phase, status: 'skipped', durationMs: 0 };
  });
  return checkOf({
    status: 'unhealthy',
    phases,
    failure: { code: 'proxy-auth-required', phase: 'proxyConnect', detail, remedy: 'Exempt it.' },
    tls: null,
    http: null,
    ...changes,
  });
}

/** A report of these checks. */
export function reportOf(checks: EndpointCheck[], changes: Partial<HealthReport> = {}): HealthReport {
  const status = checks.some((check) => check.status === 'unhealthy') ? 'unhealthy' : 'healthy';
  return { status, checkedAt: '2026-11-24T06:16:01.000Z', durationMs: 900, checks, findings: [], ...changes };
}
