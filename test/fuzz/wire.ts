/** HTTP/1.1 by hand, so that requests can be sent that no client library would send. */
import { once } from 'node:events';
import { Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; of a name that came twice, both values with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const TIMEOUT_MS = 15_000;
/** An answer whose first bytes are there comes to its end without such a pause. */
const QUIET_MS = 30;

/** One connection that is kept for request after request, and made anew when the other side closes it. */
export class Wire {
  private socket: Socket | null = null;
  private received: Buffer = Buffer.alloc(0);
  private onNews: () => void = () => undefined;

  constructor(private readonly port: number) {}

  /** Sends one request and gives its answer back. Rejects when none comes. */
  async exchange(request: Buffer, method: string): Promise<WireAnswer> {
    const reused = this.socket !== null;
    const socket = this.socket ?? (await this.open());
    socket.write(request);
    const answer = await this.read(socket, method);
    if (answer === null) {
      this.close();
      if (reused) return this.exchange(request, method);
      throw new Error('the connection was closed without an answer');
    }
    if (/\bclose\b/i.test(answer.headers.connection ?? '') || socket.destroyed || socket.readableEnded)
      this.close();
    return answer;
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
    this.received = Buffer.alloc(0);
  }

  private async open(): Promise<Socket> {
    this.socket = await connected(this.port);
    this.socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.onNews();
    });
    this.socket.on('close', () => {
      this.onNews();
    });
    return this.socket;
  }

  private async read(socket: Socket, method: string): Promise<WireAnswer | null> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const ended = socket.destroyed || socket.readableEnded;
      const next = takeAnswer(this.received, method, ended);
      if (next !== null) {
        this.received = next.rest;
        return next.answer;
      }
      if (ended) return null;
      await this.news(deadline - Date.now());
    }
  }

  private news(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${TIMEOUT_MS} ms`));
      }, ms);
      this.onNews = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Sends bytes on a connection of their own and gives back all that arrives until it is closed. Once nothing has come for a
 * while, the other side is told that nothing more will be sent: Node gives no answer to who says so before.
 */
export async function sendAlone(port: number, bytes: Buffer, patienceMs: number): Promise<Buffer> {
  const socket = await connected(port);
  const chunks: Buffer[] = [];
  let quiet = setTimeout(() => socket.end(), patienceMs);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    clearTimeout(quiet);
    quiet = setTimeout(() => socket.end(), QUIET_MS);
  });
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  socket.write(bytes);
  try {
    await closed;
  } finally {
    clearTimeout(quiet);
    socket.destroy();
  }
  return Buffer.concat(chunks);
}

/** All answers in a text, in order, none of them to HEAD; throws when something is left over that is none. */
export function answersIn(bytes: Buffer): readonly WireAnswer[] {
  const answers: WireAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const next = takeAnswer(rest, 'GET', true);
    if (next === null) throw new Error(`this is no answer: ${JSON.stringify(rest.toString('latin1'))}`);
    answers.push(next.answer);
    rest = next.rest;
  }
  return answers;
}

interface Taken {
  readonly answer: WireAnswer;
  readonly rest: Buffer;
}

/** The first answer of the bytes; null while it is not whole. Throws for what is no HTTP. */
function takeAnswer(bytes: Buffer, method: string, ended: boolean): Taken | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(statusLine)?.[1] ?? NaN);
  if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(statusLine)}`);
  const after = bytes.subarray(end + 4);
  if (status < 200) return takeAnswer(after, method, ended);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (match === null) throw new Error(`no header: ${JSON.stringify(line)}`);
    const [, name = '', value = ''] = match;
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const framed = takeBody(after, { status, headers, method }, ended);
  return framed === null ? null : { answer: { status, headers, body: framed.body }, rest: framed.rest };
}

function takeBody(
  bytes: Buffer,
  { status, headers, method }: { status: number; headers: Record<string, string>; method: string },
  ended: boolean,
): { readonly body: Buffer; readonly rest: Buffer } | null {
  if (method === 'HEAD' || status === 204 || status === 304) return { body: Buffer.alloc(0), rest: bytes };
  if (headers['transfer-encoding'] === 'chunked') return takeChunks(bytes);
  const length = headers['content-length'];
  if (length === undefined) return ended ? { body: bytes, rest: Buffer.alloc(0) } : null;
  if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
  if (bytes.length < Number(length)) return null;
  return { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function takeChunks(bytes: Buffer): { readonly body: Buffer; readonly rest: Buffer } | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, end), 16);
    const from = end + 2;
    if (bytes.length < from + size + 2) return null;
    if (size === 0) return { body: Buffer.concat(parts), rest: bytes.subarray(from + 2) };
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}

async function connected(port: number): Promise<Socket> {
  // Not net.connect, which the target keeps from leaving the machine.
  const socket = new Socket({ allowHalfOpen: true });
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('end', () => socket.end());
  return socket;
}
