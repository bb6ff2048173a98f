import { DomainError } from '../lib/errors';
import type { Finding } from '../wininet/findings';
import { inForce } from '../wininet/inForce';
import type { ChangePlan, PlannedValue } from './changes';
import { machinePolicyFinding, showMachine } from './machine';
import type { Actor, ChangeKind, ChangeReason } from './model';
import { interpretValue } from './settingsValue';
import type { AccountSnapshot, Snapshot } from './snapshot';

/** What a decision is made from. Nothing that plans can write. */
export interface Situation {
  readonly snapshot: Snapshot;
  /** The SID that this process runs as. */
  readonly ownSid: string;
  readonly actor: Actor;
}

/** What each kind of change decides for itself. */
interface Decision {
  readonly kind: ChangeKind;
  readonly request: ChangeReason & { readonly dryRun?: boolean };
  readonly values: readonly PlannedValue[];
  readonly source?: ChangePlan['copied'];
  readonly restoredBackupId?: string;
  /** Findings about the settings themselves. */
  readonly findings?: readonly Finding[];
}

/** Completes a decision: who, why, and the findings that go with every write. */
export function makePlan(situation: Situation, decision: Decision): ChangePlan {
  const { kind, request, values, source = null, restoredBackupId = null, findings = [] } = decision;
  return {
    kind,
    actor: situation.actor,
    why: request,
    dryRun: request.dryRun ?? false,
    values,
    source: source && { id: source.account.id, sid: source.account.sid },
    copied: source,
    restoredBackupId,
    findings: [
      machinePolicyFinding(showMachine(situation.snapshot)),
      ...sharedAccountFindings(values),
      ...findings,
    ].filter((finding) => finding !== null),
  };
}

/** Refuses an account whose hive is not there: Windows would refuse the write, after others were written. */
export function requireLoaded({ account, loaded }: AccountSnapshot): void {
  if (loaded) return;
  throw new DomainError(
    'notFound',
    'context-not-found',
    `The registry hive of ${account.id} is not loaded, so its settings cannot be written. Nothing was touched.`,
  );
}

/** One for the service accounts that get a proxy, one for those that have none then. */
function sharedAccountFindings(values: readonly PlannedValue[]): readonly Finding[] {
  const shared = values.filter(({ account: { id, sid } }) => id !== sid);
  const [bare, proxied] = [shared.filter(goesDirect), shared.filter((value) => !goesDirect(value))];
  return [
    sharedAccountFinding(
      proxied,
      'gets this proxy, not the sensor alone.',
      'Make sure that the proxy lets those programs through too.',
    ),
    sharedAccountFinding(
      bare,
      'has no proxy then, not the sensor alone.',
      'Make sure that those programs, and the sensor, reach what they need without one.',
    ),
  ].filter((finding) => finding !== null);
}

function sharedAccountFinding(values: readonly PlannedValue[], what: string, remedy: string): Finding | null {
  if (values.length === 0) return null;
  const names = values.map(({ account }) => account.id).join(' or ');
  const detail = `Every program that uses WinINET as ${names} ${what}`;
  return { code: 'applies-to-all-services', severity: 'info', detail, remedy };
}

/** Whether the account has no proxy, script or search for one afterwards. What cannot be decoded is not known to be so. */
function goesDirect({ before, after, changes }: PlannedValue): boolean {
  const value = interpretValue(changes ? after : before);
  if (value.state !== 'configured') return value.state === 'absent';
  const { proxyServer, autoConfigUrl, autoDetect } = inForce(value.decoded);
  return proxyServer === null && autoConfigUrl === null && !autoDetect;
}
