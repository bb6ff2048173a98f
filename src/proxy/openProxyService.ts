import type { Clock } from '../lib/clock';
import { DomainError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { Mutex } from '../lib/mutex';
import type { Registry } from '../registry/registry';
import { BackupStore } from './backups';
import { type ChangePlan, type ChangeSink, ChangeWriter } from './changes';
import { type ProxyInForce, proxyInForce, showContexts, showOneContext } from './contexts';
import { planCopy } from './copy';
import { PendingChange, type Recorded } from './interrupted';
import type { Actor, ProxyContexts } from './model';
import type { Situation } from './plan';
import type { ProxyService } from './proxyService';
import { planPut, planRemoval } from './put';
import { type RestartSensor, restartAfterCopy } from './restartAfterCopy';
import { planRestore } from './restore';
import { entityTag } from './settingsValue';
import { type Snapshot, readSnapshot, sameSnapshot, snapshotReader } from './snapshot';

/** What this folder needs from others. */
export interface ProxyParts {
  readonly registry: Registry;
  /** The SID that this process runs as. */
  readonly ownSid: string;
  /** Where backups are kept, and the note of the change under way; must exist. */
  readonly dataDir: string;
  readonly record: ChangeSink;
  /** Whether the journal has an entry with this id. */
  readonly recorded: Recorded;
  /** What a copy with `restartSensor` calls once it is done and the lock is free. */
  readonly restartSensor: RestartSensor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The service, and the look-up that the health check uses. */
export interface OpenedProxyService extends ProxyService {
  /** What programs that run as an account are told. Errors: `context-not-found`. */
  proxyFor(id: string): Promise<ProxyInForce>;
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
  const contexts = rememberLast(ownSid);
  const reader = snapshotReader(registry);
  let closing = false;
  await pending.recover().catch(() => undefined);
  const change = (actor: Actor, plan: (situation: Situation) => ChangePlan | Promise<ChangePlan>) =>
    lock.run(async () => {
      if (closing) throw stopping();
      await pending.recover();
      const decided = await plan({ snapshot: await readSnapshot(registry), ownSid, actor });
      return { plan: decided, outcome: await writer.carryOut(decided) };
    });
  const outcomeOf = async (done: ReturnType<typeof change>) => (await done).outcome;
  return {
    contexts: async (source) => contexts(await reader.read(), source),
    context: async (id) => showOneContext(await reader.read(), ownSid, id),
    proxyFor: async (id) => proxyInForce(await reader.read(), ownSid, id),
    copy: async (request, actor) => {
      const outcome = await outcomeOf(change(actor, (situation) => planCopy(situation, request)));
      return restartAfterCopy(outcome, request, { actor, restartSensor: parts.restartSensor });
    },
    put: async (id, request, ifMatch, actor) => {
      const done = await change(actor, (situation) => planPut(situation, request, { id, ifMatch }));
      return { outcome: done.outcome, etag: etagAfter(done.plan) };
    },
    remove: (id, request, ifMatch, actor) =>
      outcomeOf(change(actor, (situation) => planRemoval(situation, request, { id, ifMatch }))),
    restore: (backupId, request, actor) =>
      outcomeOf(
        change(actor, async (situation) => planRestore(situation, request, await backups.read(backupId))),
      ),
    backups: (page) => backups.page(page),
    backup: (id) => backups.get(id),
    backupFile: (id) => backups.file(id),
    close: async () => {
      closing = true;
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
function rememberLast(ownSid: string): (snapshot: Snapshot, source: string | undefined) => ProxyContexts {
  let last: {
    readonly snapshot: Snapshot;
    readonly source: string | undefined;
    readonly shown: ProxyContexts;
  } | null = null;
  return (snapshot, source) => {
    if (last === null || last.source !== source || !sameSnapshot(last.snapshot, snapshot)) {
      last = { snapshot, source, shown: showContexts(snapshot, ownSid, source) };
    }
    return last.shown;
  };
}
