/** The tokens that open the service: the administrator's own, and those that were given out. */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../lib/clock';
import { writeFileDurably } from '../lib/durableFile';
import { messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { openAdminToken } from './adminToken';
import type { Scope } from './scopes';
import { readTokenFile, tokenFileIn, tokenHash, type TokenRecord } from './tokenFile';

/** Whom a token stands for. */
export interface TokenHolder {
  /** The token's name, as the journal names the actor. */
  readonly name: string;
  readonly scope: Scope;
}

/** The tokens of a running service. */
export interface TokenStore {
  /**
   * The holder; undefined for a token that is wrong, has expired or was revoked. Looked up by its hash, so that the time it
   * takes tells nothing about a token.
   */
  verify(token: string): TokenHolder | undefined;
  /** The administrator's token, and whether it was made just now. */
  readonly admin: { readonly file: string; readonly created: boolean };
  /** Writes down when which token was used last. */
  close(): Promise<void>;
}

/** How often the file is looked at: a token that is revoked works no longer than this. */
const LOOK_MS = 1000;
const USE_MS = 60_000;
const USE_NAME = 'token-use.json';

interface Parts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens the tokens of a data folder. Errors: `token-file-malformed`, `token-file-unusable`. */
export async function openTokenStore(dataDir: string, { clock, logger }: Parts): Promise<TokenStore> {
  const admin = await openAdminToken(dataDir);
  const file = tokenFileIn(dataDir);
  let seen = stampOf(file);
  let known = byHash(await readTokenFile(file));
  const used = new Map<string, string>();
  const reload = async (): Promise<void> => {
    const stamp = stampOf(file);
    if (stamp === seen) return;
    seen = stamp;
    try {
      known = byHash(await readTokenFile(file));
      logger.info('the tokens have been read again', { tokens: known.size });
    } catch (error) {
      // What was revoked meanwhile is not known: nobody but the administrator gets in.
      known = new Map();
      logger.error('the tokens cannot be read; only the administrator is let in', {
        reason: messageOf(error),
      });
    }
  };
  const saveUse = async (): Promise<void> => {
    if (used.size === 0) return;
    await writeFileDurably(
      path.join(dataDir, USE_NAME),
      JSON.stringify(Object.fromEntries(used)) + '\n',
    ).catch((error: unknown) => {
      logger.warn('the last use of the tokens cannot be written', { reason: messageOf(error) });
    });
  };
  const looking = setInterval(() => void reload(), LOOK_MS).unref();
  const saving = setInterval(() => void saveUse(), USE_MS).unref();
  return {
    admin: { file: admin.file, created: admin.created },
    verify: (token) => {
      const own = admin.verify(token);
      if (own !== undefined) return { name: own.name, scope: 'admin' };
      const record = known.get(tokenHash(token));
      if (record === undefined || hasExpired(record, clock)) return undefined;
      used.set(record.name, clock.now());
      return { name: record.name, scope: record.scope };
    },
    close: async () => {
      clearInterval(looking);
      clearInterval(saving);
      await saveUse();
    },
  };
}

/** Whether a token's time is over. */
export function hasExpired({ expiresAt }: TokenRecord, clock: Clock): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.parse(clock.now());
}

/** The file that tells when each token was used last, in a data folder. */
export function tokenUseFileIn(dataDir: string): string {
  return path.join(dataDir, USE_NAME);
}

function byHash(records: readonly TokenRecord[]): Map<string, TokenRecord> {
  return new Map(records.map((record) => [record.sha256, record]));
}

/** Changes whenever the file does: it is replaced as a whole. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${stat.ino}.${stat.mtimeNs}.${stat.size}`;
}
