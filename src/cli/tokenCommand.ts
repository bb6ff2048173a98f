/** `sensorproxy token …`: gives out tokens and takes them back, in the data folder. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Scope, scopeNamed, SCOPES } from '../auth/scopes';
import {
  isTokenName,
  newToken,
  readTokenFile,
  tokenFileIn,
  tokenHash,
  writeTokenFile,
} from '../auth/tokenFile';
import { hasExpired } from '../auth/tokenStore';
import { readTokenUse } from '../auth/tokenUse';
import type { Clock } from '../lib/clock';
import { DomainError, systemCodeOf } from '../lib/errors';
import { acquireFileLock, type FileLock, FileLockedError } from '../lib/fileLock';
import { CommandRefusal, type CommandResult } from './commandResult';

/** What `token create` is told, as it was typed. */
export interface TokenWish {
  readonly name: string;
  readonly scope: string;
  /** Such as `90d` or `12h`; undefined for one that does not expire. */
  readonly expires: string | undefined;
}

interface Place {
  readonly dataDir: string;
  readonly clock: Clock;
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };
const MAX_DAYS = 3660;
const LOCK_TRIES = 100;
const LOCK_PAUSE_MS = 50;

/** Makes a token and shows it, this once. Errors: `CommandRefusal` for a wish that cannot be met. */
export async function createToken(wish: TokenWish, { dataDir, clock }: Place): Promise<CommandResult> {
  const scope = requireScope(wish.scope);
  if (!isTokenName(wish.name)) {
    throw invalid(
      'The name takes 1 to 64 letters, digits, dots, hyphens and underscores, and is not admin or sensorproxy.',
    );
  }
  const expiresAt = wish.expires === undefined ? null : expiry(wish.expires, clock);
  const token = newToken();
  await changing(dataDir, async (file) => {
    const records = await readTokenFile(file);
    if (records.some(({ name }) => name.toLowerCase() === wish.name.toLowerCase())) {
      throw invalid(`There is a token of the name ${wish.name}. Revoke it, or take another name.`);
    }
    const record = { name: wish.name, sha256: tokenHash(token), scope, createdAt: clock.now(), expiresAt };
    await writeTokenFile(file, [...records, record]);
  });
  const end = expiresAt === null ? 'It does not expire.' : `It expires at ${expiresAt}.`;
  return {
    exitCode: 0,
    lines: [token, `This is shown once: only its hash is kept. Scope ${scope}. ${end}`],
  };
}

/** Shows the tokens that were given out, and when each was used last. */
export async function listTokens({ dataDir, clock }: Place): Promise<CommandResult> {
  const records = await readTokenFile(tokenFileIn(dataDir));
  if (records.length === 0) return { exitCode: 0, lines: ['No token was given out.'] };
  const used = await readTokenUse(dataDir);
  const rows = records.map((record) => [
    record.name,
    record.scope,
    record.createdAt,
    record.expiresAt === null
      ? 'never'
      : `${record.expiresAt}${hasExpired(record, clock) ? ' (expired)' : ''}`,
    used.get(record.sha256) ?? 'never',
  ]);
  return { exitCode: 0, lines: table([['NAME', 'SCOPE', 'CREATED', 'EXPIRES', 'LAST USE'], ...rows]) };
}

/** Takes a token back. A service that runs lets it in no more within a second. */
export async function revokeToken(name: string, { dataDir }: Place): Promise<CommandResult> {
  await changing(dataDir, async (file) => {
    const records = await readTokenFile(file);
    const left = records.filter((record) => record.name !== name);
    if (left.length === records.length)
      throw invalid('There is no token of this name: sensorproxy token list.');
    await writeTokenFile(file, left);
  });
  return { exitCode: 0, lines: [`The token ${name} is revoked.`] };
}

/** One command at a time. Nothing makes a data folder here: a wrong path would go unnoticed. */
async function changing(dataDir: string, work: (file: string) => Promise<void>): Promise<void> {
  try {
    await access(dataDir);
  } catch (cause) {
    const detail = `The data folder cannot be used (${systemCodeOf(cause) ?? 'unknown reason'}). Start the service once, or give --data-dir.`;
    throw new DomainError('unavailable', 'data-dir-unusable', detail, { cause });
  }
  try {
    const lock = await patientLock(path.join(dataDir, 'tokens'));
    try {
      await work(tokenFileIn(dataDir));
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (error instanceof DomainError || error instanceof CommandRefusal) throw error;
    const detail = `The tokens cannot be written (${systemCodeOf(error) ?? 'unknown reason'}); they are as they were. Make room and check the rights on the data folder.`;
    throw new DomainError('unavailable', 'token-file-unusable', detail, { cause: error });
  }
}

/** Another command is done in no time. */
async function patientLock(file: string): Promise<FileLock> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await acquireFileLock(file);
    } catch (error) {
      if (!(error instanceof FileLockedError)) throw error;
      if (tries === LOCK_TRIES) throw invalid('Another sensorproxy token command is under way. Try again.');
      await pause(LOCK_PAUSE_MS);
    }
  }
}

function requireScope(text: string): Scope {
  const scope = scopeNamed(text);
  if (scope === undefined) throw invalid(`The scope is one of ${SCOPES.join(', ')}.`);
  return scope;
}

function expiry(text: string, clock: Clock): string {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  if (ms === 0 || ms > MAX_DAYS * 86_400_000)
    throw invalid('The expiry is hours or days, such as 12h or 90d; 3660d at most.');
  return new Date(Date.parse(clock.now()) + ms).toISOString();
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function invalid(detail: string): CommandRefusal {
  return new CommandRefusal(detail);
}
