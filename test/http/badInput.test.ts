import type { Fault } from '../../src/http/validation';
import { type CallOptions, type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

interface Refusal {
  readonly code: string;
  readonly errors?: readonly Fault[];
}

const COPY = '/proxy/copy';
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const withIfMatch = (body: CallOptions['body']): CallOptions => ({ body, headers: { 'If-Match': '*' } });

describe('a body', () => {
  it.each<[string, CallOptions['body'], number, string]>([
    ['an unknown field', { sorce: 'CurrentUser' }, 400, '/sorce'],
    ['a field of another type', { dryRun: 'true' }, 400, '/dryRun'],
    ['a number for a flag', { dryRun: 1 }, 400, '/dryRun'],
    ['text for a list', { targets: 'LocalSystem' }, 400, '/targets'],
    ['an object for a list', { targets: { length: 1 } }, 400, '/targets'],
    ['a number in a list', { targets: ['LocalSystem', 5] }, 400, '/targets/1'],
    ['an empty name in a list', { targets: [''] }, 400, '/targets/0'],
    ['an empty list of targets', { targets: [] }, 400, '/targets'],
    ['too many targets', { targets: Array.from({ length: 65 }, () => 'LocalSystem') }, 400, '/targets'],
    ['null for text', { source: null }, 400, '/source'],
    ['a ticket that is too long', { ticket: 'x'.repeat(201) }, 400, '/ticket'],
    ['a ticket with a line break', { ticket: 'CHG1\r\nX: y' }, 400, '/ticket'],
    ['a list at the top', [], 400, ''],
  ])('with %s is refused, with a pointer to it', async (_name, body, status, pointer) => {
    const response = await service.call('POST', COPY, { body });
    expect(response.status).toBe(status);
    const problem = bodyOf(response) as Refusal;
    expect(problem.code).toBe('validation-failed');
    expect(problem.errors).toEqual(
      expect.arrayContaining([{ detail: expect.any(String) as string, in: 'body', pointer }]),
    );
  });

  it.each<[string, CallOptions['body'], string]>([
    ['a list for text', { proxyServer: ['a:80'] }, '/proxyServer'],
    ['a list that reads as null', { proxyServer: ['null'] }, '/proxyServer'],
    ['an object for text', { autoConfigUrl: { a: 1 } }, '/autoConfigUrl'],
    ['text that is too long', { proxyServer: 'x'.repeat(8193) }, '/proxyServer'],
    ['a flag as text', { autoDetect: 'yes' }, '/autoDetect'],
    ['null in a list', { bypassList: [null] }, '/bypassList/0'],
    ['an unknown field', { proxyserver: 'a:80' }, '/proxyserver'],
  ])('that sets an account, with %s, is refused with a pointer to it', async (_name, body, pointer) => {
    const response = await service.call('PUT', '/proxy/contexts/LocalService', withIfMatch(body));
    expect(response.status).toBe(400);
    expect((bodyOf(response) as Refusal).errors?.map((fault) => fault.pointer)).toContain(pointer);
  });

  it.each<[string, CallOptions['body'], string]>([
    ['text that is no JSON', '{"dryRun":', 'json-malformed'],
    ['a trailing comma', '{"dryRun":true,}', 'json-malformed'],
    ['nothing but space', '   ', 'json-malformed'],
    ['the name __proto__', '{"__proto__":{"dryRun":true}}', 'json-malformed'],
    ['the name constructor', '{"constructor":{"prototype":{"x":1}}}', 'json-malformed'],
    ['names that upset comparisons', '{"source":{"toString":1,"valueOf":1}}', 'json-malformed'],
    ['deep nesting', `{"source":${nested(30_000)}}`, 'json-malformed'],
    ['a plain text', '"dryRun"', 'validation-failed'],
    ['a plain null', 'null', 'validation-failed'],
  ])('of %s is refused', async (_name, body, code) => {
    for (const [method, location] of [
      ['POST', COPY],
      ['PUT', '/proxy/contexts/LocalService'],
    ] as const) {
      const response = await service.call(method, location, withIfMatch(body));
      expect(response.status).toBe(400);
      expect((bodyOf(response) as Refusal).code).toBe(code);
    }
  });

  it('with a name twice counts with the last, as JSON parsers do', async () => {
    const response = await service.call('POST', COPY, { body: '{"dryRun":false,"dryRun":true}' });
    expect(bodyOf(response)).toMatchObject({ dryRun: true });
  });

  it('with bytes that are not UTF-8 is refused', async () => {
    const latin1 = Buffer.from('{"ticket":"\xe9"}', 'latin1');
    const { default: request } = await import('supertest');
    const response = await request(service.app)
      .post(COPY)
      .set('Authorization', `Bearer ${service.token}`)
      .set('Content-Type', 'application/json')
      .serialize((value: unknown) => value as string)
      .send(latin1);
    expect(response.status).toBe(400);
    expect((bodyOf(response) as Refusal).code).toBe('json-malformed');
  });

  it.each([
    ['no media type', '', 415, 'content-type-unsupported'],
    ['text/plain', 'text/plain', 415, 'content-type-unsupported'],
    ['a form', 'application/x-www-form-urlencoded', 415, 'content-type-unsupported'],
    ['another charset', 'application/json; charset=utf-16', 415, 'content-type-unsupported'],
    ['a charset that does not exist', 'application/json; charset=klingon', 415, 'content-type-unsupported'],
  ])('with %s is refused', async (_name, type, status, code) => {
    const response = await service.call('POST', COPY, {
      body: '{"dryRun":true}',
      headers: { 'Content-Type': type },
    });
    expect(response.status).toBe(status);
    expect((bodyOf(response) as Refusal).code).toBe(code);
  });

  it('may state the charset that JSON has anyway', async () => {
    const headers = { 'Content-Type': 'application/json; charset=UTF-8' };
    expect((await service.call('POST', COPY, { body: '{"dryRun":true}', headers })).status).toBe(200);
  });

  it.each(['gzip', 'br', 'klingon'])('with the content encoding %s is refused', async (encoding) => {
    const response = await service.call('POST', COPY, {
      body: '{"dryRun":true}',
      headers: { 'Content-Encoding': encoding },
    });
    expect(response.status).toBe(415);
    expect((bodyOf(response) as Refusal).code).toBe('content-encoding-unsupported');
  });

  it('over 64 KiB is refused', async () => {
    const response = await service.call('POST', COPY, { body: { reason: 'x'.repeat(64 * 1024) } });
    expect(response.status).toBe(413);
    expect((bodyOf(response) as Refusal).code).toBe('body-too-large');
  });

  it('that must be there and is not is asked for', async () => {
    for (const headers of [
      { 'If-Match': '*' } as Record<string, string>,
      { 'If-Match': '*', 'Content-Type': 'application/json', 'Content-Length': '0' },
    ]) {
      const response = await service.call('PUT', '/proxy/contexts/LocalService', { headers });
      expect(response.status).toBe(400);
      expect((bodyOf(response) as Refusal).errors).toEqual([
        { detail: 'It is required.', in: 'body', pointer: '' },
      ]);
    }
  });

  it('with a thousand unknown fields gets a short answer', async () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field${index}`, index]));
    const response = await service.call('POST', COPY, { body });
    expect((bodyOf(response) as Refusal).errors).toHaveLength(20);
  });

  it('is refused where an operation takes none', async () => {
    const response = await service.call('GET', '/proxy/contexts', { body: {} });
    expect(response.status).toBe(400);
    expect((bodyOf(response) as Refusal).code).toBe('body-unexpected');
  });
});

describe('a query', () => {
  it.each([
    ['/proxy/contexts?sorce=LocalSystem', '/sorce'],
    ['/proxy/contexts?source=LocalSystem&source=LocalService', '/source'],
    ['/proxy/contexts?source=', '/source'],
    ['/proxy/contexts/LocalSystem?verbose', '/verbose'],
    ['/changes?limit=0', '/limit'],
    ['/changes?limit=201', '/limit'],
    ['/changes?limit=-1', '/limit'],
    ['/changes?limit=1.5', '/limit'],
    ['/changes?limit=ten', '/limit'],
    ['/changes?limit=', '/limit'],
    ['/changes?limit=5&limit=6', '/limit'],
    ['/proxy/backups?Limit=5', '/Limit'],
    [`/proxy/backups?cursor=${'x'.repeat(257)}`, '/cursor'],
    ['/endpoints?region=Europe', '/region'],
    ['/endpoints/health?strict=yes', '/strict'],
    ['/endpoints/health?timeoutMs=99', '/timeoutMs'],
    ['/endpoints/health?timeoutMs=60001', '/timeoutMs'],
    ['/endpoints/health?host=evil.example', '/host'],
    ['/endpoints/health?context=LocalSystem&context=', '/context/1'],
    ['/livez?x=1', '/x'],
    ['/readyz?__proto__=1', ''],
  ])('%s is refused, with a pointer to the parameter', async (location, pointer) => {
    const response = await service.call('GET', location);
    expect(response.status).toBe(400);
    expect(bodyOf(response) as Refusal).toMatchObject({
      code: 'validation-failed',
      errors: [{ in: 'query', pointer }],
    });
  });

  it('of DELETE is checked like a body', async () => {
    const response = await service.call('DELETE', '/proxy/contexts/LocalSystem?dryRun=maybe&tiket=1', {
      headers: { 'If-Match': '*' },
    });
    expect(response.status).toBe(400);
    expect((bodyOf(response) as Refusal).errors?.map(({ pointer }) => pointer).sort()).toEqual([
      '/dryRun',
      '/tiket',
    ]);
  });

  it.each(['/changes?cursor=nonsense', '/proxy/backups?cursor=nonsense'])(
    '%s has a cursor that nobody gave',
    async (location) => {
      const response = await service.call('GET', location);
      expect(response.status).toBe(400);
      expect((bodyOf(response) as Refusal).code).toBe('cursor-invalid');
    },
  );
});

describe('a path', () => {
  it.each([
    ['an account that is not there', '/proxy/contexts/S-1-5-21-1-2-3-4', 404, 'context-not-found'],
    ['a name that is none', '/proxy/contexts/Nobody', 404, 'context-not-found'],
    ['an id with a line break', '/proxy/contexts/Local%0d%0aSystem', 404, 'context-not-found'],
    ['an id with NUL', '/proxy/contexts/LocalSystem%00', 404, 'context-not-found'],
    ['an id that climbs', '/proxy/contexts/..%2f..%2fetc', 404, 'context-not-found'],
    ['half an SID', '/proxy/contexts/S-1-', 400, 'id-invalid'],
    ['an id that is too long', `/proxy/contexts/${'x'.repeat(257)}`, 400, 'validation-failed'],
    ['percent signs that encode nothing', '/proxy/contexts/%zz', 400, 'path-malformed'],
    ['a backup that is not there', '/proxy/backups/20261124T061512345Z-00000000', 404, 'backup-not-found'],
    ['a backup that climbs', '/proxy/backups/..%2f..%2fadmin.token/file', 404, 'backup-not-found'],
    ['a change that is not there', '/changes/__proto__', 404, 'change-not-found'],
  ])('to %s is refused', async (_name, location, status, code) => {
    const response = await service.call('GET', location);
    expect(response.status).toBe(status);
    expect((bodyOf(response) as Refusal).code).toBe(code);
  });

  it.each([
    '/',
    '/proxy',
    '/proxy/contexts/',
    '/PROXY/contexts',
    '/proxy//contexts',
    '/metrics/',
    '/sensor/',
    '/sensors',
    '/..%2f',
    '/docs/../package.json',
    '/%',
  ])('%s leads nowhere', async (location) => {
    const response = await service.call('GET', location);
    expect(response.status).toBe(404);
    expect((bodyOf(response) as Refusal).code).toBe('path-not-found');
  });

  it.each([
    ['POST', '/proxy/contexts', 'GET, HEAD'],
    ['DELETE', '/proxy/copy', 'POST'],
    ['GET', '/proxy/copy', 'POST'],
    ['PATCH', '/proxy/contexts/LocalSystem', 'DELETE, GET, HEAD, PUT'],
    ['DELETE', '/changes', 'GET, HEAD'],
    ['PUT', '/changes/20261124T061512350Z-2c26b46b', 'GET, HEAD'],
    ['PUT', '/livez', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['POST', '/problems/etag-stale', 'GET, HEAD'],
  ])('refuses %s %s, naming the methods that it has', async (method, location, allow) => {
    const response = await service.call(method, location, { token: null });
    expect(response.status).toBe(405);
    expect((response.headers.allow ?? '').split(', ').sort().join(', ')).toBe(allow);
    expect((bodyOf(response) as Refusal).code).toBe('method-not-allowed');
  });

  it('tells its methods to OPTIONS', async () => {
    const response = await service.call('OPTIONS', '/proxy/copy', { token: null });
    expect(response.status).toBe(204);
    expect(response.headers.allow).toBe('POST');
  });
});

it('says nothing that was sent, and nothing of the machine, in a problem', async () => {
  const secret = 'hunter2-hunter2';
  const answers = [
    await service.call('POST', COPY, { body: { source: secret } }),
    await service.call('POST', COPY, {
      body: { ticket: `${secret}\n`, targets: [{ [secret]: secret }], reason: [secret] },
    }),
    await service.call(
      'PUT',
      '/proxy/contexts/LocalService',
      withIfMatch({ proxyServer: { value: secret } }),
    ),
    await service.call('GET', `/changes?limit=${secret}`),
    await service.call('GET', `/changes/${secret}`),
    await service.call('GET', `/${secret}`),
    await service.call('GET', '/changes', { token: secret }),
    await service.call('GET', `/changes?cursor=${secret}`),
  ];
  for (const { text, status } of answers) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain(secret);
    expect(text).not.toContain(service.dataDir);
    expect(text).not.toMatch(/node_modules|\.ts:|\n\s*at /);
  }
  expect(service.lines.join('')).not.toContain(service.token);
});
