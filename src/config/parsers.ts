/** The values of settings: each function gives what a text means, or throws what is wrong with it, as a sentence without subject. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { parseAuthority } from '../lib/authority';
import { systemCodeOf } from '../lib/errors';

/** The lines of a settings file. Errors: a line that is none, a name of something else. */
export function parseSettingsFile(
  text: string,
  prefix: string,
): Readonly<Record<string, string | undefined>> {
  // Notepad puts a byte order mark at the beginning.
  const lines = text.replace(/^\ufeff/, '');
  const odd = lines
    .split(/\r?\n/)
    .findIndex((line) => !/^[ \t]*(?:#.*|(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=.*)?$/.test(line));
  if (odd >= 0) throw new Error(`line ${odd + 1} is neither NAME=value nor a comment.`);
  const settings = parseEnv(lines);
  const foreign = Object.keys(settings).find((name) => !name.startsWith(prefix));
  if (foreign !== undefined) throw new Error(`it sets ${foreign}, which is none of this program's settings.`);
  return settings;
}

/** A file's text. Errors: it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the file cannot be read (${systemCodeOf(error) ?? 'unknown reason'}).`, {
      cause: error,
    });
  }
}

/** Whether what is sent to the host stays on this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** An address to listen on. */
export function parseHost(text: string): string {
  if (text === 'localhost' || isIP(text) !== 0) return text;
  throw new Error('it must be an IP address or localhost.');
}

/** A file's absolute path and its text, which `check` takes or throws at. */
export function pemFile(
  file: string,
  check: (text: string) => unknown,
): { readonly file: string; readonly text: string } {
  const text = readText(file);
  check(text);
  return { file: path.resolve(file), text };
}

/** A name or an address, as `parseAuthority` spells it. */
export function parseHostName(text: string): string {
  const authority = parseAuthority(isIP(text) === 6 ? `[${text}]` : text);
  if (authority !== undefined && !text.endsWith(':') && authority.port === null) return authority.host;
  throw new Error('each must be a host name or an IP address, without scheme, port, path and *.');
}

/** A TCP port; 0 too. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new Error('it must be a number from 0 to 65535.');
  return port;
}

/** A number from 1 to so many. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,6}$/.test(text) && count >= 1 && count <= most) return count;
    throw new Error(`it must be a number from 1 to ${most}.`);
  };
}

/** A regular expression that a text fits as a whole. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch {
    throw new Error('it must be a regular expression, such as CHG[0-9]{7}.');
  }
}

/** 1 or 0. */
export function parseSwitch(text: string): boolean {
  if (text === '1' || text === '0') return text === '1';
  throw new Error('it must be 1 or 0.');
}

/** A workspace's name, in lower case. */
export function parseWorkspace(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/i.test(text)) return text.toLowerCase();
  throw new Error(
    'it is the first part of the workspace’s host name: letters, digits and hyphens, 48 at most.',
  );
}

/** One of these, in any case. */
export function oneOf<const T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text.toLowerCase());
    if (found === undefined) throw new Error(`it must be one of ${allowed.join(', ')}.`);
    return found;
  };
}

/** Items by comma. */
export function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
