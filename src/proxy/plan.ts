import { DomainError } from '../lib/errors';
import type { Finding } from '../wininet/findings';
import type { Account } from './accounts';
import type { ChangePlan, PlannedValue } from './changes';
import { machinePolicyFinding, showMachine } from './machine';
import type { Actor, ChangeKind, ChangeReason } from './model';
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
  const accounts = values.map(({ account }) => account);
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
      sharedAccountFinding(accounts),
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

function sharedAccountFinding(accounts: readonly Account[]): Finding | null {
  const services = accounts.filter(({ id, sid }) => id !== sid).map(({ id }) => id);
  if (services.length === 0) return null;
  return {
    code: 'applies-to-all-services',
    severity: 'info',
    detail: `Every program that uses WinINET as ${services.join(' or ')} gets this proxy, not the sensor alone.`,
    remedy: 'Make sure that the proxy lets those programs through too.',
  };
}
