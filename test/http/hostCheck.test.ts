import { once } from 'node:events';
import { connect } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { type RunningServer, startServer } from '../../src/http/server';
import { type Service, openService } from './service';

let service: Service;
let server: RunningServer;
let everywhere: RunningServer;
let container: Service;
let published: RunningServer;

beforeAll(async () => {
  service = await openService({ SENSORPROXY_ALLOWED_HOSTS: 'Sensor.Contoso.com., 192.0.2.7, 2001:DB8::0:7' });
  server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
  everywhere = await startServer(service.app, { host: '0.0.0.0', port: 0 });
  container = await openService({ SENSORPROXY_HOST: '0.0.0.0', SENSORPROXY_ALLOW_PLAINTEXT: '1' });
  published = await startServer(container.app, { host: '0.0.0.0', port: 0 });
});
afterAll(async () => {
  await Promise.all([server.stop(), everywhere.stop(), published.stop()]);
  await service.close();
  await container.close();
});

/** An address of this machine besides loopback. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

interface Asked {
  readonly to?: RunningServer;
  readonly by?: string;
  readonly start?: string;
}

/** Sends a request with these header lines, and tells its status, code and the headers. */
async function ask(lines: readonly string[], { to = server, by = '127.0.0.1', start }: Asked = {}) {
  const socket = connect(to.address.port, by);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.write(
    [start ?? 'GET /livez HTTP/1.1', ...lines, 'Connection: close', '', ''].join('\r\n'),
    'latin1',
  );
  await once(socket, 'close');
  const [headers = '', body = ''] = answer.split('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]),
    code: body.startsWith('{') ? ((JSON.parse(body) as { code?: unknown }).code ?? null) : null,
    headers,
  };
}

const PORT = () => String(server.address.port);

describe('Host', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:PORT',
    '127.0.0.1:9000',
    '127.0.0.1:',
    '127.0.0.1.',
    'localhost:PORT',
    'LocalHost',
    'localhost.',
    '[::1]:PORT',
    '[0:0:0:0:0:0:0:1]',
    hostname(),
    `${hostname().toUpperCase()}:PORT`,
    'sensor.contoso.com',
    'SENSOR.CONTOSO.COM.:443',
    '192.0.2.7:PORT',
    '[2001:db8::7]:PORT',
    '[2001:0DB8:0::7]',
  ])('%s is ours, on loopback', async (host) => {
    expect(await ask([`Host: ${host.replace('PORT', PORT())}`])).toMatchObject({ status: 200 });
  });

  it.each([
    'evil.example',
    'evil.example:PORT',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1.nip.io:PORT',
    'evil-localhost',
    'localhost..',
    'x.sensor.contoso.com',
    'sensor.contoso.com.evil.example',
    'contoso.com',
    '127.0.0.2',
    '0.0.0.0',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '[::]',
    '[::ffff:127.0.0.1]',
    '10.0.0.1:PORT',
    '[2001:db8::8]',
    'null',
  ])('%s is somebody else’s: 421', async (host) => {
    const answer = await ask([`Host: ${host.replace('PORT', PORT())}`]);
    expect(answer).toMatchObject({ status: 421, code: 'host-not-allowed' });
    expect(answer.headers).toMatch(/^content-type: application\/problem\+json\r$/im);
  });

  it.each([
    ['nothing', ['Host:']],
    ['a dot', ['Host: .']],
    ['a user', ['Host: user@localhost']],
    ['a path', ['Host: localhost/x']],
    ['a list', ['Host: localhost, evil.example']],
    ['an escape', ['Host: %6cocalhost']],
    ['a zone', ['Host: [::1%25lo]']],
    ['a port that is none', ['Host: localhost:http']],
    ['a port that is too large', ['Host: localhost:65536']],
    ['IPv6 without brackets', ['Host: ::1']],
    ['a bracket that stays open', ['Host: [::1']],
    ['letters beyond ASCII', ['Host: l\u00f6calhost']],
    ['two hosts, the first ours', ['Host: localhost', 'Host: evil.example']],
    ['two hosts, the second ours', ['Host: evil.example', 'HOST: localhost']],
    ['the same host twice', ['Host: localhost', 'Host: localhost']],
    ['no host', []],
  ])('%s is no Host: 400', async (_name, lines) => {
    expect(await ask(lines)).toMatchObject({ status: 400, code: 'request-malformed' });
  });

  it('may be missing in HTTP/1.0, which no browser speaks', async () => {
    expect(await ask([], { start: 'GET /livez HTTP/1.0' })).toMatchObject({ status: 200 });
    expect(await ask(['Host: evil.example'], { start: 'GET /livez HTTP/1.0' })).toMatchObject({
      status: 421,
    });
  });

  it.each([
    '/livez',
    '/readyz',
    '/docs/',
    '/docs/swagger-ui.css',
    '/openapi.json',
    '/problems',
    '/metrics',
    '/nowhere',
    '/proxy/contexts',
  ])('is looked at on %s, before the token', async (path) => {
    expect(await ask(['Host: evil.example'], { start: `GET ${path} HTTP/1.1` })).toMatchObject({
      status: 421,
    });
  });

  it.each(['OPTIONS', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    'is looked at on %s',
    async (method) => {
      const start = `${method} /proxy/copy HTTP/1.1`;
      expect(await ask(['Host: evil.example', 'Content-Length: 0'], { start })).toMatchObject({
        status: 421,
      });
    },
  );

  it('is the address that was called, when it is not loopback', async () => {
    if (address === undefined) throw new Error('this machine has no address but loopback');
    const to = everywhere;
    expect(await ask([`Host: ${address}:1`], { to, by: address })).toMatchObject({ status: 200 });
    expect(await ask(['Host: sensor.contoso.com'], { to, by: address })).toMatchObject({ status: 200 });
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'evil.example'])
      expect([host, (await ask([`Host: ${host}`], { to, by: address })).status]).toEqual([host, 421]);
    expect(await ask([`Host: ${address}`], { to })).toMatchObject({ status: 421 });
  });

  it('is loopback too, where the port is said to be published there', async () => {
    if (address === undefined) throw new Error('this machine has no address but loopback');
    const to = published;
    expect(await ask(['Host: localhost:8484'], { to, by: address })).toMatchObject({ status: 200 });
    expect(await ask(['Host: evil.example'], { to, by: address })).toMatchObject({ status: 421 });
  });
});

it('a server on every address says so by a host that it answers to', async () => {
  expect(everywhere.url).toBe(`http://localhost:${everywhere.address.port}`);
  const host = `Host: ${new URL(everywhere.url).host}`;
  expect(await ask([host], { to: everywhere })).toMatchObject({ status: 200 });
});

describe('a target in absolute form', () => {
  it.each([
    ['http://localhost/livez', 'localhost', 200],
    ['HTTP://LOCALHOST:1/livez', 'localhost', 200],
    ['http://localhost/livez?x=1', 'localhost', 400],
    ['http://localhost/docs/', 'localhost', 200],
    ['http://localhost/docs/swagger-ui.css', 'localhost', 200],
    ['http://localhost/nowhere', 'localhost', 404],
    ['http://localhost', 'localhost', 404],
    ['http://localhost?x', 'localhost', 404],
    ['http://evil.example/livez', 'localhost', 421],
    ['http://localhost/livez', 'evil.example', 421],
    ['https://localhost/livez', 'localhost', 421],
    ['ftp://localhost/livez', 'localhost', 421],
    ['http://user@localhost/livez', 'localhost', 400],
    ['http://localhost@evil.example/livez', 'localhost', 400],
    ['http://localhost\\@evil.example/livez', 'localhost', 400],
  ])('%s with Host %s gets %d', async (target, host, status) => {
    expect(await ask([`Host: ${host}`], { start: `GET ${target} HTTP/1.1` })).toMatchObject({ status });
  });

  it('has the origin of its own host', async () => {
    const start = 'GET http://localhost:5/livez HTTP/1.1';
    expect(await ask(['Host: localhost', 'Origin: http://localhost:5'], { start })).toMatchObject({
      status: 200,
    });
    expect(await ask(['Host: localhost', 'Origin: http://localhost'], { start })).toMatchObject({
      status: 403,
    });
  });
});

describe('Origin', () => {
  it.each([
    ['http://127.0.0.1:9000', '127.0.0.1:9000'],
    ['http://localhost', 'localhost:80'],
    ['http://localhost', 'localhost'],
    ['http://localhost', 'LOCALHOST'],
    ['http://localhost.:9000', 'localhost.:9000'],
    ['http://[::1]:9000', '[::1]:9000'],
    ['http://sensor.contoso.com', 'sensor.contoso.com'],
  ])('%s is that of %s', async (origin, host) => {
    const answer = await ask([`Host: ${host}`, `Origin: ${origin}`, 'Sec-Fetch-Site: same-origin']);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers).not.toMatch(/^access-control-/im);
  });

  const foreign = [
    'http://evil.example',
    'https://127.0.0.1:9000',
    'http://127.0.0.1',
    'http://127.0.0.1:9001',
    'http://localhost:9000',
    'http://127.0.0.1:9000.evil.example',
    'http://127.0.0.1:9000/',
    'http://127.0.0.1:9000 http://evil.example',
    'null',
    '',
    'chrome-extension://abcdefgh',
    'file://',
  ];
  it.each(foreign)('%s is another than that of 127.0.0.1:9000: 403', async (origin) => {
    const answer = await ask(['Host: 127.0.0.1:9000', `Origin: ${origin}`]);
    expect(answer).toMatchObject({ status: 403, code: 'origin-not-allowed' });
    expect(answer.headers).not.toMatch(/^access-control-/im);
  });

  it.each(['GET', 'OPTIONS', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'])(
    'is looked at on %s',
    async (method) => {
      const lines = [
        'Host: localhost',
        'Origin: http://evil.example',
        'Access-Control-Request-Method: POST',
        'Content-Length: 0',
      ];
      const answer = await ask(lines, { start: `${method} /proxy/copy HTTP/1.1` });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toMatch(/^access-control-/im);
    },
  );

  it('is looked at on every path, and when it is given twice', async () => {
    for (const path of ['/livez', '/docs/', '/openapi.json', '/nowhere'])
      expect((await ask(['Host: localhost', 'Origin: null'], { start: `GET ${path} HTTP/1.1` })).status).toBe(
        403,
      );
    const twice = ['Host: localhost', 'Origin: http://localhost', 'Origin: http://evil.example'];
    expect((await ask(twice)).status).toBe(403);
    expect((await ask([...twice].reverse())).status).toBe(403);
  });
});

it.each([
  ['cross-site', 403],
  ['same-site', 403],
  ['CROSS-SITE', 403],
  ['same-origin', 200],
  ['none', 200],
])('Sec-Fetch-Site: %s gets %d', async (site, status) => {
  expect((await ask(['Host: localhost', `Sec-Fetch-Site: ${site}`])).status).toBe(status);
});

it('no answer has a banner or CORS headers', async () => {
  for (const start of [
    'GET /livez HTTP/1.1',
    'GET /docs/ HTTP/1.1',
    'BREW /pot HTTP/1.1',
    'GET /nowhere HTTP/1.1',
  ]) {
    const { headers } = await ask(['Host: localhost'], { start });
    expect(headers).not.toMatch(/^(?:server|x-powered-by|via|access-control-[a-z-]+):/im);
    expect(headers).toMatch(/^x-content-type-options: nosniff\r?$/im);
    expect(headers).not.toMatch(/^strict-transport-security:/im);
  }
});
