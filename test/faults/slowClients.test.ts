import { connect, type Socket } from 'node:net';
import { AUTHORITY, type Served, serve } from '../http/clients';
import { type TlsService, openTlsService } from '../http/tlsService';

const MOST = 1_000;
const CALLS = 20;
/** A healthy caller's longest wait. */
const ANSWER_MS = 5_000;
const LIMIT_MS = 60_000;

const sockets = new Set<Socket>();
let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** A connection on which `bytes` are written, and nothing more; of what comes nothing is read where `reads` is false. */
function open(port: number, bytes: string | Buffer, reads: boolean): void {
  const socket = connect(port, '127.0.0.1');
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => sockets.delete(socket));
  if (bytes.length > 0) socket.write(bytes);
  if (reads) socket.resume();
  else socket.pause();
}

/**
 * Keeps so many such connections open, opening again what is closed, while a healthy caller asks; fails when that one is not
 * answered in time.
 */
async function expectAnswers(
  most: number,
  openOne: () => void,
  ask: (path: string, method?: string) => Promise<number | undefined>,
): Promise<void> {
  let opened = 0;
  const fill = (count: number): void => {
    for (let left = count; left > 0 && sockets.size < most; left -= 1) {
      openOne();
      opened += 1;
    }
  };
  while (opened < most) {
    fill(50);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const filling = setInterval(() => {
    fill(20);
  }, 200);
  try {
    // Behind what they asked for: their opening is one burst of work, and what they cost by standing there is looked at here.
    await ask('/livez');
    for (let call = 0; call <= CALLS; call += 1) {
      const started = performance.now();
      const status = call < CALLS ? await ask('/proxy/contexts') : await ask('/proxy/copy', 'POST');
      expect({ call, status }).toEqual({ call, status: 200 });
      expect(performance.now() - started).toBeLessThan(ANSWER_MS);
    }
    // They were there all the time.
    expect(sockets.size).toBeGreaterThan(most / 4);
  } finally {
    clearInterval(filling);
  }
}

async function plain(): Promise<Served> {
  const served = await serve();
  closing.push(() => served.close());
  return served;
}

const asker =
  ({ ask }: Served) =>
  async (path: string, method = 'GET') =>
    (await ask(path, { method })).status;

describe('a healthy caller is answered', () => {
  it(
    'while a thousand connections say nothing',
    async () => {
      const served = await plain();
      const port = Number(new URL(served.url).port);
      await expectAnswers(
        MOST,
        () => {
          open(port, '', true);
        },
        asker(served),
      );
    },
    LIMIT_MS,
  );

  it(
    'while five hundred ask for much and read nothing of it',
    async () => {
      const served = await plain();
      const port = Number(new URL(served.url).port);
      const pages = `GET /openapi.json HTTP/1.1\r\n${AUTHORITY}\r\n\r\n`.repeat(10);
      await expectAnswers(
        MOST / 2,
        () => {
          open(port, pages, false);
        },
        asker(served),
      );
    },
    LIMIT_MS,
  );

  it(
    'while a thousand TLS handshakes stand still',
    async () => {
      const tls: TlsService = await openTlsService();
      closing.push(() => tls.close());
      // The head of a ClientHello of 512 bytes, of which no more comes (RFC 8446, section 5.1).
      const head = Buffer.from([22, 3, 1, 2, 0, 1, 0]);
      const headers = { authorization: `Bearer ${tls.service.token}` };
      await expectAnswers(
        MOST,
        () => {
          open(tls.port, head, true);
        },
        async (path, method = 'GET') => (await tls.call(path, { method, headers })).status,
      );
    },
    LIMIT_MS,
  );
});
