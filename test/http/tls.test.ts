import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectPlain } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { openTlsService, type TlsService } from './tlsService';

let tls: TlsService;

beforeAll(async () => {
  tls = await openTlsService();
});
afterAll(() => tls.close());

/** What comes back over a connection until it ends. */
async function answerOn(socket: TLSSocket, text: string): Promise<string> {
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('over TLS', () => {
  it('says https where it listens', () => {
    expect(tls.server.url).toBe(`https://127.0.0.1:${tls.port}`);
  });

  it.each(['/livez', '/nowhere', '/docs/swagger-ui.css'])(
    '%s has browsers come back over TLS alone',
    async (path) => {
      const socket = await tls.connect();
      const answer = await answerOn(
        socket,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^strict-transport-security: max-age=31536000\r$/im);
      expect(answer).not.toMatch(/^(?:server|x-powered-by|access-control-[a-z-]+):/im);
    },
  );

  it('has the same headers on what is no HTTP', async () => {
    const answer = await answerOn(await tls.connect(), 'garbage\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/^strict-transport-security: /im);
    expect(answer).toMatch(/^x-content-type-options: nosniff\r$/im);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const socket = await tls.connect({ minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(tls.connect(old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  it('agrees on HTTP/1.1, and on nothing else', async () => {
    const socket = await tls.connect({ ALPNProtocols: ['h2', 'http/1.1'] });
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
    await expect(tls.connect({ ALPNProtocols: ['h2'] })).rejects.toThrow();
  });

  it('does not renegotiate', async () => {
    const socket = await tls.connect({ maxVersion: 'TLSv1.2' });
    const failed = await new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, resolve);
    });
    expect(failed).toMatchObject({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    socket.destroy();
  });

  it('asks for no client certificate unless told to', async () => {
    const own = await tls.authority.issue({ hosts: ['ansible'], usage: 'client' });
    const { status, body } = await tls.call('/proxy/contexts', own);
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
  });

  it('takes a token, and has no Origin but its own https one', async () => {
    const authorization = `Bearer ${tls.service.token}`;
    const from = async (origin: string) =>
      (await tls.call('/proxy/contexts', { headers: { authorization, origin } })).status;
    expect(await from(`https://127.0.0.1:${tls.port}`)).toBe(200);
    expect(await from(`http://127.0.0.1:${tls.port}`)).toBe(403);
  });
});

describe('what is no TLS, on the port for TLS', () => {
  it.each([
    ['HTTP', 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['garbage', '\0\0\0garbage'],
    [
      'half a ClientHello',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage garbage garbage'.padEnd(600, 'x'),
    ],
    ['nothing', ''],
  ])('%s is cut off, unanswered, and the service goes on', async (_name, text) => {
    const socket = connectPlain(tls.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    if (text === '') socket.end();
    else socket.write(text, 'latin1');
    await once(socket, 'close');
    expect(answer).not.toContain('HTTP/');
    expect((await tls.call('/livez')).status).toBe(200);
  });
});

describe('a stop over TLS', () => {
  it('closes silent and idle connections, and those in the middle of a handshake, at once', async () => {
    const other = await openTlsService();
    const silent = await other.connect();
    const shaking = connectPlain(other.port, '127.0.0.1');
    await once(shaking, 'connect');
    const agent = new Agent({ keepAlive: true });
    await other.call('/livez', { agent });
    const closed = [silent, shaking].map((socket) => once(socket.resume(), 'close'));
    const started = performance.now();
    await other.close();
    await Promise.all(closed);
    expect(performance.now() - started).toBeLessThan(4500);
    agent.destroy();
  });
});
