import type { HealthReport } from '../src/endpoints/report';

/** `GET /endpoints/health` when all is well. */
export const healthExample: HealthReport = {
  status: 'healthy',
  checkedAt: '2026-11-24T06:16:02.120Z',
  durationMs: 412,
  checks: [
    {
      context: 'LocalService',
      endpoint: {
        host: 'triprd1wceun2sensorapi.atp.azure.com',
        port: 443,
        region: 'Europe',
        origin: 'catalogue',
      },
      status: 'healthy',
      route: {
        via: 'proxy',
        proxy: 'proxy.contoso.com:8080',
        because: 'static proxy, entry proxy.contoso.com:8080',
      },
      phases: [
        {
          name: 'route',
          status: 'pass',
          durationMs: 0,
          detail: 'static proxy, entry proxy.contoso.com:8080',
        },
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
      tls: {
        protocol: 'TLSv1.2',
        cipher: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
        issuer: 'CN=Example Issuing CA',
        subject: 'CN=*.atp.azure.com',
        validTo: '2027-03-01T12:00:00.000Z',
        fingerprint256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        trust: 'public',
        inspection: 'none',
        clientCertificateRequested: null,
      },
      http: { status: 200 },
    },
  ],
};
