import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HttpClient } from '../../../../src/cli/client/httpClient';
import { openTlsService, type TlsService } from '../../../http/tlsService';
import { createAuthority } from '../../../support/certificates';
import { closedPort, startScriptedServer } from '../../../support/scriptedServer';
import { temporaryFolder } from '../../../support/temporaryFolder';
import { answering, saying, type ScriptedService } from './scriptedService';
import { at, found, SOME_TOKEN, type } from './typing';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function kept<T extends { close(): Promise<void> }>(server: T): T {
  closing.push(() => server.close());
  return server;
}

const here = (port: number) => at(`http://127.0.0.1:${port}`);

describe('a service that cannot be reached is 3, with one line that says why', () => {
  it('nothing listens', async () => {
    const { code, out, err } = await type(['contexts'], here(await closedPort()));
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^sensorproxy: Nothing listens at http:\/\/127\.0\.0\.1:\d+\. [^\n]*\n$/);
  });

  it.each<[string, Parameters<typeof startScriptedServer>[0], RegExp]>([
    ['it closes at once', { closes: 'at once' }, /closed the connection/],
    ['it closes without an answer', { closes: 'when spoken to' }, /before the answer was whole/],
    ['it speaks another protocol', { says: '220 mail ESMTP\r\n', thenCloses: true }, /does not speak HTTP/],
    ['it never answers', { hangs: true }, /did not answer in time/],
    [
      'the answer breaks off',
      {
        says: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
        thenCloses: true,
      },
      /before the answer was whole/,
    ],
  ])('%s', async (_name, script, why) => {
    const { port } = kept(await startScriptedServer(script));
    const { code, out, err } = await type(['contexts', '--timeout', '1'], here(port));
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(why);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each<[string, () => Promise<ScriptedService>, RegExp]>([
    ['it answers with a page', () => saying('<html>', { type: 'text/html' }), /is not sensorproxy/],
    ['it answers with no JSON', () => saying('{"a":'), /is not JSON/],
    [
      'it refuses without a problem document',
      () => saying('no', { status: 502, type: 'text/plain' }),
      /status 502/,
    ],
    [
      'its problem document is none',
      () => saying({ status: 400 }, { status: 400, type: 'application/problem+json' }),
      /status 400/,
    ],
    ['its answer has another form', () => saying({ items: 3 }), /has not the form/],
    ['its answer is null', () => saying('null'), /has not the form/],
  ])('%s', async (_name, open, why) => {
    const { url } = kept(await open());
    const { code, out, err } = await type(['backups'], at(url));
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(why);
  });

  it('a health check whose stream has no end', async () => {
    const { url } = kept(await saying('{"type":"later"}\n', { type: 'application/x-ndjson' }));
    expect(await type(['health'], at(url))).toMatchObject({
      code: 3,
      err: expect.stringContaining('broke off'),
    });
  });
});

it('follows no redirect: the token goes nowhere else', async () => {
  const elsewhere = kept(await saying({}));
  const { url, asked } = kept(
    await answering((_request, response) => response.writeHead(307, { Location: elsewhere.url }).end()),
  );
  for (const args of [['contexts'], ['copy'], ['health']]) {
    const { code, err } = await type(args, at(url));
    expect([code, err]).toEqual([3, expect.stringContaining(`redirect (to ${elsewhere.url})`)]);
  }
  expect([asked.length, elsewhere.asked.length]).toEqual([3, 0]);
});

it('reads no more than the most that an answer may have', async () => {
  let written = 0;
  const { url } = kept(
    await answering((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(16_384))) written += 16_384;
      };
      response.on('drain', more);
      more();
    }),
  );
  const client = new HttpClient(
    { url: new URL(url), token: SOME_TOKEN, tls: {}, timeoutMs: 10_000 },
    100_000,
  );
  await expect(client.text({ path: '/' })).rejects.toMatchObject({
    exitCode: 3,
    lines: [expect.stringContaining('more than 100000 bytes')],
  });
  expect(written).toBeLessThan(20_000_000);
});

it('says what to type when the answer to a change is lost, with the key that keeps it from being made twice', async () => {
  const { url, asked } = kept(await answering((request) => request.socket.destroy()));
  const { code, err } = await type(['copy', '--ticket', 'CHG1'], at(url));
  expect(code).toBe(3);
  const key = found(/--idempotency-key (\S+):/, err);
  expect(asked[0]?.headers['idempotency-key']).toBe(`"${key}"`);
  await type(['copy', '--idempotency-key', key], at(url));
  expect(asked[1]?.headers['idempotency-key']).toBe(`"${key}"`);
  await type(['copy', '--dry-run'], at(url));
  expect(asked[2]?.headers['idempotency-key']).toBeUndefined();
});

it('asks for what was typed, each thing in its place', async () => {
  const { url, asked } = kept(await saying({ items: [], next: null }));
  const prefixed = at(`${url}/behind/a/proxy/`);
  await type(['changes', '--ticket', 'CHG 1&x=é', '--limit', '3'], prefixed);
  await type(['contexts', 'a/../b?c'], prefixed);
  await type(
    ['health', '--json', '--context', 'LocalSystem', '--context', 'x', '--timeout-ms', '500'],
    prefixed,
  );
  expect(asked.map((request) => request.url)).toEqual([
    '/behind/a/proxy/changes?ticket=CHG+1%26x%3D%C3%A9&limit=3',
    '/behind/a/proxy/proxy/contexts/a%2F..%2Fb%3Fc',
    '/behind/a/proxy/endpoints/health?context=LocalSystem&context=x&timeoutMs=500',
  ]);
  expect(asked[0]?.headers.authorization).toBe(`Bearer ${SOME_TOKEN}`);
});

describe('over TLS', () => {
  let tls: TlsService;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let ca: string;
  beforeAll(async () => {
    tls = await openTlsService();
    folder = await temporaryFolder();
    ca = path.join(folder.path, 'ca.pem');
    await writeFile(ca, tls.authority.cert);
  });
  afterAll(async () => {
    await tls.close();
    await folder.remove();
  });

  const remote = () => at(`https://localhost:${tls.port}`, tls.service.token);

  it('trusts the authority that --ca or SENSORPROXY_CA names, and no other', async () => {
    expect((await type(['backups', '--ca', ca], remote())).code).toBe(0);
    const environment = { ...remote().environment, SENSORPROXY_CA: ca };
    expect((await type(['backups'], { environment })).code).toBe(0);
    const { code, err } = await type(['backups'], remote());
    expect([code, err]).toEqual([3, expect.stringMatching(/is not trusted .* --ca/)]);
    const other = path.join(folder.path, 'other.pem');
    await writeFile(other, (await createAuthority('Server root')).cert);
    expect((await type(['backups', '--ca', other], remote())).code).toBe(3);
  });

  it('wants a name that the certificate has', async () => {
    const wrong = at(`https://127.0.0.2:${tls.port}`, tls.service.token);
    const { code } = await type(['backups', '--ca', ca], wrong);
    expect(code).toBe(3);
  });

  it('tells http from https, both ways', async () => {
    const plain = await type(['backups'], at(`http://127.0.0.1:${tls.port}`));
    expect([plain.code, plain.err]).toEqual([3, expect.stringContaining('begins with https')]);
    const { url } = kept(await saying({}));
    const secured = await type(['backups'], at(url.replace('http:', 'https:')));
    expect([secured.code, secured.err]).toEqual([3, expect.stringContaining('does not speak TLS')]);
  });

  it('knows this machine’s service by its very certificate, whatever names that has', async () => {
    const dataDir = path.join(folder.path, 'data');
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'admin.token'), `${tls.service.token}\n`);
    const leaf = await tls.authority.issue({ hosts: ['dc01.contoso.com'] });
    await tls.replace(tls.files.cert, leaf.cert);
    await tls.replace(tls.files.key, leaf.key);
    const environment = {
      SENSORPROXY_DATA_DIR: dataDir,
      SENSORPROXY_PORT: String(tls.port),
      SENSORPROXY_TLS_CERT: tls.files.cert,
    };
    for (let left = 100; (await type(['backups'], { environment })).code !== 0; left -= 1) {
      if (left === 0) throw new Error('the new certificate is not taken');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The same name from the same authority is not the same certificate.
    const impostor = path.join(folder.path, 'impostor.crt');
    const { cert } = await tls.authority.issue({ hosts: ['dc01.contoso.com'] });
    await writeFile(impostor, `${cert}\n${tls.authority.cert}`);
    const run = await type(['backups'], { environment: { ...environment, SENSORPROXY_TLS_CERT: impostor } });
    expect([run.code, run.err]).toEqual([3, expect.stringContaining('shows another certificate')]);
  });
});
