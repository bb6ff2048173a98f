import type { RepairRequest } from './repair';
import type {
  Actor,
  Backup,
  BackupPage,
  ChangeOutcome,
  CopyRequest,
  ProxyContext,
  ProxyContexts,
  PutSettingsRequest,
  RestoreRequest,
} from './model';

/** A page that is asked for: `cursor` is what the last page's `next` said. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/** What the product does with proxies: the one door into this folder. */
export interface ProxyService {
  /** Every account whose proxy matters. Errors: `context-not-found` for a source that is not there. */
  contexts(source?: string): Promise<ProxyContexts>;
  /** One account. Errors: `context-not-found`. */
  context(id: string): Promise<ProxyContext>;
  /** The documented job. See {@link CopyRequest}. */
  copy(request: CopyRequest, actor: Actor): Promise<ChangeOutcome>;
  /**
   * Sets an account's settings. `ifMatch` is the header as sent, undefined when it was not; `etag` is the entity tag that
   * the account has then.
   */
  put(
    id: string,
    request: PutSettingsRequest,
    ifMatch: string | undefined,
    actor: Actor,
  ): Promise<{ readonly outcome: ChangeOutcome; readonly etag: string }>;
  /** Removes an account's settings. */
  remove(
    id: string,
    request: RestoreRequest,
    ifMatch: string | undefined,
    actor: Actor,
  ): Promise<ChangeOutcome>;
  /** Puts a backup back. */
  restore(backupId: string, request: RestoreRequest, actor: Actor): Promise<ChangeOutcome>;
  /**
   * Puts back what the last change by a person has left in the accounts that are asked for, where {@link repairable} allows it; a
   * journalled change as a copy is.
   */
  repair(request: RepairRequest, actor: Actor): Promise<ChangeOutcome>;
  /**
   * The sensor's accounts that a repair may write: the source that the settings name has in force what a person approved
   * for them. None without such a source.
   */
  repairable(): Promise<readonly string[]>;
  /** Backups, newest first. Errors: `cursor-invalid`. */
  backups(page: PageRequest): Promise<BackupPage>;
  /** One backup. Errors: `backup-not-found`. */
  backup(id: string): Promise<Backup>;
  /** A backup's `.reg` file, its hash checked. Errors: `backup-not-found`, `backup-damaged`. */
  backupFile(id: string): Promise<Buffer>;
}
