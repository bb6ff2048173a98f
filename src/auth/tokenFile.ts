/**
 * `tokens.json` in the data folder: the tokens that were given out, as hashes. `sensorproxy token` writes it, the service
 * reads it. Who can write the data folder can make tokens; nobody can over HTTP.
 */
import { hash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';
import { DomainError, systemCodeOf } from '../lib/errors';
import { type Scope, scopeNamed } from './scopes';

/** A token that was given out. */
export interface TokenRecord {
  /** Unique; the journal names the actor so. */
  readonly name: string;
  /** SHA-256 of the token, lower-case hex. The token has 256 random bits, so that a slow hash would add nothing. */
  readonly sha256: string;
  readonly scope: Scope;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  /** RFC 3339 UTC; null for one that does not expire. */
  readonly expiresAt: string | null;
}

const NAME = 'tokens.json';
const TOKEN_BYTES = 32;
/** Names that stand for something else in the journal. */
const RESERVED = new Set(['admin', 'sensorproxy']);

/** The file's path in a data folder. */
export function tokenFileIn(dataDir: string): string {
  return path.join(dataDir, NAME);
}

/** A new token: 256 random bits that begin with `sp_`, so that scanners of leaked secrets can find it. */
export function newToken(): string {
  return `sp_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** The hash by which a token is kept and looked up. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Whether a name may be given to a token. */
export function isTokenName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !RESERVED.has(name.toLowerCase());
}

/** The tokens of a file; none when there is no file. Errors: `token-file-malformed`, `token-file-unusable`. */
export async function readTokenFile(file: string): Promise<readonly TokenRecord[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    const detail = `${NAME} in the data folder cannot be read (${systemCodeOf(cause) ?? 'unknown reason'}).`;
    throw new DomainError('unavailable', 'token-file-unusable', detail, { cause });
  }
  return parseTokenFile(text);
}

/** Parses the file's text. Errors: `token-file-malformed`, naming the entry (counted from 1). */
export function parseTokenFile(text: string): readonly TokenRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  if (!Array.isArray(value)) throw malformed('it must be a JSON array');
  const records = value.map((entry: unknown, index) => parseRecord(entry, index + 1));
  const names = records.map(({ name }) => name.toLowerCase());
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) throw malformed(`entry ${twice + 1} has the name of an entry before it`);
  return records;
}

/** Writes the file durably. Rejects with the system's error. */
export function writeTokenFile(file: string, records: readonly TokenRecord[]): Promise<void> {
  return writeFileDurably(file, JSON.stringify(records, null, 2) + '\n');
}

function parseRecord(value: unknown, position: number): TokenRecord {
  const fields =
    typeof value === 'object' && value !== null ? (value as Partial<Record<string, unknown>>) : {};
  const { name, sha256, createdAt } = fields;
  const expiresAt = fields.expiresAt ?? null;
  const scope = typeof fields.scope === 'string' ? scopeNamed(fields.scope) : undefined;
  const fits =
    typeof name === 'string' &&
    isTokenName(name) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    isTime(createdAt) &&
    (expiresAt === null || isTime(expiresAt));
  if (!fits || scope === undefined) {
    throw malformed(
      `entry ${position} lacks name, sha256, scope, createdAt or expiresAt, or has it in another form`,
    );
  }
  return { name, sha256, scope, createdAt, expiresAt };
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT[\d:.]{8,15}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

function malformed(reason: string): DomainError {
  const detail = `${NAME} in the data folder cannot be used: ${reason}. Mend it, or delete it and give out new tokens.`;
  return new DomainError('invalid', 'token-file-malformed', detail);
}
