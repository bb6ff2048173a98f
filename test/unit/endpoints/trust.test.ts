import { X509Certificate } from 'node:crypto';
import { createTrustStore } from '../../../src/endpoints/probe/trust';
import { DIGICERT_GLOBAL_ROOT_CA } from '../../support/digicertRoot';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { checkOne, context, endpointAt, HOST, trustedAuthority } from './checking';

let root: Authority;
let between: Authority;
let leaf: KeyAndCertificate;

beforeAll(async () => {
  root = await createAuthority('Root');
  between = await root.intermediate('Between');
  leaf = await between.issue({ hosts: ['a.contoso.com'] });
});

/** The certificates of PEM texts, in their order. */
const chainOf = (...pems: readonly string[]) =>
  (pems.join('\n').match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
const none = { bundled: [], system: [] };

describe('the root that a chain ends in', () => {
  it('is found whether the chain shows it or not', () => {
    const store = createTrustStore(null, { ...none, bundled: [root.cert] });
    expect(store.rootOf(chainOf(leaf.cert))).toBe('public');
    expect(store.rootOf(chainOf(leaf.cert, root.cert))).toBe('public');
  });

  it('is public before it is an operator’s, and an operator’s before it is the machine’s', () => {
    const all = [root.cert];
    const chain = chainOf(leaf.cert);
    expect(createTrustStore(root.cert, { bundled: all, system: all }).rootOf(chain)).toBe('public');
    expect(createTrustStore(root.cert, { bundled: [], system: all }).rootOf(chain)).toBe('extra');
    expect(createTrustStore(null, { bundled: [], system: all }).rootOf(chain)).toBe('system');
    expect(createTrustStore(null, none).rootOf(chain)).toBeNull();
  });

  it('is public when only the machine’s store has it, but the vendor names it', () => {
    const store = createTrustStore(null, { bundled: [], system: [DIGICERT_GLOBAL_ROOT_CA, root.cert] });
    expect(store.rootOf(chainOf(DIGICERT_GLOBAL_ROOT_CA))).toBe('public');
    expect(store.rootOf(chainOf(leaf.cert))).toBe('system');
  });

  it('is none for an empty chain and for one with a gap', () => {
    const store = createTrustStore(root.cert, none);
    expect(store.rootOf([])).toBeNull();
    const [own] = chainOf(leaf.cert);
    expect(own && store.rootOf([own])).toBeNull();
  });

  it('is not one that only has the name: the signature counts', async () => {
    const namesake = await createAuthority('Root');
    const store = createTrustStore(namesake.cert, none);
    expect(store.rootOf(chainOf(leaf.cert))).toBeNull();
    expect(store.rootOf(chainOf(leaf.cert, namesake.cert))).toBeNull();
  });

  it('is none when a certificate on the way may not issue any', async () => {
    const server = await root.intermediate('Some Server', { ca: false });
    const forged = await server.issue({ hosts: ['a.contoso.com'] });
    expect(createTrustStore(root.cert, none).rootOf(chainOf(forged.cert))).toBeNull();
  });

  it('is no intermediate certificate of the machine’s store', () => {
    const store = createTrustStore(null, { bundled: [], system: [between.cert] });
    expect(store.rootOf(chainOf(leaf.cert))).toBeNull();
  });
});

describe('the machine’s store', () => {
  it('may hold what cannot be read: the rest counts', () => {
    const odd = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----';
    const store = createTrustStore(null, { bundled: [], system: [odd, '', root.cert] });
    expect(store.rootOf(chainOf(leaf.cert))).toBe('system');
    expect(() => store.context).not.toThrow();
  });
});

describe('the ciphers', () => {
  it('have no Diffie-Hellman group that the server chooses, which could hold up the service', async () => {
    const { authority, trust } = await trustedAuthority();
    const server = await startTlsEndpoint({
      certificate: await authority.issue({ hosts: [HOST] }),
      tls: { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' },
    });
    try {
      const check = await checkOne({ context: context('A'), endpoint: endpointAt(server.port), trust });
      expect(check.failure?.code).toBe('tls-protocol');
    } finally {
      await server.close();
    }
  });
});
