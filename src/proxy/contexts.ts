import { DomainError } from '../lib/errors';
import type { NamedRegistryValue } from '../registry/registry';
import { dwordValue, stringValue } from '../registry/registry';
import { type Finding, type LegacySettings, legacyFinding, settingsFindings } from '../wininet/findings';
import { type InForceSettings, compareSettings, inForce } from '../wininet/inForce';
import { machinePolicyFinding, showMachine, winHttpOnlyFinding } from './machine';
import type { ProxyContext, ProxyContexts } from './model';
import { SOURCE_SIGNED_OFF, type SourceRule, accountOf, chooseSource, isNotSignedIn } from './source';
import {
  type SettingsValue,
  connectionsKey,
  entityTag,
  interpretValue,
  isTooLong,
  toHex,
  toProxySettings,
} from './settingsValue';
import type { AccountSnapshot, Snapshot } from './snapshot';

/** Every account, compared with `source` (an id) or, without one, with whom the source rule names. */
export function showContexts(
  snapshot: Snapshot,
  rule: SourceRule,
  source: string | undefined,
): ProxyContexts {
  const machine = showMachine(snapshot);
  const origin = source === undefined ? usualOrigin(snapshot, rule) : findOrigin(snapshot, rule, source);
  const contexts = snapshot.accounts.map((account) => showContext(account, origin.value));
  const sensorAccounts = contexts.filter(({ usedBy }) => usedBy.length > 0);
  return {
    source: origin.sid,
    inSync: sensorAccounts.every(
      ({ comparison }) => comparison === 'identical' || comparison === 'equivalent',
    ),
    machine,
    contexts,
    findings: [machinePolicyFinding(machine), winHttpOnlyFinding(machine, contexts), origin.finding].filter(
      (finding) => finding !== null,
    ),
  };
}

/** Whether each of the sensor's accounts has another proxy than the source; accounts that cannot be compared are left out. */
export function proxyDrift({ contexts }: ProxyContexts): ReadonlyMap<string, boolean> {
  const compared = contexts.filter(
    ({ usedBy, comparison }) => usedBy.length > 0 && comparison !== 'notCompared',
  );
  return new Map(
    compared.map(({ id, comparison }) => [id, comparison !== 'identical' && comparison !== 'equivalent']),
  );
}

/** One account, compared with whom the source rule names. Errors: those of {@link accountOf}. */
export function showOneContext(snapshot: Snapshot, rule: SourceRule, id: string): ProxyContext {
  return showContext(accountOf(snapshot, rule.ownSid, id), usualOrigin(snapshot, rule).value);
}

/** What programs that run as an account are told about proxies. */
export interface ProxyInForce {
  /** The context's id. */
  readonly id: string;
  /** `machine`: policy makes WinINET use HKLM's settings, and these are they. */
  readonly scope: 'account' | 'machine';
  readonly state: SettingsValue['state'];
  /** Null unless `configured`. */
  readonly inForce: InForceSettings | null;
}

/** What an account's programs are told. Errors: those of {@link accountOf}. */
export function proxyInForce(snapshot: Snapshot, ownSid: string, id: string): ProxyInForce {
  const { account, value: own } = accountOf(snapshot, ownSid, id);
  const perUser = showMachine(snapshot).proxySettingsPerUser;
  const value = interpretValue(perUser ? own : snapshot.machineValue);
  return {
    id: account.id,
    scope: perUser ? 'account' : 'machine',
    state: value.state,
    inForce: value.state === 'configured' ? inForce(value.decoded) : null,
  };
}

function showContext(
  { account, value: raw, legacy }: AccountSnapshot,
  source: SettingsValue | null,
): ProxyContext {
  const value = interpretValue(raw);
  return {
    id: account.id,
    sid: account.sid,
    account: account.name,
    profilePath: account.profilePath,
    usedBy: account.usedBy,
    key: connectionsKey(account.sid),
    state: value.state,
    settings: toProxySettings(value),
    hex: isTooLong(raw) ? null : toHex(raw),
    etag: entityTag(raw),
    comparison: compareWithSource(value, source),
    findings: valueFindings(value, readLegacy(legacy)),
  };
}

function readLegacy(values: readonly NamedRegistryValue[]): LegacySettings {
  const named = (name: string) => values.find((value) => value.name.toLowerCase() === name);
  return {
    proxyEnable: dwordValue(named('proxyenable')),
    proxyServer: stringValue(named('proxyserver')),
    proxyOverride: stringValue(named('proxyoverride')),
    autoConfigUrl: stringValue(named('autoconfigurl')),
  };
}

/** Errors of the source rule that leave the accounts showable, only not comparable. */
const NO_SOURCE_CODES = new Set(['source-ambiguous', 'source-not-configured', 'source-malformed']);

/** The source's SID and value, or the finding that says why there is none. */
interface Origin {
  readonly sid: string | null;
  readonly value: SettingsValue | null;
  readonly finding: Finding | null;
}

/** Whom the source rule names. An account that the settings name may be signed off: then there is no source now. */
function usualOrigin(snapshot: Snapshot, rule: SourceRule): Origin {
  try {
    return findOrigin(snapshot, rule, rule.named ?? 'CurrentUser');
  } catch (error) {
    if (rule.named === null || !isNotSignedIn(error)) throw error;
    return noOrigin('source-not-configured', SOURCE_SIGNED_OFF.detail, SOURCE_SIGNED_OFF.remedy);
  }
}

/** Errors: `context-not-found` and `id-invalid`: a source that was asked for by name must exist. */
function findOrigin(snapshot: Snapshot, { ownSid }: SourceRule, requested: string): Origin {
  try {
    const { account, value } = chooseSource(snapshot, ownSid, requested);
    return { sid: account.sid, value, finding: null };
  } catch (error) {
    if (!(error instanceof DomainError) || !NO_SOURCE_CODES.has(error.code)) throw error;
    return noOrigin(error.code, error.detail);
  }
}

const NAME_THE_SOURCE = 'Set the proxy as a normal user, or name the source.';

function noOrigin(code: string, detail: string, remedy = NAME_THE_SOURCE): Origin {
  return { sid: null, value: null, finding: { code, severity: 'warning', detail, remedy } };
}

function compareWithSource(value: SettingsValue, source: SettingsValue | null): ProxyContext['comparison'] {
  if (source?.state !== 'configured') return 'notCompared';
  if (value.state === 'absent') return 'absent';
  return value.state === 'configured' ? compareSettings(value.decoded, source.decoded) : 'different';
}

function valueFindings(value: SettingsValue, legacy: LegacySettings): readonly Finding[] {
  const settings = value.state === 'configured' ? value.decoded : null;
  const own = settings === null ? [] : settingsFindings(settings);
  return [malformedFinding(value), ...own, legacyFinding(settings, legacy)].filter(
    (finding) => finding !== null,
  );
}

function malformedFinding(value: SettingsValue): Finding | null {
  if (value.state !== 'malformed') return null;
  return {
    code: 'value-malformed',
    severity: 'warning',
    detail: `DefaultConnectionSettings cannot be read: at offset ${value.error.offset}, ${value.error.reason}.`,
    remedy:
      'Copy good settings over it with POST /proxy/copy, or set them with PUT; the bytes are backed up first.',
  };
}
