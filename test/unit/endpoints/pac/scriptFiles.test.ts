import { gzipSync } from 'node:zlib';
import { createTrustStore } from '../../../../src/endpoints/probe/trust';
import { createAuthority } from '../../../support/certificates';
import { startPacServer, type PacServer } from '../../../support/pacServer';
import { closedPort, startScriptedServer } from '../../../support/scriptedServer';
import { askUrl, clockAt, networkOf, scriptsWith, TARGET } from './asking';

/** How a script's file comes: real servers on loopback. */

const SCRIPT = `function FindProxyForURL() { return 'PROXY proxy.contoso.com:8080'; }`;
const OTHER = `function FindProxyForURL() { return 'DIRECT'; }`;

let server: PacServer;
beforeEach(async () => {
  server = await startPacServer();
  server.serve('/proxy.pac', SCRIPT);
});
afterEach(() => server.close());

const answer = (text: string): unknown => expect.objectContaining({ kind: 'answer', answer: text });
const GOT = answer('PROXY proxy.contoso.com:8080');
const unavailable = (reason: string, seen: RegExp) => ({
  kind: 'unavailable',
  reason,
  seen: expect.stringMatching(seen),
});

describe('the address of a script', () => {
  it.each<[string, RegExp]>([
    ['file:///C:/Windows/proxy.pac', /^file: addresses are not supported for services$/],
    ['C:\\Windows\\proxy.pac', /^paths of files are not supported/],
    ['\\\\server\\share\\proxy.pac', /^it is no URL$/],
    ['ftp://contoso.com/proxy.pac', /^ftp: addresses are not supported$/],
    ['data:text/plain,x', /^data: addresses/],
    ['javascript:alert(1)', /^javascript: addresses/],
    ['proxy.pac', /^it is no URL$/],
    ['', /^it is no URL$/],
    ['http:contoso.com/x', /^it is no URL$/],
    ['http://', /^it is no URL$/],
    ['http://user:secret@contoso.com/proxy.pac', /^it holds credentials$/],
    ['http://user@contoso.com/proxy.pac', /^it holds credentials$/],
    ['http://contoso.com/\r\nHost: evil', /^it holds control characters$/],
    ['http://contoso.com/\0', /^it holds control characters$/],
    [`http://contoso.com/${'a'.repeat(65536)}`, /^it has more than 2083 characters$/],
    ['http://con toso.com/', /^it is no URL$/],
    ['http://contoso.com:0/', /^its port cannot be used$/],
    ['http://contoso.com:99999/', /^it is no URL$/],
    ['http://a!b.com/', /^it names no host that can be used$/],
  ])('is not taken when it is %j', async (url, seen) => {
    expect(await askUrl(url)).toEqual(unavailable('pac-url-not-supported', seen));
  });

  it('may have spaces around it, and a name that the overrides know', async () => {
    const { network, asked } = networkOf({ 'xn--bcher-kva.example': ['127.0.0.1'] });
    expect(await askUrl(`  http://bücher.example:${server.port}/proxy.pac `, { network })).toEqual(GOT);
    expect(asked).toEqual([`xn--bcher-kva.example:${server.port}`]);
    expect(server.requests[0]?.headers).toMatchObject({
      host: `xn--bcher-kva.example:${server.port}`,
      'accept-encoding': 'identity',
    });
  });
});

describe('a script that cannot be had', () => {
  it.each<[string, string, RegExp]>([
    ['is not there', '/missing.pac', /^http:\/\/127\.0\.0\.1:\d+\/missing\.pac answered 404$/],
    ['is an error', '/error.pac', /answered 500$/],
    ['is nothing', '/empty.pac', /answered 204$/],
    ['has not changed, though nobody asked', '/unchanged.pac', /answered 304$/],
    ['is redirected without an address', '/nowhere.pac', /answered 302 without an address$/],
    ['is redirected for ever', '/circle.pac', /^more than 5 redirects$/],
  ])('%s', async (_what, path, seen) => {
    const statuses = { error: 500, empty: 204, unchanged: 304, nowhere: 302 };
    for (const [name, status] of Object.entries(statuses)) {
      server.serve(`/${name}.pac`, (_request, response) => response.writeHead(status).end());
    }
    server.serve('/circle.pac', (_request, response) =>
      response.writeHead(302, { location: '/circle.pac' }).end(),
    );
    expect(await askUrl(server.url(path))).toEqual(unavailable('pac-http-status', seen));
    expect(server.requests.length).toBe(path === '/circle.pac' ? 6 : 1);
  });

  it.each<[string, string, RegExp]>([
    ['to a file', 'file:///etc/passwd', /^file: addresses/],
    ['to credentials', 'http://a:b@127.0.0.1/', /^it holds credentials$/],
    ['to another protocol', 'ftp://127.0.0.1/', /^ftp: addresses/],
  ])('is redirected %s', async (_what, location, seen) => {
    server.serve('/away.pac', (_request, response) => response.writeHead(301, { location }).end());
    expect(await askUrl(server.url('/away.pac'))).toEqual(unavailable('pac-url-not-supported', seen));
  });

  it('is on a port where nothing listens', async () => {
    const port = await closedPort();
    expect(await askUrl(`http://127.0.0.1:${port}/`)).toEqual(
      unavailable('pac-unreachable', /^127\.0\.0\.1:\d+ could not be reached \(ECONNREFUSED\)$/),
    );
  });

  it('has a name that is not there', async () => {
    expect(await askUrl('http://pac.contoso.com/')).toEqual(
      unavailable('pac-unreachable', /^pac\.contoso\.com:80 could not be reached \(ENOTFOUND\)$/),
    );
  });

  it.each<[string, Parameters<typeof startScriptedServer>[0], RegExp]>([
    ['speaks no HTTP', { says: 'rubbish\r\n\r\n' }, /\(HPE_INVALID_CONSTANT\)$/],
    ['closes', { closes: 'when spoken to' }, /\(ECONNRESET\)$/],
    [
      'stops in the middle',
      { says: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfun', thenCloses: true },
      /\(ECONNRESET\)$/,
    ],
    [
      'has a head without end',
      { says: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n` },
      /\(HPE_HEADER_OVERFLOW\)$/,
    ],
    ['says nothing', { hangs: true }, /^it did not come within 3 s$/],
    [
      'never comes to an end',
      { says: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfun' },
      /^it did not come within 3 s$/,
    ],
  ])('is on a server that %s', async (_what, script, seen) => {
    const odd = await startScriptedServer(script);
    try {
      const outcome = await askUrl(`http://127.0.0.1:${odd.port}/`, { limits: { fetchMs: 3000 } });
      expect(outcome).toEqual(unavailable('pac-unreachable', seen));
    } finally {
      await odd.close();
    }
  });

  it('is too large, whether or not the server says so first', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, ' ');
    server.serve('/chunks.pac', (_request, response) => {
      response.write(megabyte);
      response.end('x');
    });
    server.serve('/just.pac', (_request, response) => {
      response.end(SCRIPT + ' '.repeat(1024 * 1024 - SCRIPT.length));
    });
    expect(await askUrl(server.url('/chunks.pac'))).toEqual(
      unavailable('pac-too-large', /^it has more than 1048576 bytes$/),
    );
    expect(await askUrl(server.url('/just.pac'))).toEqual(GOT);
  });

  it('comes compressed', async () => {
    server.serve('/gzip.pac', (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(SCRIPT));
    });
    expect(await askUrl(server.url('/gzip.pac'))).toEqual(unavailable('pac-not-a-script', /compressed/));
  });
});

describe('over TLS', () => {
  it('the certificate is verified, and a redirect back to plain http is refused', async () => {
    const authority = await createAuthority('Contoso Root');
    const secure = await startPacServer(await authority.issue({ hosts: ['pac.contoso.com'] }));
    const { network } = networkOf({ 'pac.contoso.com': ['127.0.0.1'], 'other.contoso.com': ['127.0.0.1'] });
    const trust = createTrustStore(authority.cert);
    const at = (host: string, path: string) => `https://${host}:${secure.port}${path}`;
    try {
      secure.serve('/proxy.pac', SCRIPT);
      secure.serve('/down.pac', (_request, response) =>
        response.writeHead(302, { location: server.url('/proxy.pac') }).end(),
      );
      server.serve('/up.pac', (_request, response) =>
        response.writeHead(302, { location: at('pac.contoso.com', '/proxy.pac') }).end(),
      );
      expect(await askUrl(at('pac.contoso.com', '/proxy.pac'), { network, trust })).toEqual(GOT);
      expect(await askUrl(server.url('/up.pac'), { network, trust })).toEqual(GOT);
      expect(await askUrl(at('pac.contoso.com', '/down.pac'), { network, trust })).toEqual(
        unavailable('pac-url-not-supported', /^it is redirected from https: to http:$/),
      );
      expect(await askUrl(at('other.contoso.com', '/proxy.pac'), { network, trust })).toEqual(
        unavailable('pac-unreachable', /\(ERR_TLS_CERT_ALTNAME_INVALID\)$/),
      );
      expect(await askUrl(at('pac.contoso.com', '/proxy.pac'), { network })).toEqual(
        unavailable('pac-unreachable', /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/),
      );
    } finally {
      await secure.close();
    }
  });
});

describe('the text of a script', () => {
  it.each<[string, Buffer]>([
    ['with a byte order mark', Buffer.from(`\uFEFFfunction FindProxyForURL() { return 'é'; }`)],
    ['in UTF-8', Buffer.from(`function FindProxyForURL() { return 'é'; }`)],
    ['in Latin-1', Buffer.from(`function FindProxyForURL() { return 'é'; }`, 'latin1')],
  ])('is read %s', async (_what, bytes) => {
    server.serve('/text.pac', (_request, response) => response.end(bytes));
    expect(await askUrl(server.url('/text.pac'))).toEqual(answer('é'));
  });
});

describe('a script that was fetched', () => {
  const signal = new AbortController().signal;
  const START = '2026-11-24T06:00:00.000Z';
  const serveWith = (headers: Record<string, string>) => {
    server.serve('/kept.pac', (request, response) => {
      if (headers.etag !== undefined && request.headers['if-none-match'] === headers.etag) {
        response.writeHead(304, { ...headers, date: new Date(START).toUTCString() }).end();
      } else response.writeHead(200, { ...headers, date: new Date(START).toUTCString() }).end(SCRIPT);
    });
  };
  const askTwice = async (later: string) => {
    const clock = clockAt(START);
    const scripts = scriptsWith({ clock });
    const ask = async () =>
      (
        await scripts.ask({ kind: 'url', url: server.url('/kept.pac') }, [TARGET], {
          timeoutMs: 20_000,
          signal,
        })
      )[0];
    expect(await ask()).toEqual(GOT);
    clock.set(later);
    return Object.assign(ask, { clock });
  };

  it('is kept as long as its headers say', async () => {
    serveWith({ 'cache-control': 'max-age=60' });
    const ask = await askTwice('2026-11-24T06:00:59.000Z');
    expect(await ask()).toEqual(GOT);
    expect(server.requests).toHaveLength(1);
  });

  it('is asked for again then, and kept when it has not changed', async () => {
    serveWith({ 'cache-control': 'max-age=60', etag: '"1"' });
    const ask = await askTwice('2026-11-24T06:01:01.000Z');
    expect(await ask()).toEqual(GOT);
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    server.serve('/kept.pac', OTHER);
    ask.clock.set('2026-11-24T06:03:00.000Z');
    expect(await ask()).toEqual(answer('DIRECT'));
  });

  it.each([{ 'cache-control': 'no-store', etag: '"1"' }, {}])('is not kept with %j', async (headers) => {
    serveWith(headers as Record<string, string>);
    const ask = await askTwice('2026-11-24T06:00:01.000Z');
    server.serve('/kept.pac', OTHER);
    expect(await ask()).toEqual(answer('DIRECT'));
    expect(server.requests[1]?.headers['if-none-match']).toBeUndefined();
  });

  it('makes room for others', async () => {
    const scripts = scriptsWith({ clock: clockAt(START), limits: { cachedFiles: 2 } });
    const ask = (path: string) =>
      scripts.ask({ kind: 'url', url: server.url(path) }, [TARGET], { timeoutMs: 20_000, signal });
    for (const path of ['/1', '/2', '/3']) {
      server.serve(path, (_request, response) =>
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(SCRIPT),
      );
      await ask(path);
    }
    await ask('/3');
    expect(server.requests).toHaveLength(3);
    await ask('/1');
    expect(server.requests).toHaveLength(4);
  });
});

describe('who asks for one script at the same time', () => {
  it('shares one fetch, which stands when one of them goes away', async () => {
    let release: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      server.serve('/slow.pac', (_request, response) => {
        resolve();
        release = () => response.end(SCRIPT);
      });
    });
    const scripts = scriptsWith();
    const ask = (signal: AbortSignal) =>
      scripts.ask({ kind: 'url', url: server.url('/slow.pac') }, [TARGET], { timeoutMs: 20_000, signal });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = ask(first.signal);
    const two = ask(second.signal);
    await arrived;
    first.abort(new Error('gone'));
    await expect(one).rejects.toThrow('gone');
    release();
    expect(await two).toEqual([GOT]);
    expect(server.requests).toHaveLength(1);
  });

  it('and they all go away: the fetch is given up', async () => {
    const closed = new Promise<void>((resolve) => {
      server.serve('/slow.pac', (request) => request.once('close', resolve));
    });
    const stop = new AbortController();
    const asked = askUrl(server.url('/slow.pac'), {}, stop.signal);
    setTimeout(() => {
      stop.abort(new Error('gone'));
    }, 200);
    await expect(asked).rejects.toThrow('gone');
    await closed;
  });

  it('is not begun for one who is gone already', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(askUrl(server.url('/proxy.pac'), {}, gone)).rejects.toThrow('gone');
    expect(server.requests).toHaveLength(0);
  });
});
