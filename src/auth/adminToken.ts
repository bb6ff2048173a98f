import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileDurably } from '../lib/durableFile';
import { DomainError, systemCodeOf } from '../lib/errors';

/** Whom a token stands for. */
export interface TokenHolder {
  /** The token's name, as the journal names the actor. */
  readonly name: string;
}

/** Checks bearer tokens. */
export interface TokenVerifier {
  /** The holder, or undefined for a wrong token. The time it takes tells nothing about how much of a token was right. */
  readonly verify: (token: string) => TokenHolder | undefined;
}

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43,}$/;

/**
 * The administrator's token of a data folder: read from `admin.token`, or made there (256 random bits, readable by the
 * service's account alone) at the first start. `created` says which. Errors: `token-file-malformed`, `token-file-unusable`.
 */
export async function openAdminToken(
  dataDir: string,
): Promise<TokenVerifier & { readonly file: string; readonly created: boolean }> {
  const file = path.join(dataDir, 'admin.token');
  const existing = await readToken(file);
  const token = existing ?? randomBytes(TOKEN_BYTES).toString('base64url');
  if (existing === undefined) await writeToken(file, token);
  const expected = digest(token);
  return {
    file,
    created: existing === undefined,
    verify: (candidate) => (timingSafeEqual(digest(candidate), expected) ? { name: 'admin' } : undefined),
  };
}

async function writeToken(file: string, token: string): Promise<void> {
  try {
    await writeFileDurably(file, `${token}\n`, 0o600);
  } catch (cause) {
    const code = systemCodeOf(cause) ?? 'unknown reason';
    const detail = `admin.token cannot be written to the data folder (${code}). Make room and check the rights.`;
    throw new DomainError('unavailable', 'token-file-unusable', detail, { cause });
  }
}

async function readToken(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return undefined;
    const detail = `admin.token in the data folder cannot be read (${code ?? 'unknown reason'}).`;
    throw new DomainError('unavailable', 'token-file-unusable', detail, { cause: error });
  }
  const token = text.trim();
  if (!TOKEN.test(token)) {
    throw new DomainError(
      'invalid',
      'token-file-malformed',
      'admin.token in the data folder is not a token: it takes 43 or more characters of A-Z, a-z, 0-9, _ and -. Delete it to have a new one made.',
    );
  }
  return token;
}

/** Hashing first makes both sides the same length, which a constant-time comparison needs. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
