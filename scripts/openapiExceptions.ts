/** What Spectral finds in the contract and is right as it is, each with its reason. */

/** A rule that does not hold somewhere. */
export interface Exception {
  readonly rule: string;
  /** `everywhere`; `answers`: in what is only ever answered; else the operations. */
  readonly where: 'everywhere' | 'answers' | readonly string[];
  readonly why: string;
}

const OF_WHOEVER_RUNS_IT = ['getLiveness', 'getReadiness'];

/** All of them. One that excuses nothing any more is itself a fault. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: 'info-contact',
    where: 'everywhere',
    why: 'Each machine serves its own copy: whom to ask is known to whoever runs it, not to the program.',
  },
  {
    rule: 'oas3-valid-media-example',
    where: 'everywhere',
    why: 'The rule’s validator takes no nullable beside a reference, which is how tsoa says it. test/openapi.test.ts checks every example against its schema with the validator that checks the answers.',
  },
  {
    rule: 'owasp:api2:2023-read-restricted',
    where: OF_WHOEVER_RUNS_IT,
    why: 'A supervisor that asks whether the process lives has no token, and is told nothing of the machine.',
  },
  {
    rule: 'owasp:api8:2023-define-error-responses-401',
    where: OF_WHOEVER_RUNS_IT,
    why: 'They take no token, so that none can be wrong.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit-responses-429',
    where: OF_WHOEVER_RUNS_IT,
    why: '429 is for wrong tokens, and they take none. Requests in flight are bounded for all of them together.',
  },
  {
    rule: 'owasp:api4:2023-rate-limit',
    where: 'everywhere',
    why: 'A caller with a right token has no quota that headers could tell of: what is bounded is requests in flight, by all callers together (503 with Retry-After), and wrong tokens (429 with Retry-After).',
  },
  {
    rule: 'owasp:api8:2023-define-cors-origin',
    where: 'everywhere',
    why: 'No page of another origin may call the service. Without Access-Control-Allow-Origin browsers refuse; a header could only say less.',
  },
  {
    rule: 'owasp:api3:2023-no-additionalProperties',
    where: 'answers',
    why: 'RFC 9457 (3.2) has problem documents open to further members. Bodies that are sent are closed, each of them.',
  },
  {
    rule: 'owasp:api3:2023-constrained-additionalProperties',
    where: 'answers',
    why: 'What an event has besides differs by its type; docs/events.md lists it. It is made by this service alone and never read back from a caller.',
  },
  {
    rule: 'owasp:api4:2023-array-limit',
    where: 'answers',
    why: 'Lists in answers are as long as what the machine has; those that grow come in pages. Lists that are sent are bounded, each of them.',
  },
  {
    rule: 'owasp:api4:2023-string-limit',
    where: 'answers',
    why: 'Texts in answers are what the registry, the network and the journal hold, each bounded where it is read. Texts that are sent are bounded, each of them.',
  },
  {
    rule: 'owasp:api4:2023-integer-limit-legacy',
    where: 'answers',
    why: 'Numbers in answers are what was counted or measured. Numbers that are sent are bounded, each of them.',
  },
  {
    rule: 'owasp:api4:2023-string-restricted',
    where: 'everywhere',
    why: 'Proxies, names of accounts and cursors are checked by parsers that say what is wrong where; a pattern would say only that something is. Text for people has no form. test/fuzz sends what a pattern would have kept out.',
  },
];
