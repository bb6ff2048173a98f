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
  /** A name as RFC 4514 writes it, most specific first, in place of the one from `hosts`. */
  readonly subject?: string;
  /** `server` unless stated: what the certificate may be used for. */
  readonly usage?: 'server' | 'client';
  /** The size of an RSA key, in place of ECDSA P-256. */
  readonly rsaBits?: number;
}

export interface AuthorityOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** False for a certificate that may not issue others, and does. */
  readonly ca?: boolean;
}

/** A certificate authority that lives as long as the test. */
export interface Authority {
  /** The authority's own certificate, PEM. */
  readonly cert: string;
  /** Issues a certificate, followed by those of the intermediate authorities on the way to the root. */
  issue(options: LeafOptions): Promise<KeyAndCertificate>;
  /** Makes an authority below this one. */
  intermediate(name: string, options?: AuthorityOptions): Promise<Authority>;
}

/** Makes a root with a key of its own (ECDSA P-256). */
export async function createAuthority(name: string, options: AuthorityOptions = {}): Promise<Authority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: authorityName(name),
    keys,
    ...validity(options),
    signingAlgorithm: ALGORITHM,
    serialNumber: serial(),
    extensions: await authorityExtensions(keys, options),
  });
  return authorityOf(root, keys, []);
}

/** The authority that holds a certificate. `above`: what is shown behind a certificate that it issues. */
function authorityOf(
  own: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  above: readonly string[],
): Authority {
  const cert = own.toString('pem');
  const signed = async (
    subject: string,
    publicKey: webcrypto.CryptoKey,
    options: AuthorityOptions,
    extensions: x509.Extension[],
  ) =>
    x509.X509CertificateGenerator.create({
      subject,
      issuer: own.subject,
      publicKey,
      signingKey: keys.privateKey,
      ...validity(options),
      signingAlgorithm: ALGORITHM,
      serialNumber: serial(),
      extensions: [...extensions, await x509.AuthorityKeyIdentifierExtension.create(own)],
    });
  return {
    cert,
    issue: async (options) => {
      const leafKeys = options.rsaBits === undefined ? await newKeys() : await rsaKeys(options.rsaBits);
      // The library writes the parts in the order of its text, and RFC 4514 has the last part first.
      const subject =
        options.subject
          ?.split(/(?<!\\), /)
          .reverse()
          .join(', ') ?? `CN=${options.hosts[0] ?? 'nobody'}`;
      const usage = options.usage === 'client' ? 'clientAuth' : 'serverAuth';
      const leaf = await signed(subject, leafKeys.publicKey, options, [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
        new x509.SubjectAlternativeNameExtension(
          options.hosts.map((host) => ({ type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host })),
        ),
      ]);
      return { key: await pemOf(leafKeys.privateKey), cert: [leaf.toString('pem'), ...above].join('\n') };
    },
    intermediate: async (name, options = {}) => {
      const below = await newKeys();
      const certificate = await signed(
        authorityName(name),
        below.publicKey,
        options,
        await authorityExtensions(below, options),
      );
      return authorityOf(certificate, below, [certificate.toString('pem'), ...above]);
    },
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function rsaKeys(modulusLength: number): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) };
  return webcrypto.subtle.generateKey({ ...algorithm, modulusLength }, true, ['sign', 'verify']);
}

function authorityName(name: string): string {
  return `CN=${name}, O=sensorproxy tests`;
}

async function authorityExtensions(keys: webcrypto.CryptoKeyPair, { ca = true }: AuthorityOptions) {
  return [
    new x509.BasicConstraintsExtension(ca, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
  ];
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
