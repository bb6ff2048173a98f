import { connect } from 'node:net';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { createApp } from '../../src/http/app';
import { type RunningServer, startServer } from '../../src/http/server';
import { memoryLogger } from '../support/memoryLogger';
import { type Service, openService } from './service';

let service: Service;
let server: RunningServer;
const logger = memoryLogger();
/** Lets the health check, and so its answer, go on. */
let release: () => void;
let arrived: Promise<void>;

beforeEach(async () => {
  let tellArrived = (): void => undefined;
  arrived = new Promise((resolve) => (tellArrived = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  service = await openService();
  const app = createApp({
    ...service.services,
    health: async () => {
      tellArrived();
      await released;
      const checkedAt = '2026-11-24T06:00:00.000Z';
      return { status: 'unknown', checkedAt, durationMs: 0, checks: [], findings: [] };
    },
  });
  logger.lines.length = 0;
  server = await startServer(app, { host: '127.0.0.1', port: 0, logger });
});

afterEach(async () => {
  release();
  await server.stop();
  await service.close();
});

/** Sends raw text, and resolves to all that comes back until the other side closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(server.address.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

/** The status line's number, and the body as JSON. */
function parsed(answer: string): {
  readonly status: number;
  readonly headers: string;
  readonly code: unknown;
} {
  const [headers = '', body = '{}'] = answer.split('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]),
    headers,
    code: (JSON.parse(body) as { code?: unknown }).code,
  };
}

function health(
  agent?: Agent,
): Promise<{ readonly status: number | undefined; readonly connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${service.token}` };
    get(`${server.url}/endpoints/health`, { agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve({ status: response.statusCode, connection: response.headers.connection });
      });
    }).on('error', reject);
  });
}

describe('a stop', () => {
  it('lets what is in flight finish, and takes nothing new', async () => {
    const inFlight = health();
    await arrived;
    const stopped = server.stop();
    await expect(health()).rejects.toThrow();
    release();
    expect((await inFlight).status).toBe(200);
    await stopped;
  });

  it('closes connections that are idle at once', async () => {
    const agent = new Agent({ keepAlive: true });
    release();
    expect((await health(agent)).connection).toBe('keep-alive');
    const started = performance.now();
    await server.stop();
    expect(performance.now() - started).toBeLessThan(4500);
    agent.destroy();
  });

  it('closes a connection that is kept alive as soon as its answer is out', async () => {
    const agent = new Agent({ keepAlive: true });
    const inFlight = health(agent);
    await arrived;
    const stopped = server.stop();
    release();
    await inFlight;
    const started = performance.now();
    await stopped;
    expect(performance.now() - started).toBeLessThan(4500);
    agent.destroy();
  });

  it('may be asked for twice', async () => {
    await Promise.all([server.stop(), server.stop()]);
  });
});

describe('what is no HTTP', () => {
  it('is in the log, under the request id of the answer', async () => {
    const answer = await raw('garbage\r\n\r\n');
    const [, id] = /^x-request-id: (\S+)/im.exec(answer) ?? [];
    expect(logger.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { requestId: id, code: 'request-malformed' },
    ]);
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n', 400, 'request-malformed'],
    ['an unknown method', 'BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'request-malformed'],
    [
      'a header with NUL',
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n',
      400,
      'request-malformed',
    ],
    [
      'two lengths',
      'POST /proxy/copy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'request-malformed',
    ],
    [
      'length and chunks',
      'POST /proxy/copy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'request-malformed',
    ],
    [
      'headers of more than 16 KiB',
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'an address of more than 16 KiB',
      `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      431,
      'headers-too-large',
    ],
  ])('%s gets a problem document, and the connection is closed', async (_name, text, status, code) => {
    const answer = parsed(await raw(text));
    expect(answer).toMatchObject({ status, code });
    expect(answer.headers).toContain('Content-Type: application/problem+json');
    expect(answer.headers).toContain('Connection: close');
  });

  it('a request without Host is refused', async () => {
    const answer = await raw('GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(parsed(answer)).toMatchObject({ status: 400, code: 'request-malformed' });
    expect(answer).toMatch(/^x-request-id: /im);
  });

  it('an expectation that nobody knows is ignored', async () => {
    const answer = await raw(
      'GET /livez HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });

  it('a peer that never closes its side is cut off after the answer', async () => {
    const socket = connect({ port: server.address.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.resume();
    const ended = once(socket, 'end');
    socket.write('GARBAGE\r\n\r\n');
    await ended;
    // The server's end is gone as a whole, so that writing to it is refused.
    const refused = once(socket, 'error');
    const writing = setInterval(() => socket.write('x'), 20);
    await refused;
    clearInterval(writing);
    socket.destroy();
  });
});

it('says where it listens', () => {
  expect(server.url).toBe(`http://127.0.0.1:${server.address.port}`);
});

it('rejects with the system’s code when the port is taken', async () => {
  const second = startServer(createApp(service.services), { host: '127.0.0.1', port: server.address.port });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
