import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type Served, serve } from '../../../http/clients';
import { openTlsService } from '../../../http/tlsService';
import { closedPort } from '../../../support/scriptedServer';
import { found } from './typing';

jest.setTimeout(40_000);

const PROGRAM = path.join(__dirname, '..', '..', '..', '..', 'dist', 'main.js');

let served: Served;
beforeAll(async () => (served = await serve()));
afterAll(() => served.close());

/** The real program, in a process of its own. */
async function program(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      SENSORPROXY_DATA_DIR: served.service.dataDir,
      SENSORPROXY_PORT: found(/:(\d+)$/, served.url),
      ...settings,
    },
  });
  const written = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, ...written };
}

it('ends with 0, 1, 2, 3 or 4, and says why on stderr alone', async () => {
  const gone = { SENSORPROXY_PORT: String(await closedPort()) };
  const [fine, drift, usage, unreachable, refused] = await Promise.all([
    program(['backups']),
    program(['contexts']),
    program(['contexts', '--sorce', 'x']),
    program(['contexts'], gone),
    program(['restore', 'nope']),
  ]);
  expect(fine).toEqual({ code: 0, out: 'There is no backup.\n', err: '' });
  expect(drift).toEqual({ code: 1, out: expect.stringMatching(/in sync: no\n$/), err: '' });
  expect(usage).toEqual({ code: 2, out: '', err: expect.stringContaining("Unknown option '--sorce'") });
  expect(unreachable).toEqual({ code: 3, out: '', err: expect.stringContaining('Nothing listens at') });
  expect(refused).toEqual({ code: 4, out: '', err: expect.stringContaining('backup-not-found') });
});

it('writes nothing but JSON to stdout with --json', async () => {
  const [health, refused] = await Promise.all([
    program(['health', '--json']),
    program(['restore', 'nope', '--json']),
  ]);
  expect([health.code, JSON.parse(health.out)]).toEqual([
    1,
    expect.objectContaining({ status: 'unhealthy' }),
  ]);
  expect([refused.code, JSON.parse(refused.out)]).toEqual([4, expect.objectContaining({ status: 404 })]);
});

it('cannot be told by the environment to trust every certificate', async () => {
  const tls = await openTlsService();
  try {
    const { code, out, err } = await program(['backups'], {
      SENSORPROXY_URL: `https://localhost:${tls.port}`,
      SENSORPROXY_TOKEN: tls.service.token,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    });
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('is not trusted');
  } finally {
    await tls.close();
  }
});
