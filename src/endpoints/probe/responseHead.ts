/** The head of an HTTP/1.x response (RFC 9112), read strictly and within bounds: proxies and endpoints are not trusted. */
import type { Duplex } from 'node:stream';

/** Status and fields of a response. Field names are in lower case. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/**
 * Why there is no head. `closed`: the other side ended first. `tls`: it answered with a TLS record (RFC 8446, section 5.1).
 * `malformed`: what came is not HTTP, or too long.
 */
export class HeadError extends Error {
  override readonly name = 'HeadError';

  constructor(
    readonly problem: 'closed' | 'tls' | 'malformed',
    readonly seen: string,
    cause?: unknown,
  ) {
    super(seen, { cause });
  }
}

/** Bytes that all heads of one answer may have together, interim ones (1xx) included. */
export const MAX_HEAD_BYTES = 16 * 1024;

const START = Buffer.from('HTTP/1.', 'latin1');
const END = Buffer.from('\r\n\r\n', 'latin1');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [^\0\r\n]*)?$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)$/;

/**
 * Reads the head of the final response. `rest` is what came behind it in the same piece. Rejects with
 * {@link HeadError}; never resolves on a stream that stays silent, so that the caller must set the time.
 */
export function readResponseHead(
  stream: Duplex,
): Promise<{ readonly head: ResponseHead; readonly rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let buffered = Buffer.alloc(0);
    let skipped = 0;
    const onData = (chunk: Buffer): void => {
      buffered = Buffer.concat([buffered, chunk]);
      try {
        for (;;) {
          const parsed = takeHead(buffered, MAX_HEAD_BYTES - skipped);
          if (parsed === null) return;
          if (parsed.head.status >= 200) {
            finish();
            resolve(parsed);
            return;
          }
          skipped += buffered.length - parsed.rest.length;
          buffered = Buffer.from(parsed.rest);
        }
      } catch (error) {
        finish();
        reject(error instanceof Error ? error : new HeadError('malformed', 'it could not be read', error));
      }
    };
    const onEnd = (): void => {
      finish();
      reject(
        new HeadError('closed', buffered.length === 0 ? 'nothing was answered' : 'the answer broke off'),
      );
    };
    const onError = (error: Error): void => {
      finish();
      reject(new HeadError('closed', 'the connection broke', error));
    };
    const finish = (): void => {
      stream.pause();
      stream.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
    };
    stream.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', onError);
    if (stream.errored !== null) onError(stream.errored);
    else if (stream.destroyed) onEnd();
  });
}

/** Parses the text of a head, without its last empty line. Throws {@link HeadError}. */
function parseResponseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) throw new HeadError('malformed', 'its first line is no HTTP/1.x status line');
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new HeadError('malformed', 'one of its header lines is no HTTP field');
    const key = name.toLowerCase();
    fields.set(key, [...(fields.get(key) ?? []), value.trim()]);
  }
  return { status: Number(status), fields };
}

function takeHead(
  bytes: Buffer,
  limit: number,
): { readonly head: ResponseHead; readonly rest: Buffer } | null {
  if (isTlsRecord(bytes)) throw new HeadError('tls', 'it answers with a TLS record');
  const start = Math.min(bytes.length, START.length);
  if (bytes.compare(START, 0, start, 0, start) !== 0) {
    throw new HeadError('malformed', 'it does not begin like an HTTP answer');
  }
  const end = bytes.indexOf(END);
  if (end < 0 && bytes.length <= limit) return null;
  if (end < 0 || end > limit)
    throw new HeadError('malformed', `its head is longer than ${MAX_HEAD_BYTES} bytes`);
  return {
    head: parseResponseHead(bytes.toString('latin1', 0, end)),
    rest: bytes.subarray(end + END.length),
  };
}

/** The content types of TLS records, change_cipher_spec to application_data (RFC 8446, section 5.1). No text begins so. */
function isTlsRecord([first = 0]: Buffer): boolean {
  return first >= 0x14 && first <= 0x17;
}
