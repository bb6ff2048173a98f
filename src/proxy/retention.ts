import { createHash } from 'node:crypto';
import { access, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../lib/clock';
import { syncFolder, writeFileDurably } from '../lib/durableFile';
import { DomainError, messageOf, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { newRecordId, timeOfRecordId } from '../lib/recordId';
import type { BackupStore } from './backups';
import { isBackupsDeleted } from './deletedBackups';
import type { Recorded } from './interrupted';
import type { Backup, BackupsDeleted, DeletedBackup } from './model';

/** Which backups are kept. Each of the two is a limit by itself; docs/backups.md has what is kept nevertheless. */
export interface RetentionRule {
  readonly keep: number;
  readonly days: number;
}

/** Where deletions are recorded: `compose` joins it to the journal. Rejects when the record is not on the disk. */
export type DeletionSink = (entry: BackupsDeleted) => Promise<void>;

const DAY_MS = 24 * 60 * 60 * 1000;
/** Bounds one run, and one entry of the journal; the oldest go first, the rest at the next run. */
const MAX_AT_ONCE = 100;
/** Listing the folder for each of many changes would cost more than what it finds. */
const RUN_EVERY_MS = 60_000;
/** While one of these is there, a change may need any backup. */
const CHANGES_UNSETTLED = ['pending.json', 'pending.damaged.json'];

/**
 * Deletes the backups that are past the rule. In this order: `<dataDir>/deleting.json` says what shall go; the journal has the
 * entry; the files go; the note goes. So a run that was interrupted is either forgotten (not in the journal) or finished by
 * the next, and nothing is deleted that the journal does not tell of. The caller holds the lock.
 */
export class BackupRetention {
  private readonly note: string;
  private lastRunMs: number | undefined;
  /** What each manifest lists, which never changes. */
  private readonly contextsOf = new Map<string, readonly string[]>();

  constructor(
    private readonly parts: {
      readonly dataDir: string;
      readonly backups: BackupStore;
      readonly rule: RetentionRule;
      readonly record: DeletionSink;
      readonly recorded: Recorded;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {
    this.note = path.join(parts.dataDir, 'deleting.json');
  }

  /** Whether the last run is long enough ago. */
  isDue(): boolean {
    return this.lastRunMs === undefined || this.parts.clock.monotonicMs() - this.lastRunMs >= RUN_EVERY_MS;
  }

  /** Deletes what is past the rule. Never rejects: what fails is logged and tried again by the next run. */
  async run(): Promise<void> {
    this.lastRunMs = this.parts.clock.monotonicMs();
    try {
      if (await this.isUnsettled()) return;
      await this.finishLast();
      const backups = await this.pastTheRule();
      if (backups.length > 0) await this.carryOut(this.entryOf(backups));
    } catch (error) {
      this.parts.logger.error('backups that are past the rule could not be deleted; it is tried again', {
        reason: error instanceof DomainError ? error.detail : (systemCodeOf(error) ?? messageOf(error)),
      });
    }
  }

  private async isUnsettled(): Promise<boolean> {
    for (const name of CHANGES_UNSETTLED) {
      try {
        await access(path.join(this.parts.dataDir, name));
        this.parts.logger.warn('no backup is deleted while an interrupted change is not settled', { name });
        return true;
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') throw error;
      }
    }
    return false;
  }

  private async carryOut(entry: BackupsDeleted): Promise<void> {
    await writeFileDurably(this.note, JSON.stringify({ sha256: hashOf(entry), entry }) + '\n');
    await this.parts.record(entry);
    await this.removeFiles(entry);
  }

  private async removeFiles(entry: BackupsDeleted): Promise<void> {
    await this.parts.backups.remove(entry.backups.map(({ id }) => id));
    await this.dropNote();
    for (const { id } of entry.backups) this.contextsOf.delete(id);
    this.parts.logger.info('backups were deleted by rule', {
      changeId: entry.id,
      backupIds: entry.backups.map(({ id }) => id),
    });
  }

  /** A run that got as far as the journal is finished; one that did not is forgotten. */
  private async finishLast(): Promise<void> {
    let text: string;
    try {
      text = await readFile(this.note, 'utf8');
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return;
      throw error;
    }
    const entry = parseEntry(text);
    if (entry !== undefined && (await this.parts.recorded(entry.id))) await this.removeFiles(entry);
    else await this.dropNote();
  }

  private async dropNote(): Promise<void> {
    await rm(this.note, { force: true });
    await syncFolder(this.parts.dataDir);
  }

  private entryOf(backups: readonly DeletedBackup[]): BackupsDeleted {
    const { clock, rule } = this.parts;
    return {
      id: newRecordId(clock),
      at: clock.now(),
      kind: 'backupsDeleted',
      actor: 'sensorproxy',
      requestId: null,
      ticket: null,
      reason: `The newest ${rule.keep} backups are kept, for ${rule.days} days, and of each account the last.`,
      outcome: 'applied',
      ...rule,
      backups,
    };
  }

  /** Oldest first. What cannot be read is no candidate: nobody could say what is lost with it. */
  private async pastTheRule(): Promise<readonly DeletedBackup[]> {
    const { keep, days } = this.parts.rule;
    const ids = await this.parts.backups.ids();
    const found: DeletedBackup[] = [];
    // Those of the last day do not count, or many changes would make all that was before them go.
    const old = ids.filter((id) => this.ageOf(timeOfRecordId(id)) > DAY_MS);
    for (const [index, id] of [...old.entries()].reverse()) {
      if (found.length === MAX_AT_ONCE) break;
      if (index < keep && this.ageOf(timeOfRecordId(id)) <= days * DAY_MS) continue;
      const manifest = await this.manifest(id);
      const because = manifest && this.because(index, manifest);
      if (manifest === undefined || because === undefined) continue;
      const { createdAt, sha256, values } = manifest;
      found.push({ id, createdAt, because, contexts: values.map(({ context }) => context), sha256 });
    }
    const last = await this.lastOfEach(new Set(found.flatMap(({ contexts }) => contexts)), ids);
    return found.filter(({ id }) => !last.has(id));
  }

  /** Neither a clock that was set back, which makes ages negative, nor a time that is none lets a backup go. */
  private because(index: number, { id, createdAt }: Backup): DeletedBackup['because'] | undefined {
    const { keep, days } = this.parts.rule;
    const ageMs = Math.min(this.ageOf(createdAt), this.ageOf(timeOfRecordId(id)));
    if (!(ageMs > DAY_MS)) return undefined;
    if (index >= keep) return 'number';
    return ageMs > days * DAY_MS ? 'age' : undefined;
  }

  private ageOf(time: string): number {
    return Date.parse(this.parts.clock.now()) - Date.parse(time);
  }

  /** The newest backup of each account that can be used: it stays, however old. */
  private async lastOfEach(
    contexts: ReadonlySet<string>,
    ids: readonly string[],
  ): Promise<ReadonlySet<string>> {
    const missing = new Set(contexts);
    const last = new Set<string>();
    for (const id of ids) {
      if (missing.size === 0) break;
      const own = (await this.contexts(id)).filter((context) => missing.has(context));
      if (own.length === 0 || !(await this.isUsable(id))) continue;
      last.add(id);
      for (const context of own) missing.delete(context);
    }
    return last;
  }

  private async contexts(id: string): Promise<readonly string[]> {
    const known = this.contextsOf.get(id);
    if (known !== undefined) return known;
    const contexts = (await this.manifest(id))?.values.map(({ context }) => context) ?? [];
    this.contextsOf.set(id, contexts);
    return contexts;
  }

  private isUsable(id: string): Promise<boolean> {
    return this.parts.backups.read(id).then(
      () => true,
      () => false,
    );
  }

  private manifest(id: string): Promise<Backup | undefined> {
    return this.parts.backups.get(id).catch(() => undefined);
  }
}

function parseEntry(text: string): BackupsDeleted | undefined {
  try {
    const { sha256, entry } = JSON.parse(text) as { readonly sha256?: unknown; readonly entry?: unknown };
    return isBackupsDeleted(entry) && sha256 === hashOf(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** So that nothing else goes than what the journal tells of. */
function hashOf(entry: BackupsDeleted): string {
  return createHash('sha256').update(JSON.stringify(entry)).digest('hex');
}
