import { createHash } from 'node:crypto';
import { access, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, writeFileDurably } from '../lib/durableFile';
import { DomainError, messageOf, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Registry, RegistryValue } from '../registry/registry';
import type { BackupStore } from './backups';
import type { ChangeSink, PlannedValue } from './changes';
import { isChange } from './evidence';
import { describeAttempt } from './failedChange';
import type { Change, ChangedContext } from './model';
import { savedEntry } from './restore';
import { toHex } from './settingsValue';
import { putBack } from './writing';

/** Whether the journal has an entry with this id. */
export type Recorded = (id: string) => Promise<boolean>;

/** What is noted of the change under way. */
interface Note {
  /** The entry that the journal gets when all goes well. */
  readonly change: Change;
  /** The registry type that is written to each of its accounts; null where the value is deleted. */
  readonly types: readonly (number | null)[];
}

/** What the change wrote to one account, and what the account had before. */
interface Target {
  readonly context: ChangedContext;
  readonly type: number | null;
  readonly before: RegistryValue | undefined;
}

/**
 * The change under way, noted in `<dataDir>/pending.json` from before its first write until it is recorded. A note that is
 * found is of a change that was interrupted. The caller holds the lock.
 */
export class PendingChange {
  private readonly file: string;
  /** The id of the last change that this process began. */
  private begun: string | undefined;

  constructor(
    private readonly parts: {
      readonly dataDir: string;
      readonly registry: Registry;
      readonly backups: BackupStore;
      readonly record: ChangeSink;
      readonly recorded: Recorded;
      readonly logger: Logger;
    },
  ) {
    this.file = path.join(parts.dataDir, 'pending.json');
  }

  /** When it resolves, the note is on the disk. Errors: `backup-failed`, and nothing was changed then. */
  async begin(change: Change, values: readonly PlannedValue[]): Promise<void> {
    const note: Note = { change, types: values.map(({ after }) => after?.type ?? null) };
    this.begun = change.id;
    try {
      await writeFileDurably(this.file, JSON.stringify({ sha256: hashOf(note), ...note }) + '\n');
    } catch (cause) {
      await rm(this.file, { force: true }).catch(() => undefined);
      throw new DomainError(
        'unavailable',
        'backup-failed',
        `The change could not be noted beside its backup (${reasonOf(cause)}), so nothing was changed. Make room and check the rights on the data folder.`,
        { cause },
      );
    }
  }

  /** Whether there is a note. While no change is under way, it is of one that was interrupted. Rejects with the system's error. */
  async isNoted(): Promise<boolean> {
    try {
      await access(this.file);
      return true;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** The change is recorded, or nothing is left of it. A note that stays does no harm then: it is found to be settled. */
  async end(): Promise<void> {
    try {
      await rm(this.file, { force: true });
      await syncFolder(this.parts.dataDir);
    } catch (error) {
      this.parts.logger.error('pending.json could not be removed', { reason: reasonOf(error) });
    }
  }

  /**
   * Settles the change that a note is found of, if there is one: recorded, it was finished; otherwise it is undone and
   * recorded so. Ended at any point, it can be run again. Errors: `recovery-pending`: not now, the note stays.
   */
  async recover(): Promise<void> {
    try {
      const note = await this.read();
      if (note === undefined) return;
      if (await this.parts.recorded(note.change.id)) await this.end();
      else await this.undo(note);
    } catch (cause) {
      const reason =
        cause instanceof DomainError
          ? cause.detail
          : `pending.json in the data folder cannot be used (${reasonOf(cause)}).`;
      this.parts.logger.error('an interrupted change is not undone yet; no other is made before', { reason });
      throw new DomainError(
        'unavailable',
        'recovery-pending',
        `An earlier change was interrupted and could not be undone yet: ${reason} Of this request nothing was done. Mend the cause and repeat.`,
        { cause },
      );
    }
  }

  private async undo({ change, types }: Note): Promise<void> {
    const { registry, logger } = this.parts;
    const targets = await this.targets(change, types);
    if (targets === undefined) return;
    const hives = ((await registry.listSubkeys('HKEY_USERS')) ?? []).map((name) => name.toUpperCase());
    const left: string[] = [];
    for (const target of [...targets].reverse()) {
      const loaded = hives.includes(target.context.sid.toUpperCase());
      const why = loaded ? await this.putBack(target) : 'its registry hive is not loaded';
      if (why !== undefined) left.push(`${target.context.context} (${why})`);
    }
    const what = this.begun === change.id ? 'The journal failed' : 'The service ended';
    const end =
      left.length === 0
        ? 'every account has again what it had before.'
        : `these were not put back: ${left.join(', ')}. The backup ${change.backupId} has what they had before.`;
    const failure = `${what} in the middle of this change; ${end}`;
    await this.parts.record(await describeAttempt(registry, change, failure, left.length === 0));
    logger.warn('an interrupted change was undone', { changeId: change.id, notRestored: left });
    await this.end();
  }

  /** Why it was not put back, or undefined when the account has what it had. Errors: what may pass. */
  private async putBack({ context, type, before }: Target): Promise<string | undefined> {
    const account = { id: context.context, sid: context.sid };
    const isOurs = (now: RegistryValue | undefined): boolean =>
      toHex(now) === context.afterHex && (now?.type ?? null) === type;
    try {
      await putBack(this.parts.registry, account, before, isOurs);
      return undefined;
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'registry-unavailable') throw error;
      if (error.code === 'registry-changed') return 'somebody changed it since';
      return error.code; // Refused: trying again would change nothing.
    }
  }

  /** Undefined when the backup cannot be used; the note is moved aside then. */
  private async targets(change: Change, types: Note['types']): Promise<readonly Target[] | undefined> {
    try {
      const { sections } = await this.parts.backups.read(change.backupId);
      return change.contexts.map((context, index) => {
        const saved = savedEntry(sections, context.sid);
        if (saved === undefined) throw new Error(`the backup lacks ${context.context}`);
        return { context, type: types[index] ?? null, before: saved.value };
      });
    } catch (error) {
      await this.moveAside(messageOf(error), change);
      return undefined;
    }
  }

  /** The note, or undefined when there is none that can be read. */
  private async read(): Promise<Note | undefined> {
    let text: string;
    try {
      text = await readFile(this.file, 'utf8');
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const note = parseNote(text);
    if (note === undefined) await this.moveAside('its bytes are not those that were written');
    return note;
  }

  private async moveAside(reason: string, change?: Change): Promise<void> {
    await rename(this.file, path.join(this.parts.dataDir, 'pending.damaged.json'));
    await syncFolder(this.parts.dataDir);
    this.parts.logger.error(
      'a change was interrupted and cannot be undone: compare the accounts with the newest backup. What was noted of it is in pending.damaged.json',
      { reason, changeId: change?.id, backupId: change?.backupId },
    );
  }
}

function parseNote(text: string): Note | undefined {
  try {
    const { sha256, change, types } = JSON.parse(text) as Partial<Record<'sha256' | keyof Note, unknown>>;
    if (!isChange(change) || !Array.isArray(types)) return undefined;
    const note: Note = { change, types: types as Note['types'] };
    return sha256 === hashOf(note) ? note : undefined;
  } catch {
    return undefined;
  }
}

function hashOf({ change, types }: Note): string {
  return createHash('sha256').update(JSON.stringify({ change, types })).digest('hex');
}

/** Node's own messages hold paths. */
function reasonOf(error: unknown): string {
  return systemCodeOf(error) ?? 'unknown reason';
}
