import type { Clock } from '../lib/clock';
import { DomainError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex, WaitedTooLong } from '../lib/mutex';
import type { Registry } from '../registry/registry';
import { ApprovalSearch, type Approvals, type ChangeHistory } from './approvals';
import { type BackupSummary, BackupStore } from './backups';
import { type ChangePlan, type ChangeSink, ChangeWriter } from './changes';
import { type ProxyInForce, proxyInForce, proxyDrift, showContexts, showOneContext } from './contexts';
import { planCopy } from './copy';
import { PendingChange, type Recorded } from './interrupted';
import type { Actor, ProxyContexts } from './model';
import type { Situation } from './plan';
import type { ProxyService } from './proxyService';
import { planPut, planRemoval } from './put';
import { REPAIRED_SIDS, asLastWord, planRepair, repairableAccounts } from './repair';
import { type RestartSensor, restartAfterCopy } from './restartAfterCopy';
import { planRestore } from './restore';
import { BackupRetention, type DeletionSink, type RetentionRule } from './retention';
import { entityTag } from './settingsValue';
import { type Snapshot, readSnapshot, sameSnapshot, snapshotReader } from './snapshot';
import type { SourceRule } from './source';
import { SteadyReads } from './steadyReads';

/** What this folder needs from others. */
export interface ProxyParts {
  readonly registry: Registry;
  /** The SID that this process runs as. */
  readonly ownSid: string;
  /** The source unless a request names one; null: see {@link SourceRule}. */
  readonly source: string | null;
  /** Where backups are kept, and the note of the change under way; must exist. */
  readonly dataDir: string;
  readonly record: ChangeSink;
  /** Whether the journal has an entry with this id. */
  readonly recorded: Recorded;
  /** What the journal has, for what persons have approved; null where nothing is repaired. */
  readonly history: ChangeHistory | null;
  /** What a copy with `restartSensor` calls once it is done and the lock is free. */
  readonly restartSensor: RestartSensor;
  /** Which backups are kept, and where their deletion is recorded; without it all are kept. */
  readonly retention?: { readonly rule: RetentionRule; readonly record: DeletionSink };
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a change waits for those before it; 30 s unless stated. */
  readonly lockWaitMs?: number;
}

const LOCK_WAIT_MS = 30_000;
/** Backups grow old where nothing is changed, too. */
const TIDY_EVERY_MS = 60 * 60 * 1000;

/** The service, and the look-up that the health check uses. */
export interface OpenedProxyService extends ProxyService {
  /** What programs that run as an account are told. Errors: `context-not-found`. */
  proxyFor(id: string): Promise<ProxyInForce>;
  /** Whether each of the sensor's accounts has another proxy than the source; empty while no source can be told. */
  drift(): Promise<ReadonlyMap<string, boolean>>;
  /** Calls back within about a second after what `contexts` shows may have changed, where the driver can tell. One listener. */
  onRegistryChange(listener: () => void): void;
  /** How many backups there are, and from when. Errors: `backups-unavailable`. */
  backupSummary(): Promise<BackupSummary>;
  /** Whether an interrupted change waits to be undone. Rejects with the system's error. */
  recoveryWaits(): Promise<boolean>;
  /** Refuses changes from now on (`stopping`), those that wait included, and resolves when none is under way. */
  close(): Promise<void>;
}

/**
 * Opens the service, having undone a change that an earlier process left unfinished. Where that cannot be done yet, it is
 * logged, and tried again before each change. Each write holds one lock from what it reads to what it records.
 */
export async function openProxyService(parts: ProxyParts): Promise<OpenedProxyService> {
  const { registry, ownSid, clock, logger } = parts;
  const backups = await BackupStore.open(parts.dataDir, logger);
  const pending = new PendingChange({ ...parts, backups });
  const writer = new ChangeWriter({ registry, backups, pending, record: parts.record, clock, logger });
  const lock = new Mutex();
  const rule: SourceRule = { ownSid, named: parts.source };
  const contexts = rememberLast(rule);
  const search = parts.history && new ApprovalSearch(parts.history, REPAIRED_SIDS);
  const approvals = async (): Promise<Approvals> => (await search?.approvals()) ?? new Map();
  const reader = snapshotReader(registry);
  const steady = new SteadyReads();
  const read = () => steady.read(() => reader.read());
  const retention = parts.retention && new BackupRetention({ ...parts, ...parts.retention, backups });
  let closing = false;
  const inTurn = <T>(task: () => Promise<T>): Promise<T> =>
    lock.run(task, { waitMs: parts.lockWaitMs ?? LOCK_WAIT_MS }).catch((error: unknown) => {
      throw error instanceof WaitedTooLong ? busyWriting() : error;
    });
  await pending.recover().catch(() => undefined);
  await retention?.run();
  // Behind a change, so that no caller waits for it, and in the lock, so that no change looks for what goes.
  const tidyUp = (): void => {
    if (retention?.isDue() !== true) return;
    void lock.run(() => (closing || !retention.isDue() ? Promise.resolve() : retention.run()));
  };
  const change = async (actor: Actor, plan: (situation: Situation) => ChangePlan | Promise<ChangePlan>) => {
    const done = await inTurn(async () => {
      if (closing) throw stopping();
      await pending.recover();
      const snapshot = await readSnapshot(registry);
      const decided = await plan({ snapshot, ownSid, actor });
      return { plan: decided, outcome: await steady.during(snapshot, () => writer.carryOut(decided)) };
    });
    tidyUp();
    return done;
  };
  const asked = async (plan: ChangePlan) => asLastWord(plan, await approvals());
  const outcomeOf = async (done: ReturnType<typeof change>) => (await done).outcome;
  const tidying = setInterval(tidyUp, TIDY_EVERY_MS).unref();
  return {
    contexts: async (source) => contexts(await read(), source),
    context: async (id) => showOneContext(await read(), rule, id),
    proxyFor: async (id) => proxyInForce(await read(), ownSid, id),
    copy: async (request, actor) => {
      const outcome = await outcomeOf(
        change(actor, (situation) => asked(planCopy(situation, rule, request))),
      );
      // changeId is the id of the copy's entry; the restart has an entry of its own.
      const asker = { name: actor.name, requestId: actor.requestId };
      return restartAfterCopy(outcome, request, { actor: asker, restartSensor: parts.restartSensor });
    },
    put: async (id, request, ifMatch, actor) => {
      const done = await change(actor, (situation) => asked(planPut(situation, request, { id, ifMatch })));
      return { outcome: done.outcome, etag: etagAfter(done.plan) };
    },
    remove: (id, request, ifMatch, actor) =>
      outcomeOf(change(actor, (situation) => asked(planRemoval(situation, request, { id, ifMatch })))),
    restore: (backupId, request, actor) =>
      outcomeOf(
        change(actor, async (situation) =>
          asked(planRestore(situation, request, await backups.read(backupId))),
        ),
      ),
    repair: (request, actor) =>
      outcomeOf(change(actor, async (situation) => planRepair(situation, rule, await approvals(), request))),
    repairable: async () => repairableAccounts(await read(), rule, await approvals()),
    backups: (page) => backups.page(page),
    backup: (id) => backups.get(id),
    backupFile: (id) => backups.file(id),
    drift: async () => proxyDrift(contexts(await read(), undefined)),
    onRegistryChange: (listener) => {
      reader.onChange(listener);
    },
    backupSummary: () => backups.summary(),
    recoveryWaits: recoveryLook(lock, pending),
    close: async () => {
      closing = true;
      clearInterval(tidying);
      await lock.run(() => Promise.resolve());
      reader.close();
    },
  };
}

/** The entity tag of what a plan for one account has left there. */
function etagAfter({ values, dryRun }: ChangePlan): string {
  const [value] = values;
  return entityTag(value?.changes === true && !dryRun ? value.after : value?.before);
}

/** While a change is under way the note is its own, and what was found before still holds. */
function recoveryLook(lock: Mutex, pending: PendingChange): () => Promise<boolean> {
  let waits = false;
  return async () => {
    if (!lock.isIdle()) return waits;
    const noted = await pending.isNoted();
    if (lock.isIdle()) waits = noted;
    return waits;
  };
}

function busyWriting(): DomainError {
  return new DomainError(
    'unavailable',
    'busy-writing',
    'Other changes have been under way for too long. Of this one nothing was done, nor will be; ask again later.',
  );
}

function stopping(): DomainError {
  return new DomainError(
    'unavailable',
    'stopping',
    'The service is stopping. Nothing was touched; ask again later.',
  );
}

/**
 * {@link showContexts}, which answers with the same object again while the registry holds the same: nothing is interpreted
 * twice.
 */
function rememberLast(rule: SourceRule): (snapshot: Snapshot, source: string | undefined) => ProxyContexts {
  let last: {
    readonly snapshot: Snapshot;
    readonly source: string | undefined;
    readonly shown: ProxyContexts;
  } | null = null;
  return (snapshot, source) => {
    if (last === null || last.source !== source || !sameSnapshot(last.snapshot, snapshot)) {
      last = { snapshot, source, shown: showContexts(snapshot, rule, source) };
    }
    return last.shown;
  };
}
