import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { createAuthority } from '../support/certificates';
import { listenOnLoopback } from '../support/scriptedServer';
import type { RunningAgent } from './agents';
import { type Fleet, messagesOf, resultsOf, startFleet, task } from './fleet';
import { ask as askAgent, startRelay } from './relay';

const LIMIT_MS = 600_000;

let fleet: Fleet;
let agent: RunningAgent;
const relays: Awaited<ReturnType<typeof startRelay>>[] = [];
beforeAll(async () => {
  fleet = await startFleet(['dc01']);
  const [first] = fleet.agents;
  if (first === undefined) throw new Error('there is no agent');
  agent = first;
  // Whose password would be sent in place of the token by whoever reads it.
  const netrc = 'machine 127.0.0.1 login somebody password secret\n';
  await writeFile(path.join(fleet.ansible.folder, '.netrc'), netrc, { mode: 0o600 });
}, LIMIT_MS);
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});
afterAll(() => fleet.close(), LIMIT_MS);

async function relayTo(...args: Parameters<typeof startRelay>) {
  const relay = await startRelay(...args);
  relays.push(relay);
  return relay;
}

it(
  'fails in one line where something else answers, and gives the token to nobody else',
  async () => {
    const elsewhere = await relayTo(agent.url, (_seen, response) => void response.end('{}'));
    const stranger = await relayTo(agent.url, ({ path: asked }, response) => {
      if (asked === '/proxy/contexts?source=redirect') {
        response.writeHead(307, { location: `${elsewhere.url}/proxy/contexts` }).end();
      } else if (asked === '/proxy/contexts?source=page') {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\n</html>');
      } else if (asked === '/proxy/contexts?source=error') {
        response.writeHead(502).end('<html>\nBad gateway</html>');
      } else if (asked === '/proxy/contexts?source=large') {
        response.end(Buffer.alloc(17 * 1024 * 1024, ' '));
      } else if (asked === '/proxy/contexts?source=short') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{');
        setTimeout(() => response.destroy(), 100);
      } else if (asked === '/proxy/contexts?source=drip') {
        const timer = setInterval(() => response.write(' '), 300);
        response.once('close', () => {
          clearInterval(timer);
        });
      } else if (asked !== '/proxy/contexts?source=silent') {
        response.socket?.destroy();
      }
    });
    const sources = ['redirect', 'page', 'error', 'large', 'short', 'drip', 'silent', 'closed'];
    const { url } = stranger;
    const said = await messagesOf(
      fleet,
      agent,
      sources.map((source) =>
        task('proxy_contexts_info', { url, source, timeout: source === 'large' ? 60 : 2 }),
      ),
    );
    expect(said).toEqual([
      `${url} answered GET /proxy/contexts with a redirect (307), which is not followed`,
      `${url} answered GET /proxy/contexts with something else than this service does`,
      `${url} answered GET /proxy/contexts with status 502 and no reason`,
      `${url} answered with more than 16777216 bytes`,
      `${url} broke off its answer`,
      `${url} did not give its whole answer within 2 s`,
      `${url} did not give its whole answer within 2 s`,
      `${url} broke off the connection before it had answered`,
    ]);
    expect(elsewhere.requests).toEqual([]);
  },
  LIMIT_MS,
);

it(
  'gives up an agent that answers byte by byte once the time is over, in headers, body and TLS alike, and the others go on',
  async () => {
    const openings = {
      statusLine: 'HTTP/1.1 ',
      header: 'HTTP/1.1 200 OK\r\nX-Slow: ',
      body: 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{',
      chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n',
      refusal: 'HTTP/1.1 503 Unavailable\r\nContent-Length: 100000\r\n\r\n{',
      // A record of TLS's handshake, of 16 KiB.
      handshake: Buffer.from([0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3]),
    };
    const servers = await Promise.all(
      Object.entries(openings).map(async ([name, opening]) => {
        const server = await listenOnLoopback(
          createServer((socket) => {
            drip(socket, opening);
          }),
        );
        relays.push({ url: '', requests: [], close: () => server.close() });
        const scheme = name === 'handshake' ? 'https' : 'http';
        return [name, `${scheme}://127.0.0.1:${server.port}`] as const;
      }),
    );
    const inventory = Object.fromEntries(
      [...servers, [agent.name, agent.url] as const].map(([name, url]) => [
        name,
        { sensorproxy_url: url, sensorproxy_token: agent.token, timeout: name === agent.name ? 60 : 1 },
      ]),
    );
    const timeout = '{{ timeout }}';
    const modules = [
      task('proxy_contexts_info', { timeout }),
      task('proxy_copy', { timeout }),
      task('endpoints_health', { timeout, timeout_ms: 10_000 }),
    ].map((one) => ({ ...one, ignore_errors: true }));
    const began = Date.now();
    const { tasks } = await fleet.ansible.play(modules, inventory);
    // The servers go on for half an hour.
    expect(Date.now() - began).toBeLessThan(120_000);
    expect(tasks).toHaveLength(3);
    for (const { name: module, hosts } of tasks) {
      const seconds = module === 'endpoints_health' ? 11 : 1;
      expect([module, hosts[agent.name]?.msg]).toEqual([module, undefined]);
      for (const [name, url] of servers) {
        const msg = `${url} did not give its whole answer within ${seconds} s`;
        expect([name, hosts[name]]).toEqual([
          name,
          expect.objectContaining({ failed: true, changed: false, msg }),
        ]);
      }
    }
  },
  LIMIT_MS,
);

/** Answers without an end, one byte each time that a client's read would have to wait. */
function drip(socket: Socket, opening: string | Buffer): void {
  socket.once('data', () => {
    socket.write(opening);
    const timer = setInterval(() => socket.write(' '), 200);
    socket.once('close', () => {
      clearInterval(timer);
    });
  });
}

it(
  'warns when the token would go over the network in plain HTTP',
  async () => {
    const away = 'http://192.0.2.1:8484';
    const [result] = await resultsOf(fleet, agent, [task('proxy_contexts_info', { url: away, timeout: 1 })]);
    expect(result?.warnings).toEqual([
      `${away} is plain HTTP to another machine: whoever listens on the way has the token`,
    ]);
    const [local] = await resultsOf(fleet, agent, [task('proxy_contexts_info')]);
    expect(local?.warnings).toBeUndefined();
  },
  LIMIT_MS,
);

it(
  'asks again under the same key when the answer to a copy was lost, and the copy is made once',
  async () => {
    const target = await fleet.add('lost');
    const relay = await relayTo(target.url, async (seen, response, passOn) => {
      if (relay.requests.length > 1) return passOn();
      await askAgent(target.url, seen);
      response.socket?.destroy();
    });
    const connection = { url: relay.url, token: target.token };
    const [result] = await resultsOf(fleet, target, [task('proxy_copy', connection)]);
    const [entry, ...others] = await target.changes();
    expect(others).toEqual([]);
    expect(result).toMatchObject({ changed: true, change_id: entry?.id });
    const keys = relay.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([expect.stringMatching(/^"[0-9a-f-]{36}"$/), keys[0]]);
  },
  LIMIT_MS,
);

it(
  'fails in one line when somebody else changes the account between reading and writing, and leaves their change',
  async () => {
    const target = await fleet.add('raced');
    const relay = await relayTo(target.url, async (seen, response, passOn) => {
      if (relay.requests.length > 1) return passOn();
      const { status, headers, text } = await askAgent(target.url, seen);
      const theirs = { proxyServer: 'theirs.contoso.com:8080' };
      await target.call('PUT', '/proxy/contexts/LocalSystem', theirs, '*');
      response.writeHead(status, headers).end(text);
    });
    const connection = { url: relay.url, token: target.token };
    const [result] = await resultsOf(fleet, target, [
      task('proxy_settings', { ...connection, context: 'LocalSystem', proxy_server: 'p:80' }),
    ]);
    expect(result).toMatchObject({
      ...{ failed: true, changed: false, problem: { code: 'etag-stale', status: 412 } },
      msg: `${relay.url} refused PUT /proxy/contexts/LocalSystem: 412 etag-stale: The context has changed since you read it. Read it again, decide again, and send its new ETag.`,
    });
    expect(await target.changes()).toHaveLength(1);
  },
  LIMIT_MS,
);

it(
  'speaks TLS to an authority that is named and to no other, and may show a client certificate in place of the token',
  async () => {
    const authority = await createAuthority('Contoso agents');
    const server = await authority.issue({ hosts: ['localhost', '127.0.0.1'] });
    const client = await authority.issue({ hosts: ['ansible'], usage: 'client', subject: 'CN=ansible' });
    const files = {
      ca: authority.cert,
      cert: server.cert,
      key: server.key,
      client: `${client.cert}\n${client.key}`,
      pair: client.cert,
      clientKey: client.key,
    };
    const pem = (name: string) => path.join(fleet.ansible.folder, `${name}.pem`);
    for (const [name, text] of Object.entries(files)) await writeFile(pem(name), text, { mode: 0o600 });
    const target = await fleet.add('tls', {
      SENSORPROXY_TLS_CERT: pem('cert'),
      SENSORPROXY_TLS_KEY: pem('key'),
      SENSORPROXY_TLS_CLIENT_CA: pem('ca'),
      SENSORPROXY_TLS_CLIENT_SCOPES: 'CN=ansible=read',
    });
    const trusting = { ca_path: pem('ca') };
    const certificate = { ...trusting, client_cert: pem('client'), token: '{{ omit }}' };
    const said = await messagesOf(fleet, target, [
      task('proxy_contexts_info', trusting),
      task('proxy_contexts_info', certificate),
      task('proxy_contexts_info', { ...certificate, client_cert: pem('pair'), client_key: pem('clientKey') }),
      task('proxy_copy', certificate),
      task('proxy_contexts_info'),
      task('proxy_contexts_info', { validate_certs: false }),
      task('proxy_contexts_info', { url: target.url.replace('https', 'http') }),
      task('proxy_contexts_info', { url: agent.url.replace('http', 'https') }),
      task('proxy_contexts_info', { ca_path: pem('missing') }),
      task('proxy_contexts_info', { ca_path: pem('key') }),
      task('proxy_contexts_info', { ...certificate, client_cert: pem('ca') }),
    ]);
    expect(said).toEqual([
      ...[undefined, undefined, undefined],
      expect.stringContaining(': 403 '),
      expect.stringMatching(
        /^https:\S+: its certificate is not accepted: [^\n]+\. ca_path may name its authority$/,
      ),
      undefined,
      expect.stringMatching(/^http:\S+ (?:broke off|answered) [^\n]+$/),
      expect.stringMatching(/^https:\S+: no TLS connection: \w+$/),
      'ca_path cannot be read: No such file or directory',
      'ca_path holds no PEM certificate',
      'client_cert holds no PEM certificate with its key, without a password',
    ]);
  },
  LIMIT_MS,
);
