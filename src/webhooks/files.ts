/** The files of webhooks: `<dataDir>/webhooks/<id>.json`, and `<id>.dead.json` with what was given up. Secrets are in them. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeUnfinishedWrites, syncFolder, writeFileDurably } from '../lib/durableFile';
import { systemCodeOf } from '../lib/errors';
import type { QueuedDelivery, StoredWebhook } from './stored';

/** What a webhook's files hold. */
export interface WebhookFile {
  readonly webhook: StoredWebhook;
  readonly dead: readonly QueuedDelivery[];
}

/** The folder. Everything rejects with the system's error. */
export interface WebhookFiles {
  /** Those that can be read, oldest first; `damaged` is told the names of the others, which stay as they are. */
  load(damaged: (file: string) => void): Promise<readonly WebhookFile[]>;
  /** When it resolves, it is on the disk. */
  write(webhook: StoredWebhook): Promise<void>;
  /** When it resolves, it is on the disk. */
  writeDead(id: string, dead: readonly QueuedDelivery[]): Promise<void>;
  remove(id: string): Promise<void>;
}

const NAME = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.json$/;
const DEAD_NAME = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.dead\.json$/;

/** Opens `<dataDir>/webhooks`, making it for this account alone. */
export async function openWebhookFiles(dataDir: string): Promise<WebhookFiles> {
  const folder = path.join(dataDir, 'webhooks');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeUnfinishedWrites(folder);
  const mainFile = (id: string) => path.join(folder, `${id}.json`);
  const deadFile = (id: string) => path.join(folder, `${id}.dead.json`);
  return {
    load: async (damaged) => {
      const names = (await readdir(folder)).sort();
      const found: WebhookFile[] = [];
      for (const name of names) {
        const id = NAME.exec(name)?.[1];
        if (id === undefined) continue;
        const webhook = (await unsealed(mainFile(id))) as StoredWebhook | null;
        const dead = (await unsealed(deadFile(id), [])) as readonly QueuedDelivery[] | null;
        if (webhook?.id !== id) damaged(name);
        else {
          if (dead === null) damaged(`${id}.dead.json`);
          found.push(reconciled({ webhook, dead: dead ?? [] }));
        }
      }
      // A deletion that was interrupted.
      for (const name of names) {
        const id = DEAD_NAME.exec(name)?.[1];
        if (id !== undefined && !names.includes(`${id}.json`)) await rm(deadFile(id), { force: true });
      }
      return found;
    },
    write: (webhook) => writeFileDurably(mainFile(webhook.id), sealed(webhook)),
    writeDead: (id, dead) => writeFileDurably(deadFile(id), sealed(dead)),
    remove: async (id) => {
      await rm(mainFile(id), { force: true });
      await syncFolder(folder);
      await rm(deadFile(id), { force: true });
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

/** Null for a file that does not hold what was written. */
async function unsealed(file: string, absent: unknown = null): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return absent;
    throw error;
  }
  try {
    const { sha256, record } = JSON.parse(text) as { sha256?: unknown; record?: unknown };
    return sha256 === hashOf(record) ? record : null;
  } catch {
    return null;
  }
}

function hashOf(record: unknown): string {
  return createHash('sha256').update(JSON.stringify(record)).digest('hex');
}
