import { readdirSync, readlinkSync } from 'node:fs';
import type { Network } from '../../../../src/endpoints/probe/network';
import { startPacServer, type PacServer } from '../../../support/pacServer';
import { startScriptedServer } from '../../../support/scriptedServer';
import { networkOf, scriptsWith, TARGET } from './asking';

/** What a server of proxy scripts may do to the one who fetches. */
let server: PacServer;
beforeAll(async () => {
  server = await startPacServer();
});
afterAll(() => server.close());

const SCRIPT = 'function FindProxyForURL() { return "DIRECT"; }';

interface Asking {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly network?: Network;
}

const askUrl = async (url: string, asking: Asking = {}) => {
  const { timeoutMs = 5000, signal = new AbortController().signal, ...parts } = asking;
  return (await scriptsWith(parts).ask({ kind: 'url', url }, [TARGET], { timeoutMs, signal }))[0];
};

describe('a body', () => {
  it('in chunks of one byte is not kept in a million pieces, and its bytes on the wire are counted', async () => {
    const chunks = '1\r\n \r\n'.repeat(50_000);
    let sent = 0;
    server.serve('/drip.pac', (_request, response) => {
      const socket = response.socket;
      socket?.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const more = (): void => {
        while (sent < 60 && socket?.write(chunks) === true) sent += 1;
        if (sent >= 60) socket?.end();
        sent += 1;
      };
      socket?.on('drain', more);
      more();
    });
    const before = process.memoryUsage().rss;
    expect(await askUrl(server.url('/drip.pac'), { timeoutMs: 15_000 })).toMatchObject({
      reason: 'pac-too-large',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });
});

describe('interim answers', () => {
  it('without end end it', async () => {
    const interim = await startScriptedServer({ says: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100) });
    const started = performance.now();
    expect(await askUrl(`http://127.0.0.1:${interim.port}/x`)).toMatchObject({ reason: 'pac-unreachable' });
    expect(performance.now() - started).toBeLessThan(9000);
    await interim.close();
  });

  it('that switch protocols are an answer of another status', async () => {
    const says = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const switching = await startScriptedServer({ says });
    expect(await askUrl(`http://127.0.0.1:${switching.port}/x`)).toMatchObject({
      reason: 'pac-http-status',
      seen: expect.stringContaining('101') as unknown,
    });
    await switching.close();
  });
});

describe('a redirect', () => {
  const { network } = networkOf({ 'pac.contoso.com': ['127.0.0.1'], 'inner.contoso.com': ['127.0.0.1'] });

  it.each([
    'http://127.0.0.1:PORT/proxy.pac',
    'http://[::1]:PORT/',
    'http://169.254.169.254/latest',
    'http://0/',
  ])('from another host does not lead to %s', async (to) => {
    server.serve('/away.pac', (_request, response) => {
      response.writeHead(302, { Location: to.replace('PORT', String(server.port)) }).end();
    });
    server.serve('/proxy.pac', SCRIPT);
    const url = `http://pac.contoso.com:${server.port}/away.pac`;
    expect(await askUrl(url, { network })).toMatchObject({ reason: 'pac-url-not-supported' });
  });

  it('does not lead there by a name either', async () => {
    server.serve('/away.pac', (_request, response) => {
      response.writeHead(302, { Location: `http://inner.contoso.com:${server.port}/proxy.pac` }).end();
    });
    const url = `http://pac.contoso.com:${server.port}/away.pac`;
    expect(await askUrl(url, { network })).toMatchObject({ kind: 'unavailable' });
  });

  it('may stay on this machine when the settings name it', async () => {
    server.serve('/home.pac', (_request, response) => {
      response.writeHead(302, { Location: '/proxy.pac' }).end();
    });
    server.serve('/proxy.pac', SCRIPT);
    expect(await askUrl(server.url('/home.pac'))).toMatchObject({ kind: 'answer' });
  });
});

describe('fields for the cache', () => {
  it('that take long to read are not read', async () => {
    const scripts = scriptsWith({});
    server.serve('/vary.pac', (_request, response) => {
      response.setHeader('Cache-Control', 'max-age=31536000');
      response.setHeader('Vary', `a${' '.repeat(14_000)}b`);
      response.end(SCRIPT);
    });
    const limits = { timeoutMs: 5000, signal: new AbortController().signal };
    const ask = () => scripts.ask({ kind: 'url', url: server.url('/vary.pac') }, [TARGET], limits);
    await ask();
    const before = server.requests.length;
    expect((await ask())[0]).toMatchObject({ kind: 'answer' });
    expect(server.requests.length).toBe(before);
  });
});

describe('a script that is given up while its thread starts', () => {
  it('leaves no file open', async () => {
    server.serve('/proxy.pac', SCRIPT);
    const open = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return /\.mjs$|quickjs/.test(readlinkSync(`/proc/self/fd/${fd}`));
        } catch {
          return false;
        }
      }).length;
    for (let round = 0; round < 12; round += 1) {
      const stop = new AbortController();
      const asked = askUrl(server.url('/proxy.pac'), { signal: stop.signal });
      setTimeout(
        () => {
          stop.abort(new Error('gone'));
        },
        5 + 6 * round,
      );
      await asked.catch(() => undefined);
    }
    expect(open()).toBe(0);
  });
});
