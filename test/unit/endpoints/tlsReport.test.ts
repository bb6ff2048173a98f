import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { checkOne, Closing, context, endpointAt, HOST, trustedAuthority } from './checking';

const closing = new Closing();
let authority: Authority;
let trust: TrustStore;
let certificate: KeyAndCertificate;

beforeAll(async () => {
  ({ authority, trust, certificate } = await trustedAuthority());
});
afterEach(() => closing.closeAll());

describe('what the TLS handshake showed', () => {
  it('is reported for a chain under a private root, and inspection is suspected', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const { tls } = await checkOne({ context: context('A'), endpoint: endpointAt(server.port), trust });
    expect(tls).toEqual({
      protocol: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/) as unknown,
      issuer: 'O=sensorproxy tests, CN=Contoso Test Root',
      subject: `CN=${HOST}`,
      validTo: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/) as unknown,
      fingerprint256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      trust: 'private',
      inspection: 'suspected',
      clientCertificateRequested: null,
    });
  });

  it('is public for a chain under a root that Node.js brings with it', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const bundled = createTrustStore(null, [authority.cert]);
    const { tls } = await checkOne({
      context: context('A'),
      endpoint: endpointAt(server.port),
      trust: bundled,
    });
    expect(tls).toMatchObject({ trust: 'public', inspection: 'none' });
  });

  it('is reported for a chain that nobody trusts, too', async () => {
    const server = await closing.add(startTlsEndpoint({ certificate }));
    const { tls } = await checkOne({
      context: context('A'),
      endpoint: endpointAt(server.port),
      trust: createTrustStore(null),
    });
    expect(tls).toMatchObject({ trust: 'untrusted', inspection: 'suspected', subject: `CN=${HOST}` });
  });

  it('does not call a root public because it has a public root’s name', async () => {
    const impostor = await createAuthority('Contoso Test Root');
    const server = await closing.add(
      startTlsEndpoint({ certificate: await impostor.issue({ hosts: [HOST] }) }),
    );
    const both = createTrustStore(impostor.cert, [authority.cert]);
    const { tls } = await checkOne({ context: context('A'), endpoint: endpointAt(server.port), trust: both });
    expect(tls).toMatchObject({ trust: 'private', inspection: 'suspected' });
  });
});
