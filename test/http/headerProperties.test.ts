import { request } from 'node:http';
import { hostname } from 'node:os';
import fc from 'fast-check';
import { type RunningServer, startServer } from '../../src/http/server';
import { anyText, SEED } from '../support/damage';
import { type Service, openService } from './service';

let service: Service;
let server: RunningServer;

beforeAll(async () => {
  // Failures are counted elsewhere: scopes.test.ts.
  service = await openService({}, (services) => ({ ...services, failures: { note: () => null } }));
  server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop();
  await service.close();
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Answered {
  readonly status: number;
  readonly code: unknown;
  readonly text: string;
}

/** Sends what Node's client lets through: any Latin-1 but control characters. */
function send({ method = 'POST', path = '/proxy/copy', headers = {}, body = '' }: Sent): Promise<Answered> {
  const authorization = `Bearer ${service.token}`;
  const length = { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: server.address.port,
        agent: false,
        method,
        path,
        headers: { authorization, ...length, ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          const isJson = (response.headers['content-type'] ?? '').includes('json');
          const { code } = JSON.parse(isJson ? text : '{}') as { readonly code?: unknown };
          resolve({ status: response.statusCode ?? 0, code, text });
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const DRY = JSON.stringify({ dryRun: true });
const latin1 = (pieces: readonly string[]) =>
  fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join('')),
    fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((code) => code !== 0x7f)
        .map((code) => String.fromCharCode(code)),
      maxLength: 12,
    }),
  );

/** What stands between two ends of a header, as its reader gets it. */
const trimmed = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '');

it('an Idempotency-Key of any text is a key, or is refused as none', async () => {
  const isKey = (text: string): boolean => {
    if (!text.startsWith('"')) return /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,255}$/.test(text);
    let length = 0;
    for (let at = 1; at < text.length; at += 1) {
      let char = text.charAt(at);
      if (char === '"') return at === text.length - 1 && length > 0 && length <= 255;
      if (char === '\\') {
        char = text.charAt((at += 1));
        if (char !== '"' && char !== '\\') return false;
      }
      if (char <= ' ' || char > '~') return false;
      length += 1;
    }
    return false;
  };
  const header = fc.oneof(
    latin1(['"', '\\', '\\"', 'a', 'key', ' ', ',', ';', '=', 'é', '%22']),
    latin1(['\\\\', '\\"', 'a', '!']).map((text) => `"${text}"`),
    fc.integer({ min: 250, max: 260 }).map((length) => `"${'k'.repeat(length)}"`),
  );
  let keys = 0;
  await fc.assert(
    fc.asyncProperty(header, async (text) => {
      const { status, code } = await send({ headers: { ...JSON_TYPE, 'Idempotency-Key': text }, body: DRY });
      if (isKey(trimmed(text))) {
        keys += 1;
        expect(status).toBe(200);
      } else expect([status, code]).toEqual([400, 'idempotency-key-invalid']);
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect(keys).toBeGreaterThan(20);
});

it('an If-Match of any text lets a write through when it names what is there, and else does not', async () => {
  const path = '/proxy/contexts/LocalSystem';
  await send({
    method: 'PUT',
    path,
    headers: { ...JSON_TYPE, 'If-Match': '*' },
    body: '{"autoDetect":true}',
  });
  const { etag } = JSON.parse((await send({ method: 'GET', path })).text) as { readonly etag: string };
  const part = fc.oneof(
    fc.constantFrom(etag, etag, `W/${etag}`, etag.slice(1), etag.toUpperCase(), '"absent"', '*', '""', ''),
    latin1(['"', 'W/', etag.slice(0, -1), '*', 'x', ' ']),
  );
  const header = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(', '));
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(header, async (text) => {
      const headers = { ...JSON_TYPE, 'If-Match': text };
      const body = JSON.stringify({ autoDetect: true, dryRun: true });
      const { status, code } = await send({ method: 'PUT', path, headers, body });
      const names = trimmed(text) === '*' || text.split(',').some((one) => one.trim() === etag);
      passed += names ? 1 : 0;
      if (names) expect(status).toBe(200);
      else if (status === 428) expect(text.trim()).toBe('');
      else expect([status, code]).toEqual([412, 'etag-stale']);
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect(passed).toBeGreaterThan(20);
});

it('a body of any bytes and type is taken when it is JSON of the contract, and else refused by what is wrong', async () => {
  const type = fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON;charset="UTF-8"',
    ),
    latin1(['application/json', 'text/plain', ';', ' ', 'charset=', 'utf-8', 'utf-16', '"', 'x=y', '/', ',']),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record(
        {
          dryRun: fc.constant(true),
          ticket: anyText(10),
          targets: fc.oneof(fc.constant(['LocalSystem']), fc.jsonValue()),
          source: fc.oneof(fc.constantFrom('LocalSystem', 'nobody'), fc.jsonValue()),
        },
        { requiredKeys: ['dryRun'] },
      )
      .map((fields) => Buffer.from(JSON.stringify(fields))),
  );
  const codes = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(type, body, async (contentType, bytes) => {
      const { status, code } = await send({ headers: { 'Content-Type': contentType }, body: bytes });
      codes.add(code);
      expect([200, 400, 404, 409, 415, 422]).toContain(status);
      if (status === 415) {
        expect(code).toBe('content-type-unsupported');
        return;
      }
      // No body is no fault: nothing has to be stated.
      if (bytes.length === 0) return;
      expect(contentType.toLowerCase()).toMatch(/^\s*application\/json\s*(?:;|$)/);
      const isJson = (): boolean => {
        try {
          JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
          return true;
        } catch {
          return false;
        }
      };
      if (!isJson()) expect([status, code]).toEqual([400, 'json-malformed']);
      if (status === 200) expect(isJson()).toBe(true);
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect([...codes]).toEqual(
    expect.arrayContaining([undefined, 'content-type-unsupported', 'json-malformed', 'validation-failed']),
  );
});

it('a Host and a target of any form are answered when both name this service, and never else', async () => {
  const port = () => String(server.address.port);
  const ours = new Set(['127.0.0.1', 'localhost', '[::1]', hostname().toLowerCase()]);
  const name = fc.oneof(
    fc.constantFrom(
      '127.0.0.1',
      'localhost',
      'LOCALHOST.',
      '[::1]',
      hostname(),
      'evil.example',
      '127.0.0.1.evil.example',
    ),
    latin1(['127.0.0.1', 'localhost', '.', '@', ':', '80', 'evil', '[', ']', '%', '/', '\\', '#', 'é']),
  );
  const authority = fc
    .tuple(name, fc.constantFrom('', '', ':PORT', ':80', ':', ':99999'))
    .map(([host, end]) => host + end)
    // In place of an empty one Node's client sends its own.
    .filter((host) => host !== '');
  const named = fc.constantFrom(
    ...[
      '127.0.0.1',
      '127.0.0.1:PORT',
      'localhost:1',
      'LocalHost.',
      '[::1]',
      hostname(),
      '127.0.0.1.',
      '[::ffff:127.0.0.1]',
    ],
    ...[
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      'evil.example@localhost',
      '0x7f.1',
      '127.1',
    ],
  );
  const target = fc.oneof(
    fc.constant('/livez'),
    fc
      .tuple(
        fc.constantFrom('http', 'HTTP', 'https', 'ftp'),
        named,
        fc.constantFrom('/livez', '', '?x', '/livez#x'),
      )
      .map(([scheme, host, path]) => `${scheme}://${host}${path}`),
  );
  const hostOf = (text: string): string | undefined => {
    const url = `http://${text.replace(/:$/, '')}/`;
    return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : undefined;
  };
  let served = 0;
  await fc.assert(
    fc.asyncProperty(authority, target, async (host, asked) => {
      const sent = host.replace('PORT', port());
      const path = asked.replace('PORT', port());
      const { status, code } = await send({
        method: 'GET',
        path,
        headers: { Host: sent, 'Content-Length': '0' },
      });
      expect([200, 400, 404, 421]).toContain(status);
      if (status >= 400) expect(code).toMatch(/^(?:host-not-allowed|request-malformed|path-not-found)$/);
      if (status !== 200) return;
      served += 1;
      const absolute = /^(\w+):\/\/([^/?#]*)/.exec(path);
      if (absolute !== null) expect(absolute[1]?.toLowerCase()).toBe('http');
      for (const one of absolute === null ? [sent] : [sent, absolute[2] ?? ''])
        expect([...ours]).toContain(hostOf(one.trim()));
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect(served).toBeGreaterThan(10);
});

it('an Authorization of any text opens with the token alone, whatever surrounds it', async () => {
  const { token } = service;
  const header = fc.oneof(
    fc
      .tuple(fc.constantFrom('Bearer', 'bearer', 'BEARER'), fc.constantFrom(' ', '  ', ' \t'))
      .map(([scheme, space]) => `${scheme}${space}${token}`),
    latin1(['Bearer', 'bearer ', 'Basic ', ' ', ',', token, token.slice(1), '"', '=', 'é']),
    fc.integer({ min: 1000, max: 1100 }).map((length) => `Bearer ${'x'.repeat(length)}`),
  );
  let opened = 0;
  await fc.assert(
    fc.asyncProperty(header, async (text) => {
      const {
        status,
        code,
        text: answer,
      } = await send({
        method: 'GET',
        path: '/proxy/backups',
        headers: { authorization: text },
      });
      const isOurs = /^bearer\s+(\S+)$/i.exec(trimmed(text))?.[1] === token;
      opened += isOurs ? 1 : 0;
      if (isOurs) expect(status).toBe(200);
      else {
        expect(status).toBe(401);
        expect(['unauthenticated', 'token-invalid']).toContain(code);
        expect(answer).not.toContain(token);
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
  expect(opened).toBeGreaterThan(20);
});
