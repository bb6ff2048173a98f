import type { RegistryValue } from '../registry/registry';
import { settingsFindings } from '../wininet/findings';
import { compareSettings } from '../wininet/inForce';
import { SERVICE_ACCOUNTS } from './accounts';
import type { Approvals } from './approvals';
import type { ChangePlan } from './changes';
import { DEFAULT_TARGETS } from './copy';
import { type Situation, makePlan, requireLoaded } from './plan';
import { type SettingsValue, interpretValue } from './settingsValue';
import { type AccountSnapshot, type Snapshot, findAccount } from './snapshot';
import { type Source, type SourceRule, usualSource } from './source';

/** The accounts that can be repaired, by SID. */
export const REPAIRED_SIDS: ReadonlySet<string> = new Set(
  SERVICE_ACCOUNTS.filter(({ id }) => DEFAULT_TARGETS.includes(id)).map(({ sid }) => sid),
);

/** What a repair brings. */
export interface RepairRequest {
  /** The ids of the accounts that may be written. */
  readonly accounts: readonly string[];
  readonly ticket?: string;
}

/** An account that may be repaired: with what, and which change has approved that. */
interface Repairable {
  readonly target: AccountSnapshot;
  readonly approved: RegistryValue;
  readonly changeId: string;
}

/**
 * The ids of the sensor's accounts that may be repaired: what a person has approved for them is what the source has in force.
 * None without a source that the settings name. Errors: those of {@link usualSource}.
 */
export function repairableAccounts(
  snapshot: Snapshot,
  rule: SourceRule,
  approvals: Approvals,
): readonly string[] {
  if (rule.named === null) return [];
  const source = usualSource(snapshot, rule);
  return repairable(snapshot, source, approvals).map(({ target }) => target.account.id);
}

/**
 * Decides a repair: the bytes that the last change by a person has left in an account are put back there, never the source's
 * own, which whoever is signed in as the source can set. An account that may not be repaired, or is not asked for, is left
 * alone. Errors: those of {@link usualSource}.
 */
export function planRepair(
  situation: Situation,
  rule: SourceRule,
  approvals: Approvals,
  request: RepairRequest,
): ChangePlan {
  if (rule.named === null) return makePlan(situation, { kind: 'copy', request, values: [] });
  const { snapshot } = situation;
  const source = usualSource(snapshot, rule);
  const repairs = repairable(snapshot, source, approvals).filter(
    ({ target, approved }) =>
      request.accounts.includes(target.account.id) &&
      !sameInForce(interpretValue(target.value), interpretValue(approved)),
  );
  for (const { target } of repairs) requireLoaded(target);
  const accounts = repairs.map(({ target }) => target.account.id).join(' and ');
  const changes = [...new Set(repairs.map(({ changeId }) => changeId))].join(' and ');
  return makePlan(situation, {
    kind: 'copy',
    request: {
      ...request,
      reason: `Drift watch: ${accounts} had not any more what was set there by ${changes}, and the source still has.`,
    },
    values: repairs.map(({ target: { account, value }, approved }) => {
      return { account, before: value, after: approved, changes: true };
    }),
    source: { account: source.account, value: source.value.raw },
    findings: settingsFindings(source.value.decoded),
  });
}

/**
 * What a caller has asked for, as the last word: an account for which another approval holds, which self-repair might put
 * back, is written also where it has already what it shall have, so that the journal has it.
 */
export function asLastWord(plan: ChangePlan, approvals: Approvals): ChangePlan {
  const values = plan.values.map((planned) => {
    const approved = interpretValue(approvals.get(planned.account.sid)?.value);
    const reversible =
      approved.state === 'configured' && !sameInForce(approved, interpretValue(planned.before));
    return planned.changes || !reversible ? planned : { ...planned, after: planned.before, changes: true };
  });
  return { ...plan, values };
}

function repairable(snapshot: Snapshot, source: Source, approvals: Approvals): readonly Repairable[] {
  return DEFAULT_TARGETS.flatMap((id) => {
    const target = findAccount(snapshot, id);
    const approval = approvals.get(target.account.sid);
    if (approval?.value === undefined) return [];
    if (!sameInForce(interpretValue(approval.value), source.value)) return [];
    return [{ target, approved: approval.value, changeId: approval.changeId }];
  });
}

function sameInForce(a: SettingsValue, b: SettingsValue): boolean {
  return (
    a.state === 'configured' &&
    b.state === 'configured' &&
    compareSettings(a.decoded, b.decoded) !== 'different'
  );
}
