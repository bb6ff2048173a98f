import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkOne, endpointAt, HOST, throughProxy, trustedAuthority } from '../unit/endpoints/checking';
import { closedPort } from '../support/scriptedServer';
import { startTlsEndpoint, type TlsEndpoint } from '../support/tlsEndpoint';

/**
 * The verdicts through Debian's own squid and tinyproxy. The proxies look names up themselves, so the endpoint goes by its
 * loopback address here; the rest is as in the field.
 */
const ADDRESS = '127.0.0.1';
const START_MS = 15_000;

interface RealProxy {
  readonly port: number;
  stop(): Promise<void>;
}

const folder = mkdtempSync(path.join(tmpdir(), 'sensorproxy-lab-'));
const proxies: RealProxy[] = [];
let endpoint: TlsEndpoint;
let trust: Awaited<ReturnType<typeof trustedAuthority>>['trust'];

beforeAll(async () => {
  chmodSync(folder, 0o777);
  const { trust: store, authority } = await trustedAuthority();
  trust = store;
  endpoint = await startTlsEndpoint({
    certificate: await authority.issue({ hosts: [HOST, 'localhost', ADDRESS] }),
  });
});
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  await endpoint.close();
  rmSync(folder, { recursive: true, force: true });
});

function binary(file: string, debianPackage: string): string {
  if (!existsSync(file))
    throw new Error(
      `${file} is missing: install Debian's package ${debianPackage} (apt-get install ${debianPackage})`,
    );
  return file;
}

/** Starts a proxy in the foreground and waits until it takes connections. */
async function start(file: string, args: readonly string[], port: number): Promise<RealProxy> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const proxy = { port, stop: () => stop(child) };
  proxies.push(proxy);
  const deadline = Date.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}: ${output}`);
    if (Date.now() > deadline) throw new Error(`${file} does not listen: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return proxy;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, ADDRESS);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** squid with some rules; everything it writes stays in the lab's folder. */
async function startSquid(name: string, rules: readonly string[]): Promise<RealProxy> {
  const squid = binary('/usr/sbin/squid', 'squid');
  const port = await closedPort();
  const config = path.join(folder, `${name}.conf`);
  writeFileSync(
    config,
    [
      `http_port ${ADDRESS}:${port}`,
      `pid_filename none`,
      `cache_log /dev/null`,
      `access_log none`,
      'cache deny all',
      'shutdown_lifetime 0 seconds',
      'visible_hostname lab.invalid',
      `coredump_dir ${folder}`,
      ...rules,
      '',
    ].join('\n'),
  );
  return start(squid, ['-N', '-f', config, '-n', `lab${process.pid}${name}`], port);
}

async function startTinyproxy(name: string, rules: readonly string[]): Promise<RealProxy> {
  const tinyproxy = binary('/usr/bin/tinyproxy', 'tinyproxy-bin');
  const port = await closedPort();
  const config = path.join(folder, `${name}.conf`);
  const lines = [
    `Port ${port}`,
    `Listen ${ADDRESS}`,
    'Timeout 30',
    'MaxClients 20',
    'LogLevel Critical',
    ...rules,
    '',
  ];
  writeFileSync(config, lines.join('\n'));
  return start(tinyproxy, ['-d', '-c', config], port);
}

/** Checks an endpoint of this machine's through a proxy. The bypass list must not take loopback past it. */
function checkThrough(proxy: RealProxy, port = endpoint.port) {
  const context = throughProxy(proxy.port);
  const inForce = context.inForce && { ...context.inForce, bypassList: '<-loopback>' };
  return checkOne({ context: { ...context, inForce }, endpoint: endpointAt(port, ADDRESS), trust }, 10_000);
}

describe('through squid', () => {
  it('that is open, the endpoint is healthy and every phase passes', async () => {
    const check = await checkThrough(await startSquid('open', ['http_access allow all']));
    expect(check).toMatchObject({
      status: 'healthy',
      failure: null,
      http: { status: 200 },
      route: { via: 'proxy' },
    });
    expect(check.phases.map(({ status }) => status)).toEqual(Array(6).fill('pass'));
  });

  it('that cannot reach the endpoint, the proxy’s side is named', async () => {
    const open = await startSquid('open2', ['http_access allow all']);
    const check = await checkThrough(open, await closedPort());
    expect(check).toMatchObject({
      status: 'unhealthy',
      failure: { code: 'proxy-server-error', phase: 'proxyConnect' },
    });
    expect(check.phases.map(({ status }) => status)).toEqual([
      'pass',
      'pass',
      'pass',
      'fail',
      'skipped',
      'skipped',
    ]);
  });

  it('that asks for Basic authentication, the scheme is named', async () => {
    const users = path.join(folder, 'users');
    writeFileSync(users, '');
    const helper = binary('/usr/lib/squid/basic_ncsa_auth', 'squid');
    const proxy = await startSquid('basic', [
      `auth_param basic program ${helper} ${users}`,
      'auth_param basic realm lab, with a comma',
      'acl known proxy_auth REQUIRED',
      'http_access allow known',
      'http_access deny all',
    ]);
    const { failure } = await checkThrough(proxy);
    expect(failure).toMatchObject({ code: 'proxy-auth-required', phase: 'proxyConnect' });
    expect(failure?.detail).toContain('offers Basic.');
  });

  it('that denies, the refusal is named, with the computer account as a hint', async () => {
    const { failure } = await checkThrough(await startSquid('deny', ['http_access deny all']));
    expect(failure).toMatchObject({
      code: 'proxy-forbidden',
      remedy: expect.stringContaining('HOST$') as unknown,
    });
  });
});

describe('through tinyproxy', () => {
  it('that is open, the endpoint is healthy and every phase passes', async () => {
    const check = await checkThrough(await startTinyproxy('tiny-open', [`Allow ${ADDRESS}`]));
    expect(check).toMatchObject({ status: 'healthy', failure: null, http: { status: 200 } });
    expect(check.phases.map(({ status }) => status)).toEqual(Array(6).fill('pass'));
  });

  it('that asks for Basic authentication, the scheme is named', async () => {
    const { failure } = await checkThrough(await startTinyproxy('tiny-basic', ['BasicAuth user secret']));
    expect(failure).toMatchObject({ code: 'proxy-auth-required' });
    expect(failure?.detail).toContain('offers Basic.');
  });

  it('that denies this machine, the refusal is named', async () => {
    const { failure } = await checkThrough(await startTinyproxy('tiny-deny', ['Allow 192.0.2.1']));
    expect(failure).toMatchObject({ code: 'proxy-forbidden' });
  });

  it('that does not allow CONNECT to the endpoint’s port, the refusal is named', async () => {
    const { failure } = await checkThrough(
      await startTinyproxy('tiny-ports', [`Allow ${ADDRESS}`, 'ConnectPort 443']),
    );
    expect(failure).toMatchObject({ phase: 'proxyConnect', code: 'proxy-forbidden' });
  });

  it('that cannot reach the endpoint, the proxy’s side is named', async () => {
    const open = await startTinyproxy('tiny-open2', [`Allow ${ADDRESS}`]);
    expect(await checkThrough(open, await closedPort())).toMatchObject({
      failure: { code: 'proxy-server-error' },
    });
  });
});
