/** The chain of certificates that a handshake showed, and how the report tells of it. */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';
import type { ChainCertificate } from '../report';

const MAX_CHAIN = 10;
const MAX_NAME_SHOWN = 200;

/** Certificates that were parsed last, by their bytes: the endpoints of a cloud share most of theirs. */
const parsed = new Map<string, X509Certificate>();
const PARSED_KEPT = 64;

/**
 * The chain as Node joins it, from what was shown and then from the trusted roots, leaf first. Empty when nothing was shown.
 * Not by getPeerX509Certificate: on Node 20 that takes the certificate out of the connection's own chain, which then reads
 * as empty.
 */
export function chainOf(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: DetailedPeerCertificate | undefined = peer;
  // An empty object stands for no certificate.
  while (certificate !== undefined && 'raw' in certificate && chain.length < MAX_CHAIN) {
    chain.push(parse(certificate.raw));
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}

function parse(raw: Buffer): X509Certificate {
  const bytes = raw.toString('latin1');
  const certificate = parsed.get(bytes) ?? new X509Certificate(raw);
  parsed.delete(bytes);
  parsed.set(bytes, certificate);
  const [oldest] = parsed.keys();
  if (parsed.size > PARSED_KEPT && oldest !== undefined) parsed.delete(oldest);
  return certificate;
}

/** A certificate as the report shows it. Throws on times that are none. */
export function shownCertificate(certificate: X509Certificate): ChainCertificate {
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    validFrom: new Date(certificate.validFrom).toISOString(),
    validTo: new Date(certificate.validTo).toISOString(),
    fingerprint256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** Node's one line for each attribute, on one line, most specific first (as RFC 4514 writes names). */
function distinguishedName(lines: string): string {
  return lines
    .split('\n')
    .reverse()
    .join(', ')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
    .slice(0, MAX_NAME_SHOWN);
}
