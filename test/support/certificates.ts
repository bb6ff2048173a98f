// Needed by @peculiar/x509's dependency injection, before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A private key and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface LeafOptions {
  /** DNS names and IP addresses for subjectAltName; the first DNS name is also the common name. */
  readonly hosts: readonly string[];
  /** Yesterday unless stated. */
  readonly notBefore?: Date;
  /** In 30 days unless stated. */
  readonly notAfter?: Date;
}

/** A certificate authority that lives as long as the test. */
export interface Authority {
  /** The root's certificate, PEM. */
  readonly cert: string;
  issue(options: LeafOptions): Promise<KeyAndCertificate>;
}

/** Makes a root with a key of its own (ECDSA P-256). */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}, O=sensorproxy tests`,
    keys,
    ...validity({}),
    signingAlgorithm: ALGORITHM,
    serialNumber: serial(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    cert: root.toString('pem'),
    issue: async (options) => {
      const leafKeys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${options.hosts[0] ?? 'nobody'}`,
        issuer: root.subject,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        ...validity(options),
        signingAlgorithm: ALGORITHM,
        serialNumber: serial(),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            options.hosts.map((host) => ({ type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host })),
          ),
          await x509.AuthorityKeyIdentifierExtension.create(root),
        ],
      });
      return { key: await pemOf(leafKeys.privateKey), cert: leaf.toString('pem') };
    },
  };
}

/** A time some days from now; negative for the past. */
export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

function validity({ notBefore, notAfter }: Partial<LeafOptions>) {
  return { notBefore: notBefore ?? daysFromNow(-1), notAfter: notAfter ?? daysFromNow(30) };
}

function serial(): string {
  return `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`;
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
