import { createServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import { DeliveryFailure, type HttpRequest } from '../../../src/webhooks/exchange';
import { createExchange } from '../../../src/webhooks/send';
import { createAuthority } from '../../support/certificates';
import { loopbackExchange, loopbackRules } from '../../support/practiceWebhooks';
import { type Receiver, startReceiver } from '../../support/receiver';
import {
  type LoopbackServer,
  closedPort,
  listenOnLoopback,
  startScriptedServer,
} from '../../support/scriptedServer';
import { startTlsEndpoint } from '../../support/tlsEndpoint';

const open: LoopbackServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function receiver(...args: Parameters<typeof startReceiver>): Promise<Receiver> {
  const started = await startReceiver(...args);
  open.push(started);
  return started;
}

const post = (url: string): HttpRequest => ({
  method: 'POST',
  url: new URL(url),
  headers: { 'content-type': 'text/plain' },
  body: 'hello',
});
const never = new AbortController().signal;

/** The message of the failure, and how long it took. */
async function failure(url: string, timeoutMs = 3000) {
  const started = performance.now();
  const error: unknown = await loopbackExchange(timeoutMs)(post(url), never).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof DeliveryFailure)) throw new Error('it did not fail', { cause: error });
  return { message: error.message, ms: performance.now() - started };
}

it('sends method, headers and body, and gives the answer', async () => {
  const { url, received } = await receiver(() => ({
    status: 201,
    headers: { 'retry-after': '7' },
    body: 'fine',
  }));
  const answer = await loopbackExchange()(post(`${url}/hook?a=b`), never);
  expect(answer).toEqual({ status: 201, retryAfter: '7', text: 'fine', complete: true });
  expect(received).toMatchObject([
    {
      method: 'POST',
      path: '/hook?a=b',
      body: 'hello',
      headers: { 'content-type': 'text/plain', 'content-length': '5' },
    },
  ]);
});

it('does not follow a redirect', async () => {
  const other = await receiver(() => ({ status: 200 }));
  const { url } = await receiver(() => ({ status: 307, headers: { location: `${other.url}/inside` } }));
  expect(await loopbackExchange()(post(url), never)).toMatchObject({ status: 307 });
  expect(other.received).toHaveLength(0);
});

it('of an answer of 10 MB it reads 64 KiB, and the status counts', async () => {
  const sent = { bytes: 0 };
  const big = await receiver((_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (sent.bytes < 10_000_000 && !response.destroyed) {
        sent.bytes += 16_384;
        if (!response.write(Buffer.alloc(16_384))) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
    return null;
  });
  const answer = await loopbackExchange()(post(big.url), never);
  expect(answer).toMatchObject({ status: 200, complete: false });
  expect(answer.text.length).toBe(64 * 1024);
  while (big.open() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(sent.bytes).toBeLessThan(10_000_000);
});

it('a receiver that never answers is left after the limit', async () => {
  const silent = await startScriptedServer({ hangs: true });
  open.push(silent);
  const { message, ms } = await failure(`http://127.0.0.1:${silent.port}`);
  expect(message).toBe('no answer within 3 s');
  expect(ms).toBeLessThan(10_000);
  while (silent.open() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
});

it('a head that drips is left after the same limit', async () => {
  const dripping = await listenOnLoopback(
    createServer((socket) => {
      const bytes = Array.from(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1000)}\r\n\r\n`);
      const timer = setInterval(() => socket.write(bytes.shift() ?? ''), 10);
      socket.once('close', () => {
        clearInterval(timer);
      });
    }),
  );
  open.push(dripping);
  const { message, ms } = await failure(`http://127.0.0.1:${dripping.port}`);
  expect(message).toBe('no answer within 3 s');
  expect(ms).toBeLessThan(10_000);
});

it('a body that drips ends the same, and the status counts', async () => {
  const { url } = await receiver((_request, response) => {
    response.writeHead(202);
    const timer = setInterval(() => response.write('x'), 10);
    response.once('close', () => {
      clearInterval(timer);
    });
    return null;
  });
  const started = performance.now();
  expect(await loopbackExchange(3000)(post(url), never)).toMatchObject({ status: 202, complete: false });
  expect(performance.now() - started).toBeLessThan(10_000);
});

it.each<[string, string, string]>([
  [
    'interim answers without end',
    'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50),
    'interim answers without end',
  ],
  ['a head of 100 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
  ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'HPE_'],
  [
    'another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    'change the protocol',
  ],
])('%s is a failure', async (_name, says, message) => {
  const server = await startScriptedServer({ says });
  open.push(server);
  expect((await failure(`http://127.0.0.1:${server.port}`, 2000)).message).toContain(message);
});

it('a connection that is refused, or closed, is a failure', async () => {
  expect((await failure(`http://127.0.0.1:${await closedPort()}`)).message).toContain('ECONNREFUSED');
  const closing = await startScriptedServer({ closes: 'when spoken to' });
  open.push(closing);
  expect((await failure(`http://127.0.0.1:${closing.port}`)).message).toMatch(/ECONNRESET|closed/);
});

it('a host that is not on the list any more is not contacted', async () => {
  const { url, received } = await receiver(() => ({ status: 200 }));
  const exchange = createExchange({
    rules: { ...loopbackRules, hosts: [] },
    addressesOf: () => Promise.resolve(['127.0.0.1']),
    tlsContext: () => {
      throw new Error('no TLS is spoken');
    },
  });
  await expect(exchange(post(url), never)).rejects.toThrow('the address may not be used any more');
  expect(received).toHaveLength(0);
});

it('over TLS a receiver is trusted by the given roots alone, and by its name', async () => {
  const authority = await createAuthority('Contoso CA');
  const endpoint = await startTlsEndpoint({
    certificate: await authority.issue({ hosts: ['hooks.contoso.com'] }),
    says: 'HTTP/1.1 204 No Content\r\n\r\n',
  });
  open.push(endpoint);
  const over = (host: string, ca: readonly string[]) =>
    createExchange({
      rules: { hosts: [{ host, subdomains: false, port: 'any' }], plaintext: false },
      addressesOf: () => Promise.resolve(['127.0.0.1']),
      tlsContext: () => createSecureContext({ ca: [...ca] }),
    })(post(`https://${host}:${endpoint.port}/x`), never);
  expect(await over('hooks.contoso.com', [authority.cert])).toMatchObject({ status: 204 });
  await expect(over('hooks.contoso.com', [])).rejects.toThrow(/could not be reached \((?:UNABLE|SELF|DEPTH)/);
  await expect(over('other.contoso.com', [authority.cert])).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(endpoint.requests).toEqual(['POST /x HTTP/1.1']);
});

it('an attempt that is ended from outside lets go of its socket', async () => {
  const silent = await startScriptedServer({ hangs: true });
  open.push(silent);
  const caller = new AbortController();
  const sending = loopbackExchange()(post(`http://127.0.0.1:${silent.port}`), caller.signal);
  while (silent.accepted() === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  caller.abort(new Error('enough'));
  await expect(sending).rejects.toThrow('enough');
  while (silent.open() > 0) await new Promise((resolve) => setTimeout(resolve, 2));
});
