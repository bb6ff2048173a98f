/** Which client certificates stand for whom: in place of a token, over a connection that has verified them. */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../lib/clock';
import {
  type DistinguishedName,
  nameKey,
  parseName,
  parseSubject,
  splitTokens,
  type Token,
  tokensOf,
} from './distinguishedName';
import { type Scope, SCOPES, scopeNamed } from './scopes';

/** An entry of the mapping: the certificates that it speaks of, as one text, and what their holders may do. */
export interface ClientScope {
  /** `sha256:<64 hex>`, or `subject:` and the key of the name. */
  readonly key: string;
  readonly scope: Scope;
}

/** Whom a certificate stands for. */
export interface CertificateHolder {
  /** `cert:` and the subject's common name or else the fingerprint, as the journal names the actor. */
  readonly name: string;
  readonly scope: Scope;
}

const FINGERPRINT = /^sha256:((?:[0-9a-f]{2}:?){32})$/i;
const MAX_NAME = 64;

/**
 * Parses entries such as `sha256:<64 hex>=operate; CN=ansible, O=Contoso=read`: between two entries stands a semicolon, and
 * the scope is behind the last equals sign; a backslash before either takes that meaning from it, as RFC 4514 has it.
 * Throws an Error that names the first bad entry.
 */
export function parseClientScopes(text: string): readonly ClientScope[] {
  const tokens = tokensOf(text);
  if (tokens === undefined) throw new Error('a backslash escapes nothing that RFC 4514 lets it escape.');
  const parts = splitTokens(tokens, ';').filter((part) => part.some((token) => token.text.trim() !== ''));
  const entries = parts.map((part, index) => {
    const shown = textOf(part).trim().replace(/\p{C}/gu, '?').slice(0, 120);
    return { ...parseEntry(part, `entry ${index + 1} (${shown})`), shown };
  });
  const twice = entries.findIndex(
    ({ key }, index) => entries.findIndex((other) => other.key === key) !== index,
  );
  if (twice >= 0)
    throw new Error(
      `entry ${twice + 1} (${entries[twice]?.shown ?? ''}) speaks of the certificates of one before.`,
    );
  if (entries.length === 0) throw new Error('it has no entry.');
  return entries.map(({ key, scope }) => ({ key, scope }));
}

function parseEntry(tokens: readonly Token[], where: string): ClientScope {
  const at = tokens.findLastIndex((token) => token.text === '=' && !token.escaped);
  const scope = scopeNamed(textOf(tokens.slice(at + 1)).trim());
  if (at < 0 || scope === undefined)
    throw new Error(`${where} does not end in = and a scope (${SCOPES.join(', ')}).`);
  const holder = tokens.slice(0, at);
  const text = textOf(holder).trim();
  if (/^sha256:/i.test(text)) {
    const hex = FINGERPRINT.exec(text)?.[1];
    if (hex === undefined) throw new Error(`${where} has no fingerprint of 64 hexadecimal digits.`);
    return { key: fingerprintKey(hex), scope };
  }
  const name = parseName(holder);
  if (name === undefined)
    throw new Error(
      `${where} has neither sha256:<64 hex> nor a name as RFC 4514 writes it, such as CN=ansible,O=Contoso.`,
    );
  return { key: subjectKey(name), scope };
}

function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

function fingerprintKey(hex: string): string {
  return `sha256:${hex.replaceAll(':', '').toLowerCase()}`;
}

function subjectKey(name: DistinguishedName): string {
  return `subject:${nameKey(name)}`;
}

/**
 * Looks up whom a verified certificate stands for; undefined when it is not in the mapping, or its time is over: a
 * connection may outlive its certificate. A fingerprint counts before a subject.
 */
export function createClientCertificates(
  mapping: readonly ClientScope[],
  clock: Clock,
): (certificate: X509Certificate) => CertificateHolder | undefined {
  const scopes = new Map(mapping.map(({ key, scope }) => [key, scope]));
  const known = new WeakMap<X509Certificate, Known>();
  return (certificate) => {
    let found = known.get(certificate);
    if (found === undefined) {
      found = { holder: holderOf(certificate, scopes), endsAt: Date.parse(certificate.validTo) };
      known.set(certificate, found);
    }
    return Date.parse(clock.now()) <= found.endsAt ? found.holder : undefined;
  };
}

interface Known {
  readonly holder: CertificateHolder | undefined;
  readonly endsAt: number;
}

function holderOf(
  certificate: X509Certificate,
  scopes: ReadonlyMap<string, Scope>,
): CertificateHolder | undefined {
  const fingerprint = fingerprintKey(certificate.fingerprint256);
  const subject = parseSubject(certificate.subject);
  const bySubject = subject === undefined ? undefined : scopes.get(subjectKey(subject));
  const scope = scopes.get(fingerprint) ?? bySubject;
  if (scope === undefined) return undefined;
  const commonName = subject?.flat().find(([type]) => type === 'CN')?.[1];
  return { name: `cert:${shownName(commonName) || fingerprint}`, scope };
}

function shownName(commonName = ''): string {
  return commonName.replace(/\p{C}/gu, '?').trim().slice(0, MAX_NAME);
}
