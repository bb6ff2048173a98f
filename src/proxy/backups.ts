import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeUnfinishedWrites, syncFolder, writeFileDurably } from '../lib/durableFile';
import { DomainError, messageOf, systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { decodeCursor, encodeCursor } from '../lib/cursor';
import { isRecordId, timeOfRecordId } from '../lib/recordId';
import { type RegFileSection, formatRegFile, parseRegFile } from '../registry/regfile/format';
import type { Backup, BackupPage, BackupValue } from './model';
import type { PageRequest } from './proxyService';

/** How many backups there are, and when the newest and the oldest were made (RFC 3339; null without one). */
export interface BackupSummary {
  readonly count: number;
  readonly newestAt: string | null;
  readonly oldestAt: string | null;
}

/**
 * What was saved before each change: `<id>.reg`, which Windows' own `reg import` replays, and `<id>.json`, its manifest with
 * the file's SHA-256. The manifest is written last, so that a backup without one was never finished and never used.
 */
export class BackupStore {
  private constructor(
    private readonly folder: string,
    private readonly logger: Logger,
  ) {}

  /** Opens the store in `<dataDir>/backups`, making the folder. */
  static async open(dataDir: string, logger: Logger): Promise<BackupStore> {
    const folder = path.join(dataDir, 'backups');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removeUnfinishedWrites(folder);
    return new BackupStore(folder, logger);
  }

  /** Saves sections; when it resolves they are on the disk. Errors: `backup-failed`, and nothing was changed then. */
  async save(
    facts: Omit<Backup, 'sha256' | 'sizeBytes'>,
    sections: readonly RegFileSection[],
  ): Promise<Backup> {
    const file = formatRegFile(sections);
    const backup: Backup = { ...facts, sha256: sha256(file), sizeBytes: file.length };
    try {
      await writeFileDurably(this.fileOf(backup.id, 'reg'), file);
      await writeFileDurably(this.fileOf(backup.id, 'json'), JSON.stringify(backup, null, 2) + '\n');
    } catch (cause) {
      await this.forget(backup.id);
      throw new DomainError(
        'unavailable',
        'backup-failed',
        `The backup could not be written (${systemCodeOf(cause) ?? 'unknown reason'}), so nothing was changed. Make room and check the rights on the data folder.`,
        { cause },
      );
    }
    return backup;
  }

  /** Newest first. A backup whose manifest cannot be read is left out and logged. Errors: `cursor-invalid`. */
  async page({ limit, cursor }: PageRequest): Promise<BackupPage> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor, isRecordId);
    const ids = (await this.ids()).filter((id) => before === undefined || id < before);
    const wanted = ids.slice(0, limit);
    const read = await Promise.all(wanted.map((id) => this.readable(id)));
    const last = wanted.at(-1);
    return {
      items: read.filter((backup) => backup !== undefined),
      next: last !== undefined && ids.length > limit ? encodeCursor(last) : null,
    };
  }

  /** How many there are, and when the newest and the oldest were made, from their names. Errors: `backups-unavailable`. */
  async summary(): Promise<BackupSummary> {
    const ids = await this.ids();
    const at = (id: string | undefined): string | null => (id === undefined ? null : timeOfRecordId(id));
    return { count: ids.length, newestAt: at(ids[0]), oldestAt: at(ids.at(-1)) };
  }

  /** Of all that have a manifest, newest first. Errors: `backups-unavailable`. */
  async ids(): Promise<readonly string[]> {
    return (await this.fileNames())
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .filter(isRecordId)
      .sort()
      .reverse();
  }

  /** Takes back what was saved for a change that was not begun: on a full disk each try would leave a file. Never rejects. */
  async forget(id: string): Promise<void> {
    await this.remove([id]).catch((error: unknown) => {
      this.logger.error('a backup that is of no change could not be removed', {
        backupId: id,
        reason: systemCodeOf(error) ?? 'unknown reason',
      });
    });
  }

  /** Deletes backups for good, those that are half gone too: manifests first. Errors: the system's, after as many as can go. */
  async remove(ids: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (const id of ids.filter(isRecordId)) {
      try {
        await rm(this.fileOf(id, 'json'), { force: true });
        await rm(this.fileOf(id, 'reg'), { force: true });
      } catch (error) {
        failures.push(error);
      }
    }
    await syncFolder(this.folder);
    if (failures.length > 0) throw failures[0];
  }

  /** Errors: `backup-not-found`, `backup-damaged`. */
  async get(id: string): Promise<Backup> {
    if (!isRecordId(id)) throw notFound();
    let text: string;
    try {
      text = await readFile(this.fileOf(id, 'json'), 'utf8');
    } catch (cause) {
      throw systemCodeOf(cause) === 'ENOENT' ? notFound() : damaged('its manifest cannot be read', cause);
    }
    return parseManifest(id, text);
  }

  /** The `.reg` file, its hash checked. Errors: `backup-not-found`, `backup-damaged`. */
  async file(id: string): Promise<Buffer> {
    return this.content(await this.get(id));
  }

  /** The manifest, and what the file would put back. Errors: as {@link file}. */
  async read(
    id: string,
  ): Promise<{ readonly manifest: Backup; readonly sections: readonly RegFileSection[] }> {
    const manifest = await this.get(id);
    const file = await this.content(manifest);
    try {
      return { manifest, sections: parseRegFile(file) };
    } catch (cause) {
      throw damaged('its file does not parse', cause);
    }
  }

  private async content(manifest: Backup): Promise<Buffer> {
    let file: Buffer;
    try {
      file = await readFile(this.fileOf(manifest.id, 'reg'));
    } catch (cause) {
      // Deleted by rule since its manifest was read: then that is gone too.
      if (systemCodeOf(cause) === 'ENOENT') await this.get(manifest.id);
      throw damaged('its file cannot be read', cause);
    }
    if (sha256(file) !== manifest.sha256) {
      throw damaged('its file does not have the SHA-256 that its manifest states');
    }
    return file;
  }

  private async fileNames(): Promise<readonly string[]> {
    try {
      return await readdir(this.folder);
    } catch (cause) {
      const detail = `The backups cannot be listed (${systemCodeOf(cause) ?? 'unknown reason'}). Check the data folder.`;
      throw new DomainError('unavailable', 'backups-unavailable', detail, { cause });
    }
  }

  private async readable(id: string): Promise<Backup | undefined> {
    try {
      return await this.get(id);
    } catch (error) {
      this.logger.error('a backup cannot be read', { backupId: id, reason: messageOf(error) });
      return undefined;
    }
  }

  private fileOf(id: string, extension: 'reg' | 'json'): string {
    return path.join(this.folder, `${id}.${extension}`);
  }
}

function parseManifest(id: string, text: string): Backup {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw damaged('its manifest is not JSON', cause);
  }
  if (!isBackup(manifest) || manifest.id !== id) throw damaged('its manifest lacks what it must state');
  return manifest;
}

function isBackup(value: unknown): value is Backup {
  if (typeof value !== 'object' || value === null) return false;
  const { id, createdAt, kind, sha256: hash, values } = value as Partial<Record<keyof Backup, unknown>>;
  return (
    [id, createdAt, kind].every((field) => typeof field === 'string') &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    Array.isArray(values) &&
    values.length > 0 &&
    values.every(isBackupValue)
  );
}

function isBackupValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { context, sid, key, state } = value as Partial<Record<keyof BackupValue, unknown>>;
  return (
    [context, sid, key].every((field) => typeof field === 'string') &&
    (state === 'present' || state === 'absent')
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function notFound(): DomainError {
  return new DomainError(
    'notFound',
    'backup-not-found',
    'No backup has this id, or it was deleted by rule: GET /changes has an entry of the kind backupsDeleted then. GET /proxy/backups lists those that there are.',
  );
}

function damaged(what: string, cause?: unknown): DomainError {
  return new DomainError(
    'unprocessable',
    'backup-damaged',
    `The backup cannot be used: ${what}. Nothing was changed. Use another backup, or set the proxy anew.`,
    { cause },
  );
}
