/** Which roots the probe trusts, and which of them are public. */
import { createHash, X509Certificate } from 'node:crypto';
import tls from 'node:tls';

/** The trusted roots. */
export interface TrustStore {
  /** For `tls.connect`: made once, on first use, because reading some 150 roots takes longer than a handshake. */
  readonly context: tls.SecureContext;
  /** Whether a chain (leaf first, DER) ends in a root that Node.js brings with it. Signatures are checked on the way. */
  endsInPublicRoot(chain: readonly Buffer[]): boolean;
}

/**
 * Trusts Node's bundled roots, those of the system where Node can read them (`tls.getCACertificates`, 22.15 and later),
 * and those of a PEM text. `bundled` stands in for Node's own in tests. A PEM that cannot be read throws on first use; the
 * settings have checked it by then.
 */
export function createTrustStore(
  extraCa: string | null,
  bundled: readonly string[] = tls.rootCertificates,
): TrustStore {
  let context: tls.SecureContext | null = null;
  let known: PublicRoots | null = null;
  const roots = (): PublicRoots => (known ??= readRoots(bundled));
  return {
    get context() {
      return (context ??= tls.createSecureContext({
        ca: [...bundled, ...systemRoots(), ...pemBlocks(extraCa ?? '')],
      }));
    },
    endsInPublicRoot(chain) {
      const certificates = chain.map((der) => new X509Certificate(der));
      for (const [i, certificate] of certificates.entries()) {
        if (roots().fingerprints.has(sha256(certificate.raw))) return true;
        if (issuedByAny(certificate, roots().bySubject.get(certificate.issuer) ?? [])) return true;
        const next = certificates[i + 1];
        // The chain that Node shows is joined by names alone.
        if (next === undefined || !certificate.verify(next.publicKey)) return false;
      }
      return false;
    },
  };
}

interface PublicRoots {
  readonly fingerprints: ReadonlySet<string>;
  readonly bySubject: ReadonlyMap<string, readonly X509Certificate[]>;
}

function readRoots(pems: readonly string[]): PublicRoots {
  const fingerprints = new Set<string>();
  const bySubject = new Map<string, X509Certificate[]>();
  for (const pem of pems) {
    const root = new X509Certificate(pem);
    fingerprints.add(sha256(root.raw));
    bySubject.set(root.subject, [...(bySubject.get(root.subject) ?? []), root]);
  }
  return { fingerprints, bySubject };
}

function issuedByAny(certificate: X509Certificate, roots: readonly X509Certificate[]): boolean {
  return roots.some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey));
}

function systemRoots(): readonly string[] {
  const read: unknown = Reflect.get(tls, 'getCACertificates');
  if (typeof read !== 'function') return [];
  const roots: unknown = Reflect.apply(read, tls, ['system']);
  return Array.isArray(roots) ? roots.filter((root) => typeof root === 'string') : [];
}

function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
