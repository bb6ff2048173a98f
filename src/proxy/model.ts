/**
 * The shapes that the contract fixes for `/proxy/*` and `/changes`. They are plain data: the OpenAPI document is made from
 * these comments.
 */

import type { Finding } from '../wininet/findings';

/**
 * `LocalSystem`, `LocalService`, `NetworkService`, `CurrentUser`, or the SID of an account such as `S-1-5-21-…-1104`.
 * @minLength 1
 * @maxLength 256
 * @example "LocalSystem"
 */
export type ContextId = string;

/** The flags field, decoded. They alone decide what is in force. */
export interface SettingsFlags {
  /** Connect directly when nothing else applies. WinINET honours a proxy only beside it. */
  readonly direct: boolean;
  /** The static proxy is in force. */
  readonly proxy: boolean;
  /** The PAC URL is in force. */
  readonly autoConfigUrl: boolean;
  /** Auto-detect (WPAD) is in force. */
  readonly autoDetect: boolean;
}

/** Settings as stored: the strings stand here whether or not their flag is on. */
export interface ProxySettings {
  /**
   * 70 (0x46, Internet Explorer 7 and later) or 60 (0x3C).
   * @isInt
   */
  readonly version: number;
  /**
   * Raised by one at each change.
   * @isInt
   */
  readonly counter: number;
  readonly flags: SettingsFlags;
  /** The proxy list, null when empty. */
  readonly proxyServer: string | null;
  /** The bypass list's entries. */
  readonly bypassList: readonly string[];
  /** The PAC file's URL, null when empty. */
  readonly autoConfigUrl: string | null;
}

/** One account's proxy, as the registry holds it. */
export interface ProxyContext {
  readonly id: ContextId;
  readonly sid: string;
  /** The account's name, such as `NT AUTHORITY\SYSTEM`; the SID when no name is known. */
  readonly account: string;
  /** Where a person's profile is kept, from Windows' ProfileList; null for service accounts, and when it does not say. */
  readonly profilePath: string | null;
  /** The sensor's services that run as this account. */
  readonly usedBy: readonly string[];
  /** The registry key that holds `DefaultConnectionSettings`. */
  readonly key: string;
  readonly state: 'configured' | 'absent' | 'malformed';
  /** Null unless `configured`. */
  readonly settings: ProxySettings | null;
  /** The value's raw bytes in lower-case hex; null when absent, or longer than 64 KiB. */
  readonly hex: string | null;
  /** Strong entity tag, made from the raw bytes: send it as `If-Match` with `PUT` and `DELETE`. */
  readonly etag: string;
  /** With the source: `equivalent` means other bytes, the same in force. */
  readonly comparison: 'identical' | 'equivalent' | 'different' | 'absent' | 'notCompared';
  readonly findings: readonly Finding[];
}

/** Machine-wide facts that decide whether an account's own settings matter. */
export interface MachineProxy {
  /** False: policy makes WinINET read the machine's settings and ignore every account's own. */
  readonly proxySettingsPerUser: boolean;
  readonly winHttp: WinHttpProxy;
}

/** WinHTTP's proxy, which the sensor does not use. */
export interface WinHttpProxy {
  readonly state: 'configured' | 'direct' | 'absent' | 'malformed';
  readonly proxyServer: string | null;
  readonly bypassList: readonly string[];
}

/** Every account whose proxy matters on this machine. */
export interface ProxyContexts {
  /** The SID of the account that the others are compared with; null with a finding that says why. */
  readonly source: string | null;
  /** LocalSystem and LocalService both have the source's settings in force. */
  readonly inSync: boolean;
  readonly machine: MachineProxy;
  readonly contexts: readonly ProxyContext[];
  readonly findings: readonly Finding[];
}

/** Why a change is made; both go into the journal. */
export interface ChangeReason {
  /**
   * The ticket that the change belongs to.
   * @maxLength 200
   * @pattern ^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$
   * @example "CHG0031337"
   */
  readonly ticket?: string;
  /**
   * Why, in a sentence.
   * @maxLength 2000
   * @pattern ^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$
   * @example "The sensor cannot reach its service."
   */
  readonly reason?: string;
}

/** Who asks for a change, as the journal names it. */
export interface Actor {
  /** The token's name. */
  readonly name: string;
  /** The request's id. */
  readonly requestId: string | null;
  /** The id that the journal's entry of the change shall have; a new one where it is not stated. */
  readonly changeId?: string;
}

/** What to copy, whereto. */
export interface CopyRequest extends ChangeReason {
  /** The account to copy from. Without it, the account that `SENSORPROXY_DRIFT_SOURCE` names; else the signed-in user who has a proxy. */
  readonly source?: ContextId;
  /**
   * The accounts to copy to.
   * @minItems 1
   * @maxItems 64
   * @default ["LocalSystem", "LocalService"]
   */
  readonly targets?: ContextId[];
  /**
   * Go through the same checks and give the same shape of answer, but write nothing.
   * @default false
   */
  readonly dryRun?: boolean;
  /**
   * When the copy has changed something, restart the sensor, so that it notices. The copy stays when the restart fails.
   * @default false
   */
  readonly restartSensor?: boolean;
}

/**
 * One entry of a bypass list, as WinINET takes it.
 * @maxLength 2048
 * @example "*.contoso.com"
 */
export type BypassEntry = string;

/** What to set. A field that is absent or null is switched off and emptied. */
export interface PutSettingsRequest extends ChangeReason {
  /**
   * The proxy list as WinINET takes it: `host:port`, or `http=a:80;https=b:443`. Null: no proxy.
   * @maxLength 8192
   * @example "proxy.contoso.com:8080"
   */
  readonly proxyServer?: string | null;
  /**
   * Hosts that are reached without the proxy.
   * @maxItems 1024
   * @example ["*.contoso.com", "<local>"]
   */
  readonly bypassList?: BypassEntry[];
  /**
   * The PAC file's URL. Null: none.
   * @maxLength 8192
   */
  readonly autoConfigUrl?: string | null;
  /**
   * Whether to look for a proxy by WPAD.
   * @default false
   */
  readonly autoDetect?: boolean;
  /** @default false */
  readonly dryRun?: boolean;
}

/** How a backup is put back. */
export interface RestoreRequest extends ChangeReason {
  /** @default false */
  readonly dryRun?: boolean;
}

/** The account that settings were copied from. */
export interface ChangeSource {
  readonly id: ContextId;
  readonly sid: string;
}

/** What a change did, or would do, to one account. */
export interface ChangeResult {
  readonly target: ContextId;
  readonly changed: boolean;
  /** Null: there was nothing, or nothing that can be decoded. */
  readonly before: ProxySettings | null;
  /** Null: there is nothing now, or nothing that can be decoded. */
  readonly after: ProxySettings | null;
}

/** The answer to whatever changes settings: copy, put, delete, restore. */
export interface ChangeOutcome {
  /** The journal's entry; null when nothing changed or on a dry run. */
  readonly changeId: string | null;
  readonly changed: boolean;
  /** Whether this only says what would happen. */
  readonly dryRun: boolean;
  /** Whom the settings come from; null unless they were copied. */
  readonly source: ChangeSource | null;
  /** What was saved before; null when nothing was written. */
  readonly backupId: string | null;
  readonly results: readonly ChangeResult[];
  /** Whether a running sensor may need a restart to notice. It is never restarted unasked; false when it has been. */
  readonly restartRecommended: boolean;
  /** The restart that a copy with `restartSensor` made; null when none was asked for, nothing changed, or on a dry run. */
  readonly sensorRestart: SensorRestartOutcome | null;
  readonly findings: readonly Finding[];
}

/** How the restart of the sensor after a copy ended. The copy stands either way. */
export interface SensorRestartOutcome {
  readonly status: 'restarted' | 'failed';
  /** The journal's entry of the restart; null when there is none. */
  readonly changeId: string | null;
  /** The code of the problem that `POST /sensor/restart` would have answered with; null without one. */
  readonly code: string | null;
  /** What happened, for a person. */
  readonly detail: string;
}

/** What caused a backup or a change. */
export type ChangeKind = 'copy' | 'put' | 'delete' | 'restore';

/** One saved value. */
export interface BackupValue {
  readonly context: ContextId;
  readonly sid: string;
  readonly key: string;
  /** `present`: the bytes are in the file. `absent`: the file deletes the value. */
  readonly state: 'present' | 'absent';
}

/** What was saved before a change. */
export interface Backup {
  readonly id: string;
  /** When, RFC 3339 UTC. */
  readonly createdAt: string;
  /** The operation that it was made for. */
  readonly kind: ChangeKind;
  readonly actor: string;
  readonly ticket: string | null;
  readonly reason: string | null;
  readonly values: readonly BackupValue[];
  /** SHA-256 of the `.reg` file, lower-case hex. */
  readonly sha256: string;
  /**
   * Size of the `.reg` file in bytes.
   * @isInt
   */
  readonly sizeBytes: number;
}

/** One page of backups, newest first. */
export interface BackupPage {
  readonly items: readonly Backup[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** One account's part of a change. */
export interface ChangedContext {
  readonly context: ContextId;
  readonly sid: string;
  readonly account: string;
  readonly beforeHex: string | null;
  readonly afterHex: string | null;
  readonly before: ProxySettings | null;
  readonly after: ProxySettings | null;
}

/** The journal's entry of a change of settings: who, when, why, before and after. */
export interface Change {
  readonly id: string;
  /** When, RFC 3339 UTC. */
  readonly at: string;
  readonly kind: ChangeKind;
  readonly actor: string;
  readonly requestId: string | null;
  readonly ticket: string | null;
  readonly reason: string | null;
  /** Whom the settings were copied from; null unless they were. */
  readonly source: ChangeSource | null;
  readonly backupId: string;
  /**
   * `rolledBack`: a target failed, or the service ended in the middle, and all were put back. `rollbackFailed`: not all
   * could be put back.
   */
  readonly outcome: 'applied' | 'rolledBack' | 'rollbackFailed';
  /** What failed; null when it was applied. */
  readonly failure: string | null;
  /** The backup that was put back; null unless this is a restore. */
  readonly restoredBackupId: string | null;
  readonly contexts: readonly ChangedContext[];
}

/** A backup that was deleted by rule, as its manifest had it. */
export interface DeletedBackup {
  readonly id: string;
  /** When it was made, RFC 3339 UTC. */
  readonly createdAt: string;
  /** `number`: there were more than are kept. `age`: it was older than backups are kept. */
  readonly because: 'number' | 'age';
  /** The accounts whose values it held. */
  readonly contexts: readonly ContextId[];
  /** SHA-256 of the `.reg` file, lower-case hex. */
  readonly sha256: string;
}

/** The journal's entry of a deletion of backups by rule (docs/backups.md). It is written before they go. */
export interface BackupsDeleted {
  readonly id: string;
  /** When, RFC 3339 UTC. */
  readonly at: string;
  readonly kind: 'backupsDeleted';
  /** `sensorproxy`: nobody asked for it. */
  readonly actor: string;
  readonly requestId: string | null;
  readonly ticket: string | null;
  /** The rule, in a sentence. */
  readonly reason: string | null;
  readonly outcome: 'applied';
  /**
   * How many backups are kept: `SENSORPROXY_BACKUPS_KEEP` as it was.
   * @isInt
   */
  readonly keep: number;
  /**
   * How many days they are kept: `SENSORPROXY_BACKUPS_DAYS` as it was.
   * @isInt
   */
  readonly days: number;
  /** What was deleted, oldest first. */
  readonly backups: readonly DeletedBackup[];
}
