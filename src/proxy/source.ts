import { assertNever, DomainError } from '../lib/errors';
import { inForce } from '../wininet/inForce';
import { type Account, isPersonSid } from './accounts';
import { type SettingsValue, interpretValue } from './settingsValue';
import { type AccountSnapshot, type Snapshot, findAccount } from './snapshot';

/** An account whose settings can be copied: they are there and can be decoded. */
export interface Source {
  readonly account: Account;
  readonly value: Extract<SettingsValue, { state: 'configured' }>;
}

/** Whom accounts are compared with, and copied from, where a request does not say. */
export interface SourceRule {
  /** The SID that this process runs as. */
  readonly ownSid: string;
  /** The account that `SENSORPROXY_DRIFT_SOURCE` names; null: `CurrentUser` (see {@link accountOf}). */
  readonly named: string | null;
}

/**
 * Whom settings are copied from where a request names nobody. Errors: those of {@link chooseSource}; `context-not-found` says
 * where it was the setting that named who is not signed in.
 */
export function usualSource(snapshot: Snapshot, { ownSid, named }: SourceRule): Source {
  try {
    return chooseSource(snapshot, ownSid, named ?? 'CurrentUser');
  } catch (error) {
    if (named === null || !isNotSignedIn(error)) throw error;
    const { detail, remedy } = SOURCE_SIGNED_OFF;
    throw new DomainError('notFound', 'context-not-found', `${detail} ${remedy} Nothing was touched.`);
  }
}

/** What is said where the account that the settings name is not signed in. */
export const SOURCE_SIGNED_OFF = {
  detail: 'The account that SENSORPROXY_DRIFT_SOURCE names is not signed in, so its settings cannot be seen.',
  remedy: 'Have that account sign in, or name another source.',
};

/** Whether it is that an account is not there. */
export function isNotSignedIn(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'context-not-found';
}

/**
 * Whom settings are copied from. `requested` may name anybody (see {@link accountOf}).
 * Errors: `source-not-configured`, `source-malformed` with `offset`, and those of {@link accountOf}.
 */
export function chooseSource(snapshot: Snapshot, ownSid: string, requested: string): Source {
  const { account, value: raw } = accountOf(snapshot, ownSid, requested);
  const value = interpretValue(raw);
  switch (value.state) {
    case 'configured':
      return { account, value };
    case 'absent':
      throw notConfigured(
        'The source has no proxy settings. Set the proxy as that user first, or name another source.',
      );
    case 'malformed':
      throw new DomainError(
        'unprocessable',
        'source-malformed',
        `The source's DefaultConnectionSettings cannot be read: at offset ${value.error.offset}, ${value.error.reason}. Nothing was touched.`,
        { extensions: { offset: value.error.offset } },
      );
    default:
      return assertNever(value);
  }
}

/**
 * The account that an id names. `CurrentUser`: the service's own account when that is a person's; else, since a service
 * account's own HKCU is the target and not the model, the one loaded profile that has a proxy configured.
 * Errors: `context-not-found`, `id-invalid`, `source-ambiguous` with `candidates`, `source-not-configured`.
 */
export function accountOf(snapshot: Snapshot, ownSid: string, id: string): AccountSnapshot {
  if (id.toLowerCase() !== 'currentuser') return findAccount(snapshot, id);
  return isPersonSid(ownSid) ? findAccount(snapshot, ownSid) : onlyConfiguredPerson(snapshot);
}

function onlyConfiguredPerson(snapshot: Snapshot): AccountSnapshot {
  const people = snapshot.accounts.filter(({ account }) => isPersonSid(account.sid));
  const candidates = people.filter(({ value }) => namesProxy(interpretValue(value)));
  const [only, ...others] = candidates;
  if (only === undefined) {
    // A person whose settings are broken is the likeliest source: choosing it makes the answer name the break.
    const broken = people.find(({ value }) => interpretValue(value).state === 'malformed');
    if (broken !== undefined) return broken;
    throw notConfigured(
      'No signed-in user has a proxy configured. Set the proxy as a normal user and stay signed in, or name the source.',
    );
  }
  if (others.length > 0) {
    throw new DomainError(
      'conflict',
      'source-ambiguous',
      'Several signed-in users have a proxy configured. Name one of the candidates as the source.',
      {
        extensions: { candidates: candidates.map(({ account: { sid, name } }) => ({ sid, account: name })) },
      },
    );
  }
  return only;
}

function notConfigured(detail: string): DomainError {
  return new DomainError('conflict', 'source-not-configured', detail);
}

/** Whether the settings in force name a proxy or a PAC file: auto-detect alone names none. */
function namesProxy(value: SettingsValue): boolean {
  if (value.state !== 'configured') return false;
  const force = inForce(value.decoded);
  return force.proxyServer !== null || force.autoConfigUrl !== null;
}
