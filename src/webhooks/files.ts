/**
 * The files of webhooks: `<dataDir>/webhooks/<id>.json`, `<id>.dead.json` with what was given up, and, while a change is being
 * recorded, `<id>.next.json` with what it leaves. Secrets are in them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeUnfinishedWrites, syncFolder, writeFileDurably } from '../lib/durableFile';
import { systemCodeOf } from '../lib/errors';
import type { QueuedDelivery, StoredWebhook } from './stored';

/** What a webhook's files hold. */
export interface WebhookFile {
  readonly webhook: StoredWebhook;
  readonly dead: readonly QueuedDelivery[];
}

/** What a change that the journal has to have will leave. */
export interface WebhookCommit {
  readonly id: string;
  /** The journal's entry of it. */
  readonly entryId: string;
  /** Null: the webhook is gone. */
  readonly webhook: StoredWebhook | null;
}

/** How {@link WebhookFiles.load} goes about it. */
export interface LoadParts {
  /** Whether the journal has an entry with this id: then the change was made, else it was not. */
  readonly recorded: (entryId: string) => Promise<boolean>;
  /** Is told of a webhook whose file cannot be used: it is left as it is. */
  readonly damaged: (id: string, file: string, reason: string) => void;
  /** Is told of a file of dead deliveries that could not be used, and of its new name. */
  readonly setAside: (file: string, as: string) => void;
}

/** The folder. Everything rejects with the system's error. */
export interface WebhookFiles {
  /**
   * Those that can be used, oldest first; the others stay as they are. Finishes or drops changes that were interrupted. Rejects
   * when the folder cannot be read.
   */
  load(parts: LoadParts): Promise<readonly WebhookFile[]>;
  /** When it resolves, it is on the disk. */
  write(webhook: StoredWebhook): Promise<void>;
  /** When it resolves, it is on the disk. */
  writeDead(id: string, dead: readonly QueuedDelivery[]): Promise<void>;
  /**
   * Makes a change that the journal has to have: on the disk before `record` is called, made when that resolves. Rejects, also
   * with the error of `record`, when nothing has changed. False: it is made, but the webhook's own file is behind; the next
   * {@link write} or start brings it up.
   */
  commit(change: WebhookCommit, record: () => Promise<void>): Promise<boolean>;
}

const NAME = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.json$/;
const DEAD_NAME = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.dead\.json$/;
/** Why a file cannot be used. */
const UNFIT = 'it does not hold what was written';
const NEXT_NAME = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.next\.json$/;

/** Opens `<dataDir>/webhooks`, making it for this account alone. */
export async function openWebhookFiles(dataDir: string): Promise<WebhookFiles> {
  const folder = path.join(dataDir, 'webhooks');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeUnfinishedWrites(folder);
  const mainFile = (id: string) => path.join(folder, `${id}.json`);
  const deadFile = (id: string) => path.join(folder, `${id}.dead.json`);
  const nextFile = (id: string) => path.join(folder, `${id}.next.json`);
  /** Changes that are made, with the webhook's own file behind. */
  const behind = new Map<string, WebhookCommit>();
  const apply = async ({ id, webhook }: WebhookCommit): Promise<void> => {
    if (webhook !== null) await writeFileDurably(mainFile(id), sealed(webhook));
    else {
      await rm(mainFile(id), { force: true });
      await syncFolder(folder);
      await rm(deadFile(id), { force: true });
    }
    await rm(nextFile(id), { force: true });
  };
  /** Finishes or drops a change that was interrupted, where it can be told which; gives a change whose file stays behind. */
  const settle = async (
    id: string,
    recorded: LoadParts['recorded'],
  ): Promise<WebhookCommit | null | 'unknown'> => {
    const change = (await unsealed(nextFile(id))).record as WebhookCommit | undefined;
    if (change?.id !== id) return 'unknown';
    const isMade = await recorded(change.entryId).catch(() => undefined);
    if (isMade === undefined) return 'unknown';
    try {
      await (isMade ? apply(change) : rm(nextFile(id), { force: true }));
      return null;
    } catch {
      if (!isMade) return null;
      behind.set(id, change);
      return change;
    }
  };
  /** Null, and told, for a webhook that cannot be used. */
  const read = async (
    id: string,
    late: StoredWebhook | undefined,
    { damaged, setAside }: LoadParts,
  ): Promise<WebhookFile | null> => {
    const own: Unsealed = late === undefined ? await unsealed(mainFile(id)) : { record: late };
    const webhook = own.record as StoredWebhook | undefined;
    if (webhook?.id !== id) {
      damaged(id, `${id}.json`, own.reason ?? UNFIT);
      return null;
    }
    const { record: dead = [], reason } = await unsealed(deadFile(id));
    if (reason === undefined || reason === 'ENOENT')
      return reconciled({ webhook, dead: dead as readonly QueuedDelivery[] });
    // The next write of dead deliveries would replace it.
    const as = `${id}.dead.damaged-${randomBytes(4).toString('hex')}.json`;
    try {
      await rename(deadFile(id), path.join(folder, as));
      await syncFolder(folder);
    } catch {
      damaged(id, `${id}.dead.json`, reason);
      return null;
    }
    setAside(`${id}.dead.json`, as);
    return { webhook, dead: [] };
  };
  return {
    load: async (parts) => {
      // What counts in place of a webhook's own file; null: nothing.
      const instead = new Map<string, StoredWebhook | null>();
      for (const name of await readdir(folder)) {
        const id = NEXT_NAME.exec(name)?.[1];
        if (id === undefined) continue;
        const change = await settle(id, parts.recorded);
        if (change === 'unknown')
          parts.damaged(id, name, 'it cannot be told whether the journal has the change');
        if (change !== null) instead.set(id, change === 'unknown' ? null : change.webhook);
      }
      const names = await readdir(folder);
      const ids = new Set([...names.flatMap((name) => NAME.exec(name)?.[1] ?? []), ...instead.keys()]);
      const found: WebhookFile[] = [];
      for (const id of [...ids].sort()) {
        const late = instead.get(id);
        if (late === null) continue;
        const file = await read(id, late, parts);
        if (file !== null) found.push(file);
      }
      // A deletion that was interrupted.
      for (const name of names) {
        const id = DEAD_NAME.exec(name)?.[1];
        if (id !== undefined && !ids.has(id)) await rm(deadFile(id), { force: true }).catch(() => undefined);
      }
      return found;
    },
    write: async (webhook) => {
      const { id } = webhook;
      await writeFileDurably(mainFile(id), sealed(webhook));
      if (!behind.has(id)) return;
      await rm(nextFile(id), { force: true });
      behind.delete(id);
    },
    writeDead: (id, dead) => writeFileDurably(deadFile(id), sealed(dead)),
    commit: async (change, record) => {
      const { id } = change;
      const late = behind.get(id);
      if (late !== undefined) await apply(late);
      behind.delete(id);
      try {
        await writeFileDurably(nextFile(id), sealed(change));
        await record();
      } catch (error) {
        // Where it stays, it is without an entry, and dropped by the next start.
        await rm(nextFile(id), { force: true }).catch(() => undefined);
        throw error;
      }
      try {
        await apply(change);
        return true;
      } catch {
        behind.set(id, change);
        return false;
      }
    },
  };
}

/**
 * A delivery that dies is written as dead before it is taken out of the queue, and a replayed one the other way round: what
 * an end in between has left in both files counts by its round.
 */
function reconciled({ webhook, dead }: WebhookFile): WebhookFile {
  const roundOf = (list: readonly QueuedDelivery[], id: string) =>
    list.find((one) => one.id === id)?.round ?? -1;
  return {
    webhook: { ...webhook, pending: webhook.pending.filter((one) => roundOf(dead, one.id) < one.round) },
    dead: dead.filter((one) => roundOf(webhook.pending, one.id) <= one.round),
  };
}

function sealed(record: unknown): string {
  return JSON.stringify({ sha256: hashOf(record), record }) + '\n';
}

/** What a file holds; else why that cannot be told. */
interface Unsealed {
  readonly record?: unknown;
  readonly reason?: string;
}

async function unsealed(file: string): Promise<Unsealed> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return { reason: systemCodeOf(error) ?? 'unknown reason' };
  }
  try {
    const { sha256, record } = JSON.parse(text) as { sha256?: unknown; record?: unknown };
    return sha256 === hashOf(record) ? { record } : { reason: UNFIT };
  } catch {
    return { reason: UNFIT };
  }
}

function hashOf(record: unknown): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
