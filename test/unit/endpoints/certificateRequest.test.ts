import type { SecureVersion, TlsOptions } from 'node:tls';
import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { startForwardProxy } from '../../support/forwardProxy';
import { HOST, probePort } from '../../support/probing';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { checkOne, Closing, endpointAt, throughProxy } from './checking';

const closing = new Closing();
let authority: Authority;
let certificate: KeyAndCertificate;
let trust: TrustStore;

beforeAll(async () => {
  authority = await createAuthority('Contoso Test Root');
  certificate = await authority.issue({ hosts: [HOST] });
  trust = createTrustStore(authority.cert);
});
afterEach(() => closing.closeAll());

const only = (version: SecureVersion): TlsOptions => ({ minVersion: version, maxVersion: version });

async function requestedBy(tls: TlsOptions, shown = certificate) {
  const server = await closing.add(startTlsEndpoint({ certificate: shown, tls }));
  return probePort(server.port, { trust });
}

/** Handshakes of every kind that changes the server's first flight. */
const HANDSHAKES: readonly (readonly [string, TlsOptions])[] = [
  ['TLS 1.2', only('TLSv1.2')],
  ['TLS 1.2 with RSA-less forward secrecy and ChaCha20', { ...only('TLSv1.2'), ciphers: 'ECDHE+CHACHA20' }],
  ['TLS 1.3 with AES-128-GCM', { ...only('TLSv1.3'), ciphers: 'TLS_AES_128_GCM_SHA256' }],
  ['TLS 1.3 with AES-256-GCM', { ...only('TLSv1.3'), ciphers: 'TLS_AES_256_GCM_SHA384' }],
  ['TLS 1.3 with ChaCha20-Poly1305', { ...only('TLSv1.3'), ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }],
  ['TLS 1.3 after a HelloRetryRequest', { ...only('TLSv1.3'), ecdhCurve: 'P-521' }],
];

describe('whether the endpoint asks for a client certificate', () => {
  it.each(HANDSHAKES)('is seen in %s', async (_name, tls) => {
    expect((await requestedBy(tls)).tls?.clientCertificateRequested).toBe(false);
    const asking = { ...tls, requestCert: true, rejectUnauthorized: false };
    const named = { ...asking, ca: authority.cert };
    for (const options of [asking, named]) {
      const { tls: report, failure } = await requestedBy(options);
      expect(report?.clientCertificateRequested).toBe(true);
      expect(failure).toBeNull();
    }
  });

  it('is seen beside a long chain, which takes several records', async () => {
    let issuer = authority;
    for (let i = 1; i <= 30; i += 1) issuer = await issuer.intermediate(`Level ${i} ${'x'.repeat(600)}`);
    const long = await issuer.issue({ hosts: [HOST] });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const asking = { ...only(version), requestCert: true, rejectUnauthorized: false };
      expect((await requestedBy(only(version), long)).tls?.clientCertificateRequested).toBe(false);
      expect((await requestedBy(asking, long)).tls?.clientCertificateRequested).toBe(true);
    }
  });

  it('is seen through a proxy', async () => {
    const asking = { requestCert: true, rejectUnauthorized: false };
    const server = await closing.add(startTlsEndpoint({ certificate, tls: asking }));
    const map = { [`${HOST}:443`]: `127.0.0.1:${server.port}` };
    const proxy = await closing.add(startForwardProxy({ map }));
    const { tls } = await checkOne({
      context: throughProxy(proxy.port),
      endpoint: endpointAt(443),
      trust,
    });
    expect(tls?.clientCertificateRequested).toBe(true);
  });
});

describe('an endpoint that insists on a client certificate', () => {
  const insisting = { requestCert: true, rejectUnauthorized: true };

  it('ends a handshake of TLS 1.2, which is told from others', async () => {
    const { failure, tls } = await requestedBy({ ...only('TLSv1.2'), ...insisting, ca: authority.cert });
    expect(failure).toMatchObject({
      code: 'tls-client-certificate-required',
      phase: 'tls',
      detail: expect.stringMatching(/alert handshake_failure/) as unknown,
    });
    expect(tls).toBeNull();
  });

  it('says so in TLS 1.3 after the handshake, whose report tells that it asked', async () => {
    const { failure, tls } = await requestedBy({ ...only('TLSv1.3'), ...insisting, ca: authority.cert });
    expect(failure).toMatchObject({ code: 'http-client-certificate-required', phase: 'request' });
    expect(tls).toMatchObject({ clientCertificateRequested: true });
  });

  it('is not taken for one that finds no cipher to agree on', async () => {
    const { failure } = await requestedBy({
      ...only('TLSv1.2'),
      ...insisting,
      ciphers: 'ECDHE-RSA-AES128-SHA',
    });
    expect(failure).toMatchObject({ code: 'tls-protocol' });
  });
});
