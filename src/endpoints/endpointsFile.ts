import { isIP } from 'node:net';
import { DomainError } from '../lib/errors';
import { hostName } from '../wininet/hostName';

/** Path of the sensor API's ping (the vendor's troubleshooting text; domain facts, section 5). */
export const PING_PATH = '/tri/sensor/api/ping';

/** One entry of an endpoints file, with its defaults filled in. */
export interface EndpointDefinition {
  /** A name in lower-case ASCII, or an address; IPv6 without brackets. */
  readonly host: string;
  /** TCP port; 443 unless stated. */
  readonly port: number;
  /** `custom` unless stated. */
  readonly region: string;
  /** Path of the ping, {@link PING_PATH} unless stated. */
  readonly path: string;
}

const FIELDS = ['host', 'port', 'region', 'path'];

/**
 * Parses an endpoints file: a JSON array of `{host, port, region, path}`, of which only `host` is needed. Throws
 * `DomainError` `endpoints-file-malformed`, naming the first bad entry (counted from 1) and what is wrong with it.
 */
export function parseEndpointsFile(text: string): readonly EndpointDefinition[] {
  const entries = parseArray(text);
  const seen = new Map<string, number>();
  return entries.map((value, index) => {
    const position = index + 1;
    const definition = parseEntry(value, position);
    const key = JSON.stringify([definition.host, definition.port]);
    const earlier = seen.get(key);
    if (earlier !== undefined) throw malformed(`entry ${position} has the host and port of entry ${earlier}`);
    seen.set(key, position);
    return definition;
  });
}

function parseArray(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw malformed('it is not JSON', error);
  }
  if (!Array.isArray(value)) throw malformed('it must be a JSON array of {host, port, region, path}');
  if (value.length === 0) throw malformed('it names no endpoint');
  refuseRepeatedFields(text, value);
  return value;
}

/** JSON.parse keeps the last of two fields of a name, and drops the other without a word. */
function refuseRepeatedFields(text: string, entries: readonly unknown[]): void {
  for (const field of FIELDS) {
    const written = text.match(new RegExp(`(?<!\\\\)"${field}"\\s*:`, 'g'))?.length ?? 0;
    const kept = entries.filter(
      (entry) => typeof entry === 'object' && entry !== null && field in entry,
    ).length;
    if (written > kept) throw malformed(`an entry has the field ${field} twice`);
  }
}

function parseEntry(value: unknown, position: number): EndpointDefinition {
  const bad = (reason: string) => malformed(`entry ${position}: ${reason}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('it must be an object');
  const fields = new Map(Object.entries(value));
  if ([...fields.keys()].some((name) => !FIELDS.includes(name))) {
    throw bad(`it has a field other than ${FIELDS.join(', ')}`);
  }
  const { host, port = 443, region = 'custom', path = PING_PATH } = Object.fromEntries<unknown>(fields);
  const name = typeof host === 'string' ? hostName(host) : null;
  if (name === null || !isPublicName(name)) throw bad('host is missing, or no host name or address');
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw bad('port must be a whole number from 1 to 65535');
  }
  if (typeof region !== 'string' || !/^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,62}[\p{L}\p{N}])?$/u.test(region)) {
    throw bad('region must be 1 to 64 letters, digits, spaces, dots, hyphens or underscores');
  }
  // The characters of a URI's path (RFC 3986, section 3.3), and a query.
  if (typeof path !== 'string' || !/^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]{0,1023}$/.test(path)) {
    throw bad('path must begin with a slash and be an absolute URL path');
  }
  // The root's dot is no part of the names in certificates.
  return { host: name.replace(/\.$/, ''), port, region, path };
}

/**
 * RFC 1123, section 2.1: no label begins or ends with a hyphen, and the last one is no number, which resolvers would take
 * for an address in an old way of writing it.
 */
function isPublicName(name: string): boolean {
  if (isIP(name) !== 0) return true;
  const labels = name.replace(/\.$/, '').split('.');
  return labels.every((label) => !/^-|-$/.test(label)) && !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '');
}

function malformed(reason: string, cause?: unknown): DomainError {
  return new DomainError(
    'invalid',
    'endpoints-file-malformed',
    `the endpoints file is malformed: ${reason}.`,
    { cause },
  );
}
