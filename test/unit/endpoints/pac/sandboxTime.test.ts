import { startPacServer, type PacServer } from '../../../support/pacServer';
import { scriptsWith, TARGET } from './asking';

let server: PacServer;
beforeAll(async () => {
  server = await startPacServer();
});
afterAll(() => server.close());

const ask = (path: string, timeoutMs: number, parts = {}) =>
  scriptsWith(parts).ask({ kind: 'url', url: server.url(path) }, [TARGET], {
    timeoutMs,
    signal: new AbortController().signal,
  });

describe('the time that a check leaves for a script', () => {
  it('being up while the file is fetched, the file cannot be had', async () => {
    server.serve('/silent.pac', () => undefined);
    expect(await ask('/silent.pac', 200)).toEqual([
      {
        kind: 'unavailable',
        reason: 'pac-unreachable',
        seen: expect.stringContaining('within the 200 ms') as unknown,
      },
    ]);
  });

  it('being up while the script runs, the script took too long, however little it was', async () => {
    server.serve('/loop.pac', 'function FindProxyForURL() { for (;;); }');
    expect(await ask('/loop.pac', 4000)).toEqual([
      { kind: 'failed', reason: 'pac-limit', seen: expect.stringContaining('time') as unknown },
    ]);
  });

  it('being up while a name is looked up, it is said so, and within that time', async () => {
    server.serve('/name.pac', `function FindProxyForURL() { return dnsResolve('silent.contoso.com'); }`);
    const network = {
      lookup: () => new Promise<string[]>(() => undefined),
      connect: () => {
        throw new Error('no');
      },
    };
    const started = performance.now();
    const [outcome] = await ask('/name.pac', 4000, { network, limits: { lookupMs: 12_000 } });
    expect(performance.now() - started).toBeLessThan(11_000);
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: 'pac-limit',
      seen: expect.stringContaining('the check') as unknown,
    });
  });
});
