import { createTrustStore } from '../../../src/endpoints/probe/trust';
import { type Authority, createAuthority, daysFromNow } from '../../support/certificates';
import { clockOff, HOST, probePort } from '../../support/probing';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { Closing } from './checking';

const closing = new Closing();
const shownTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/) as unknown;
const shownDigest = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority('Contoso Test Root');
});
afterEach(() => closing.closeAll());

/** An endpoint with a certificate of this authority's. */
async function endpointOf(issuer: Authority, notAfter?: Date) {
  const certificate = await issuer.issue({ hosts: [HOST], notAfter });
  return closing.add(startTlsEndpoint({ certificate }));
}

describe('what the TLS handshake showed', () => {
  it('is reported: the certificate, what was agreed on, and the chain up to the root', async () => {
    const { port } = await endpointOf(authority);
    const { tls } = await probePort(port, { trust: createTrustStore(authority.cert) });
    const leaf = {
      issuer: 'O=sensorproxy tests, CN=Contoso Test Root',
      subject: `CN=${HOST}`,
      validFrom: shownTime,
      validTo: shownTime,
      fingerprint256: shownDigest,
    };
    expect(tls).toEqual({
      ...leaf,
      protocol: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/) as unknown,
      daysLeft: 29,
      trust: 'private',
      inspection: 'suspected',
      clientCertificateRequested: false,
      chain: [leaf, { ...leaf, subject: leaf.issuer }],
    });
    expect(tls?.chain[0]?.fingerprint256).toBe(tls?.fingerprint256);
  });

  it('counts the days that are left by this machine’s clock, below zero when it has expired', async () => {
    const { port } = await endpointOf(authority, daysFromNow(10));
    const trust = createTrustStore(authority.cert);
    const daysLeft = async (days: number) =>
      (await probePort(port, { trust, clock: clockOff(days) })).tls?.daysLeft;
    expect(await daysLeft(0)).toBe(9);
    expect(await daysLeft(5)).toBe(4);
    expect(await daysLeft(10.5)).toBe(-1);
  });

  it('has the certificates between, and no more than ten', async () => {
    let issuer = authority;
    for (let i = 1; i <= 12; i += 1) issuer = await issuer.intermediate(`Level ${i}`);
    const { port } = await endpointOf(issuer);
    const { tls } = await probePort(port, { trust: createTrustStore(authority.cert) });
    expect(tls?.chain).toHaveLength(10);
    expect(tls?.chain.slice(0, 2).map(({ subject }) => subject)).toEqual([
      `CN=${HOST}`,
      'O=sensorproxy tests, CN=Level 12',
    ]);
  });

  it('is reported for a chain that nobody trusts, too', async () => {
    const { port } = await endpointOf(authority);
    const { tls, failure } = await probePort(port, { trust: createTrustStore(null) });
    expect(tls).toMatchObject({ trust: 'untrusted', inspection: 'suspected', subject: `CN=${HOST}` });
    expect(failure).toMatchObject({ code: 'tls-untrusted' });
  });
});

describe('whose root stands behind the chain', () => {
  const through = async (trust: ReturnType<typeof createTrustStore>, issuer = authority) => {
    const { port } = await endpointOf(issuer);
    const { tls, warnings, phases, failure } = await probePort(port, { trust });
    expect(failure).toBeNull();
    const phase = phases.find(({ name }) => name === 'tls');
    return { tls, codes: warnings.map(({ code }) => code), warnings, phase };
  };

  it('is public when Node.js brings it with it, also when others name it', async () => {
    const roots = { bundled: [authority.cert], system: [authority.cert] };
    const { tls, codes, phase } = await through(createTrustStore(authority.cert, roots));
    expect(tls).toMatchObject({ trust: 'public', inspection: 'none' });
    expect(codes).toEqual([]);
    expect(phase).toMatchObject({ status: 'pass' });
  });

  it('is private without a warning when an operator vouches for it', async () => {
    const roots = { bundled: [], system: [authority.cert] };
    const { tls, codes, phase } = await through(createTrustStore(authority.cert, roots));
    expect(tls).toMatchObject({ trust: 'private', inspection: 'suspected' });
    expect(codes).toEqual([]);
    expect(phase).toMatchObject({ status: 'pass', detail: expect.stringMatching(/EXTRA_CA/) as unknown });
  });

  it('is private, and inspection is suspected aloud, when only the machine’s store has it', async () => {
    const below = await authority.intermediate('Contoso Inspector');
    const { tls, warnings, phase } = await through(
      createTrustStore(null, { system: [authority.cert] }),
      below,
    );
    expect(tls).toMatchObject({ trust: 'private', inspection: 'suspected' });
    expect(warnings).toMatchObject([
      {
        code: 'tls-inspection-suspected',
        detail: expect.stringMatching(/issued by .*Contoso Inspector/) as unknown,
      },
    ]);
    expect(phase).toMatchObject({ status: 'warn' });
  });

  it('is not public because it has a public root’s name', async () => {
    const impostor = await createAuthority('Contoso Test Root');
    const trust = createTrustStore(impostor.cert, { bundled: [authority.cert] });
    const { tls } = await through(trust, impostor);
    expect(tls).toMatchObject({ trust: 'private', inspection: 'suspected' });
  });
});
