/** The gravest of what is wrong with a chain: no trusted root, then another's name, then its dates. */
import type { ChainCertificate } from '../report';
import type { FailureCode } from '../verdicts/verdicts';

/** What there is to judge by. */
export interface Verification {
  /** Node's and OpenSSL's word: one problem, and when there are several, not always the gravest. Null for none. */
  readonly problem: string | null;
  /** Whether the chain ends in a trusted root, by its names and signatures. */
  readonly rooted: boolean;
  /** Whether the certificate is for the endpoint's name: asked only where it matters. */
  readonly named: () => boolean;
}

/** Node looks at names only when nothing else is wrong, and OpenSSL at dates last, so that these hide the others. */
const BY_DATES: Readonly<Record<string, DateFailure>> = {
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-not-yet-valid',
};

/** The failures in which nothing but the dates is wrong. */
export type DateFailure = 'tls-expired' | 'tls-not-yet-valid';

/** The failure, or null for a chain that holds. */
export function chainFailure({ problem, rooted, named }: Verification): FailureCode | null {
  if (problem === null) return null;
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'tls-name-mismatch';
  const byDates = BY_DATES[problem];
  if (byDates === undefined || !rooted) return 'tls-untrusted';
  return named() ? byDates : 'tls-name-mismatch';
}

/** Whether the dates alone are wrong. */
export function isDateFailure(code: FailureCode | null): code is DateFailure {
  return code === 'tls-expired' || code === 'tls-not-yet-valid';
}

/** Whether all of a chain is valid at a time. */
export function holdsAt(chain: readonly ChainCertificate[], time: number): boolean {
  return chain.every((one) => !isExpired(one, time) && !isTooYoung(one, time));
}

/** What the dates are, for a person: of the certificate at fault, with what this machine's clock says. */
export function seenDates(code: DateFailure, chain: readonly ChainCertificate[], now: string): string {
  const wrong = code === 'tls-expired' ? isExpired : isTooYoung;
  const at = Date.parse(now);
  const culprit = chain.find((one) => wrong(one, at)) ?? chain[0];
  const dates = `valid from ${culprit?.validFrom ?? '?'} to ${culprit?.validTo ?? '?'}`;
  return `${dates}, and this machine’s clock says ${now}; subject ${culprit?.subject ?? '?'}, issuer ${culprit?.issuer ?? '?'}`;
}

function isExpired({ validTo }: ChainCertificate, time: number): boolean {
  return time > Date.parse(validTo);
}

function isTooYoung({ validFrom }: ChainCertificate, time: number): boolean {
  return time < Date.parse(validFrom);
}
