/** The sensor's `SensorConfiguration.json`: read with bounds, parsed as data from outside. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '../lib/errors';
import { hostName } from '../wininet/hostName';
import { isLocalPath } from './imagePath';
import type { SensorEndpoint } from './model';

/** The file's name, in the folder that the sensor runs from. */
export const CONFIGURATION_NAME = 'SensorConfiguration.json';

/** Bytes; the real file has a few thousand. */
const MAX_BYTES = 1024 * 1024;

const ENDPOINT = 'WorkspaceApplicationSensorApiWebClientConfigurationServiceEndpoint';
const OWN_PROXY = 'SensorProxyConfiguration';

/** A file's text, or why there is none. */
export type ReadText =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly detail: string };

/** Reads a text file of this machine, at most `maxBytes` long. Never rejects. */
export type ReadTextFile = (location: string, maxBytes: number) => Promise<ReadText>;

/** What the file says about the sensor's way to its service. */
export interface ParsedConfiguration {
  readonly endpoint: SensorEndpoint | null;
  /** Why there is no endpoint; null when there is one. */
  readonly endpointFault: string | null;
  /** Whether the sensor was given a proxy of its own. What that is, is not kept: it may hold credentials. */
  readonly ownProxy: boolean;
}

/** The configuration in a folder: parsed, or why not. Never rejects. */
export async function readConfiguration(
  folder: string,
  readTextFile: ReadTextFile,
): Promise<({ readonly state: 'read' } & ParsedConfiguration) | Exclude<ReadText, { state: 'read' }>> {
  const location = `${folder}\\${CONFIGURATION_NAME}`;
  if (!isLocalPath(location)) {
    return { state: 'unreadable', detail: 'The folder is not on a drive of this machine.' };
  }
  const read = await readTextFile(location, MAX_BYTES);
  if (read.state !== 'read') return read;
  const parsed = parseConfiguration(read.text);
  return parsed === null
    ? { state: 'unreadable', detail: 'It is not a JSON object.' }
    : { state: 'read', ...parsed };
}

/** Parses the file's text (domain facts, section 2); null when it is no JSON object. Names are taken exactly. */
export function parseConfiguration(text: string): ParsedConfiguration | null {
  const fields = objectOf(parseJson(text));
  if (fields === null) return null;
  const ownProxy = (fields.get(OWN_PROXY) ?? null) !== null;
  const endpoint = objectOf(fields.get(ENDPOINT));
  if (endpoint === null) return { endpoint: null, endpointFault: `It has no ${ENDPOINT}.`, ownProxy };
  const address = endpoint.get('Address');
  const port = endpoint.get('Port');
  const host = typeof address === 'string' ? hostName(address) : null;
  if (host === null) {
    return {
      endpoint: null,
      endpointFault: `Address in ${ENDPOINT} is no host name or address.`,
      ownProxy,
    };
  }
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) {
    return {
      endpoint: null,
      endpointFault: `Port in ${ENDPOINT} is no number from 1 to 65535.`,
      ownProxy,
    };
  }
  // The root's dot is no part of the names in certificates.
  return { endpoint: { host: host.replace(/\.$/, ''), port }, endpointFault: null, ownProxy };
}

/** {@link ReadTextFile} over this machine's files: ordinary files only, UTF-8 or UTF-16LE, a byte order mark tolerated. */
export const readLocalTextFile: ReadTextFile = async (location, maxBytes) => {
  // Elsewhere than on Windows, C:\… would be a file of that name in the current folder.
  if (!path.isAbsolute(location)) return { state: 'absent' };
  try {
    // Without waiting for a writer, should it be a pipe; Windows has no such flag, and undefined adds none.
    const file = await open(location, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) return unreadable('It is not an ordinary file.');
      if (found.size > maxBytes) return unreadable(`It is longer than ${maxBytes} bytes.`);
      const buffer = Buffer.alloc(found.size);
      let length = 0;
      for (let count = 1; count > 0 && length < buffer.length; length += count) {
        count = (await file.read(buffer, length, buffer.length - length, null)).bytesRead;
      }
      return decode(buffer.subarray(0, length));
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown reason';
    return code === 'ENOENT' ? { state: 'absent' } : unreadable(`It cannot be opened or read (${code}).`);
  }
};

function decode(bytes: Uint8Array): ReadText {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';
  try {
    return { state: 'read', text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return unreadable('It is not text in UTF-8 or UTF-16.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** An object's own fields by name, so that no name means anything but itself (`__proto__`); null for anything else. */
function objectOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value));
}

function unreadable(detail: string): ReadText {
  return { state: 'unreadable', detail };
}
