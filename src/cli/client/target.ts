/** Which service a command asks, and with what right: from options, settings and, for this machine's service, its files. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, type readSettings } from '../../config';
import { isLoopback, parseHost, parsePort, pemFile } from '../../config/parsers';
import { messageOf, systemCodeOf } from '../../lib/errors';
import { certificatesIn } from '../../lib/keyPair';
import type { Options } from '../commands';
import { misuse } from './failure';
import { wholeNumber } from './numbers';

/** A service, and how to speak to it. */
export interface Target {
  /** With a path when the service is behind a proxy that has it there; without a slash at its end. */
  readonly url: URL;
  /** Sent to this service alone. */
  readonly token: string;
  readonly tls: Trust;
  /** For the whole answer. */
  readonly timeoutMs: number;
}

/** What a service's certificate must be. */
export interface Trust {
  /** PEM: the authorities, in place of those that Node.js brings; undefined: those. */
  readonly ca?: string;
  /** SHA-256 as Node writes it: it must be this very certificate, whatever names it has. */
  readonly pinned?: string;
}

type Settings = ReturnType<typeof readSettings>;

const TOKEN = /^[A-Za-z0-9._~+/-]{8,4096}=*$/;

/**
 * The service that is meant. One that `--url` or SENSORPROXY_URL names gets no token of this machine. Errors: misuse.
 */
export function targetOf(options: Options, settings: Settings, seconds: number): Target {
  const timeoutMs = 1000 * (wholeNumber(options.timeout, 'timeout', { least: 1, most: 3600 }) ?? seconds);
  const typed = options.url ?? settings.textOf('URL');
  if (typed === undefined) return { ...localTarget(options, settings), timeoutMs };
  const url = parseUrl(typed);
  if (url.protocol === 'http:' && !isLoopback(bare(url.hostname)) && options['allow-plaintext'] !== true) {
    throw misuse(
      `${url.origin} is another machine, and http would send the token where anybody on the way can read it. Use https, or --allow-plaintext.`,
    );
  }
  const token = statedToken(options, settings);
  if (token === undefined) {
    throw misuse(
      'A service that is named by its URL needs a token: --token-file <file>, or SENSORPROXY_TOKEN. On its machine, sensorproxy token create makes one.',
    );
  }
  return { url, token, tls: statedTrust(options, settings) ?? {}, timeoutMs };
}

/** The service of this machine, where its settings say that it listens. */
function localTarget(options: Options, settings: Settings): Omit<Target, 'timeoutMs'> {
  const host = setting(settings, 'HOST', parseHost) ?? '127.0.0.1';
  const port = setting(settings, 'PORT', parsePort) ?? 8484;
  const certFile = settings.textOf('TLS_CERT');
  if (port === 0) throw misuse('SENSORPROXY_PORT is 0: the service’s port is not known. Give --url.');
  const url = new URL(`${certFile === undefined ? 'http' : 'https'}://${authorityOf(host)}:${port}`);
  const dataDir = path.resolve(settings.textOf('DATA_DIR') ?? settings.defaultDataDir);
  return {
    url,
    token: statedToken(options, settings) ?? administratorsToken(dataDir),
    tls: statedTrust(options, settings) ?? (certFile === undefined ? {} : pinnedTo(certFile)),
  };
}

/** A service that listens on every address is called on loopback. */
function authorityOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

function parseUrl(typed: string): URL {
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw misuse('The URL of a service is such as https://dc01.contoso.com:8484.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw misuse('The URL of a service has no user name, password, query or fragment.');
  }
  return url;
}

function statedToken(options: Options, settings: Settings): string | undefined {
  const file = options['token-file'];
  if (file === undefined) {
    const text = settings.textOf('TOKEN');
    return text === undefined ? undefined : requireToken(text, 'SENSORPROXY_TOKEN');
  }
  return tokenIn(file, '');
}

function administratorsToken(dataDir: string): string {
  return tokenIn(
    path.join(dataDir, 'admin.token'),
    ' The service makes it at its first start, for administrators alone: run this elevated (as administrator, or as the service’s account), give --token-file, or say with --data-dir or --config where the service has its data.',
  );
}

function tokenIn(file: string, remedy: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw misuse(
      `The token file ${file} cannot be read (${systemCodeOf(error) ?? 'unknown reason'}).${remedy}`,
    );
  }
  return requireToken(text.trim(), file);
}

/** Anything else could end the header that it is sent in. */
function requireToken(text: string, where: string): string {
  if (TOKEN.test(text)) return text;
  throw misuse(`What ${where} holds is not a token, which is one line of letters, digits, _ and -.`);
}

function statedTrust({ ca }: Options, settings: Settings): Trust | undefined {
  if (ca === undefined) {
    const text = setting(settings, 'CA', (file) => pemFile(file, certificatesIn).text);
    return text === undefined ? undefined : { ca: text };
  }
  try {
    return { ca: pemFile(ca, certificatesIn).text };
  } catch (error) {
    throw misuse(`--ca: ${messageOf(error)}`);
  }
}

/** The service's own certificate is known here; its names are of the machine, not of loopback. */
function pinnedTo(certFile: string): Trust {
  try {
    const { text } = pemFile(certFile, certificatesIn);
    return { ca: text, pinned: new X509Certificate(text).fingerprint256 };
  } catch (error) {
    throw misuse(
      `The service’s certificate cannot be read: ${messageOf(error)} Give --url and --ca, or run this as administrator.`,
    );
  }
}

function setting<T>(settings: Settings, name: Parameters<Settings['textOf']>[0], parse: (text: string) => T) {
  const text = settings.textOf(name);
  try {
    return text === undefined ? undefined : parse(text);
  } catch (error) {
    throw new ConfigError([`SENSORPROXY_${name}: ${messageOf(error)}`]);
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
