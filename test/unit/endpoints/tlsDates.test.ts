import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import { type Authority, createAuthority, daysFromNow, type LeafOptions } from '../../support/certificates';
import { clockOff, HOST, probePort, type Probing } from '../../support/probing';
import { startTlsEndpoint, type TlsEndpointOptions } from '../../support/tlsEndpoint';
import { Closing } from './checking';

const closing = new Closing();
let authority: Authority;
let trust: TrustStore;

beforeAll(async () => {
  authority = await createAuthority('Contoso Test Root', { notBefore: daysFromNow(-400) });
  trust = createTrustStore(authority.cert);
});
afterEach(() => closing.closeAll());

const EXPIRED = { notBefore: daysFromNow(-9), notAfter: daysFromNow(-2) };
const TOO_YOUNG = { notBefore: daysFromNow(2), notAfter: daysFromNow(30) };

interface Case extends Partial<LeafOptions> {
  readonly issuer?: Authority;
  readonly server?: Partial<TlsEndpointOptions>;
  readonly probing?: Partial<Probing>;
}

async function probed({ issuer = authority, server = {}, probing = {}, ...leaf }: Case) {
  const certificate = await issuer.issue({ hosts: [HOST], ...leaf });
  const endpoint = await closing.add(startTlsEndpoint({ certificate, ...server }));
  const result = await probePort(endpoint.port, { trust, ...probing });
  return { ...result, requests: endpoint.requests };
}

describe('the gravest of what is wrong with a chain is named', () => {
  const stranger = () => createAuthority('Stranger', { notBefore: daysFromNow(-400) });

  it.each([
    ['expired', EXPIRED],
    ['not yet valid', TOO_YOUNG],
  ])('untrusted, though it is %s as well, and for another name', async (_name, dates) => {
    const { failure, tls, requests } = await probed({
      ...dates,
      issuer: await stranger(),
      hosts: ['other.contoso.com'],
    });
    expect(failure).toMatchObject({ code: 'tls-untrusted' });
    expect(tls).toMatchObject({ trust: 'untrusted' });
    expect(requests).toEqual([]);
  });

  it.each([
    ['expired', EXPIRED],
    ['not yet valid', TOO_YOUNG],
  ])('another’s name, though it is %s as well', async (_name, dates) => {
    const { failure, tls, requests } = await probed({ ...dates, hosts: ['other.contoso.com'] });
    expect(failure).toMatchObject({ code: 'tls-name-mismatch' });
    expect(tls).toMatchObject({ trust: 'private' });
    expect(requests).toEqual([]);
  });

  it('untrusted when a certificate on the way may not issue any, though it is expired as well', async () => {
    const server = await authority.intermediate('Some Server', { ca: false });
    expect((await probed({ ...EXPIRED, issuer: server })).failure).toMatchObject({ code: 'tls-untrusted' });
  });

  it('untrusted when the chain does not hang together', async () => {
    const { failure } = await probed({ issuer: await createAuthority('Contoso Test Root') });
    expect(failure).toMatchObject({ code: 'tls-untrusted' });
  });
});

describe('a chain whose dates do not fit', () => {
  it('is told with its dates and this machine’s clock', async () => {
    const { failure, tls } = await probed(EXPIRED);
    expect(failure).toMatchObject({ code: 'tls-expired' });
    expect(failure?.detail).toContain(`valid from ${tls?.validFrom ?? '?'} to ${tls?.validTo ?? '?'}`);
    expect(failure?.detail).toMatch(/this machine’s clock says \d{4}-\d\d-\d\dT/);
    expect(tls).toMatchObject({ daysLeft: -3 });
  });

  it('is told with the certificate at fault when that is not the endpoint’s', async () => {
    const issuer = await authority.intermediate('Contoso Old', EXPIRED);
    const { failure } = await probed({ issuer });
    expect(failure).toMatchObject({
      code: 'tls-expired',
      detail: expect.stringMatching(/subject O=sensorproxy tests, CN=Contoso Old/) as unknown,
    });
  });
});

describe('whether the clock or the certificate is wrong', () => {
  const detailOf = async (one: Case) => (await probed(one)).failure?.detail;
  const dated = (days: number) => ({ server: { date: daysFromNow(days).toUTCString() } });

  it('is the certificate when the answer’s Date agrees', async () => {
    const { failure, requests } = await probed({ ...EXPIRED, ...dated(0) });
    expect(failure?.detail).toMatch(
      /agrees with this machine’s clock, so that the certificate is the problem/,
    );
    expect(requests).toEqual(['GET /tri/sensor/api/ping HTTP/1.1']);
  });

  it('is the clock when the chain holds by the answer’s Date', async () => {
    expect(await detailOf({ ...TOO_YOUNG, ...dated(3) })).toMatch(
      /Date is 3 days ahead of this machine’s clock, so that the clock is probably wrong/,
    );
    expect(await detailOf({ ...EXPIRED, ...dated(-4) })).toMatch(
      /Date is 4 days behind this machine’s clock, so that the clock is probably wrong/,
    );
  });

  it('is seen by the clock that the probe was given', async () => {
    const clock = clockOff(-0.25);
    expect(await detailOf({ ...EXPIRED, ...dated(0), probing: { clock } })).toMatch(
      /Date is 6 hours ahead of this machine’s clock, and the chain is not valid at that time either/,
    );
  });

  it('is not told where there is no Date, or one that is none', async () => {
    for (const date of [undefined, 'yesterday']) {
      const { failure } = await probed({ ...EXPIRED, server: { date } });
      expect(failure).toMatchObject({ code: 'tls-expired' });
      expect(failure?.detail).not.toMatch(/Date/);
    }
  });

  it('is not told when the answer breaks off or is no HTTP', async () => {
    for (const server of [{ afterRequest: 'closes' }, { says: 'no HTTP' }] as const) {
      const { failure } = await probed({ ...EXPIRED, server });
      expect(failure).toMatchObject({ code: 'tls-expired' });
      expect(failure?.detail).not.toMatch(/Date/);
    }
  });

  it('is not waited for longer than 3 s', async () => {
    const started = performance.now();
    const { failure } = await probed({
      ...EXPIRED,
      server: { afterRequest: 'hangs' },
      probing: { timeoutMs: 10_000 },
    });
    expect(failure).toMatchObject({ code: 'tls-expired' });
    expect(performance.now() - started).toBeLessThan(9000);
  });
});
