/** Which roots the probe trusts, and whose they are. */
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { systemRoots } from './systemRoots';
import { VENDOR_ROOTS } from './vendorRoots';

/**
 * Whose a root is. `public`: Node.js brings it with it, or the machine's store has it and the vendor names it. `extra`: an
 * operator named it in SENSORPROXY_EXTRA_CA. `system`: only this machine's own store has it.
 */
export type RootKind = 'public' | 'extra' | 'system';

/**
 * Node's own but for finite-field Diffie-Hellman: its group is the server's to choose, before anything of it is verified, and
 * with one of 10,000 bits the key exchange keeps the main thread for seconds. ECDHE is what the cloud service speaks.
 */
const CIPHERS = `${tls.DEFAULT_CIPHERS}:!DHE`;

/** The trusted roots. */
export interface TrustStore {
  /** For `tls.connect`: made once, on first use, because reading some 150 roots takes longer than a handshake. */
  readonly context: tls.SecureContext;
  /**
   * Whose root a chain (leaf first) ends in; null when in none. A root that is more than one's is `public`, then `extra`.
   * Names, signatures and CA flags are checked on the way; dates are not.
   */
  rootOf(chain: readonly X509Certificate[]): RootKind | null;
}

/** PEM certificates that stand in for Node.js' own and for the machine's, in tests. */
export interface StandInRoots {
  readonly bundled?: readonly string[];
  readonly system?: readonly string[];
}

/**
 * Trusts Node's bundled roots, those of the system where Node can read them, and those of a PEM text. All are read on first
 * use. A PEM text that cannot be read throws then; the settings have checked it by that time.
 */
export function createTrustStore(extraCa: string | null, standIns: StandInRoots = {}): TrustStore {
  const bundled = standIns.bundled ?? tls.rootCertificates;
  const extra = pemBlocks(extraCa ?? '');
  const system = once(() => (standIns.system ?? systemRoots() ?? []).filter(isReadable));
  const context = once(() =>
    tls.createSecureContext({ ca: [...bundled, ...system(), ...extra], ciphers: CIPHERS }),
  );
  const roots = once((): readonly (readonly [RootKind, Roots])[] => [
    ['public', readRoots([...bundled, ...system().filter(isVendors)])],
    ['extra', readRoots(extra)],
    ['system', readRoots(system())],
  ]);
  return {
    get context() {
      return context();
    },
    rootOf: (chain) => roots().find(([, known]) => endsIn(known, chain))?.[0] ?? null,
  };
}

/** Roots by their subject. */
type Roots = ReadonlyMap<string, readonly X509Certificate[]>;

function readRoots(pems: readonly string[]): Roots {
  const roots = new Map<string, X509Certificate[]>();
  for (const pem of pems) {
    const root = new X509Certificate(pem);
    // OpenSSL takes only these for the end of a chain; Windows' store has intermediate ones, too.
    if (root.subject !== root.issuer) continue;
    roots.set(root.subject, [...(roots.get(root.subject) ?? []), root]);
  }
  return roots;
}

function endsIn(roots: Roots, chain: readonly X509Certificate[]): boolean {
  for (const [i, certificate] of chain.entries()) {
    if (roots.get(certificate.subject)?.some((root) => root.raw.equals(certificate.raw))) return true;
    if (roots.get(certificate.issuer)?.some((root) => isIssuedBy(certificate, root))) return true;
    const next = chain[i + 1];
    // The chain that Node shows is joined by names alone.
    if (next === undefined || !next.ca || !isIssuedBy(certificate, next)) return false;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Other programs' stores may hold what OpenSSL cannot read; one such certificate must not end all checks. */
function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function isVendors(pem: string): boolean {
  const sha256 = new X509Certificate(pem).fingerprint256.replaceAll(':', '');
  return VENDOR_ROOTS.some((root) => root.sha256 === sha256);
}

function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}
