/** The tokens that open the service: the administrator's own, and those that were given out. */
import { statSync } from 'node:fs';
import type { Clock } from '../lib/clock';
import { messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { openAdminToken } from './adminToken';
import type { Scope } from './scopes';
import { readTokenFile, tokenFileIn, tokenHash, type TokenRecord } from './tokenFile';
import { readTokenUse, writeTokenUse } from './tokenUse';

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

interface Parts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens the tokens of a data folder. Errors: `token-file-malformed`, `token-file-unusable`. */
export async function openTokenStore(dataDir: string, { clock, logger }: Parts): Promise<TokenStore> {
  const admin = await openAdminToken(dataDir);
  const file = tokenFileIn(dataDir);
  // Null: not read as it is now.
  let seen: string | null = stampOf(file);
  let known = byHash(await readTokenFile(file));
  const used = await readTokenUse(dataDir);
  let unsaved = false;
  const reload = async (): Promise<void> => {
    try {
      const stamp = stampOf(file);
      if (stamp === seen) return;
      known = byHash(await readTokenFile(file));
      seen = stamp;
      logger.info('the tokens have been read again', { tokens: known.size });
    } catch (error) {
      // What was revoked meanwhile is not known: nobody but the administrator gets in, until it can be read again.
      known = new Map();
      if (seen !== null) {
        logger.error('the tokens cannot be read; only the administrator is let in', {
          reason: messageOf(error),
        });
      }
      seen = null;
    }
  };
  const saveUse = async (): Promise<void> => {
    if (!unsaved) return;
    unsaved = false;
    // Only while it is known which tokens there are.
    if (seen !== null) for (const hash of [...used.keys()]) if (!known.has(hash)) used.delete(hash);
    await writeTokenUse(dataDir, used).catch((error: unknown) => {
      unsaved = true;
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
      used.set(record.sha256, clock.now());
      unsaved = true;
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

function byHash(records: readonly TokenRecord[]): Map<string, TokenRecord> {
  return new Map(records.map((record) => [record.sha256, record]));
}

/** Changes whenever the file does: it is replaced as a whole. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'none' : `${stat.ino}.${stat.mtimeNs}.${stat.size}`;
}
