import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('X-Request-Id', () => {
  it.each(['/proxy/contexts', '/nowhere', '/livez', '/proxy/contexts/%zz', '/docs/', '/problems'])(
    'comes back from %s as it was sent',
    async (location) => {
      const response = await service.call('GET', location, { headers: { 'X-Request-Id': 'Job_42.a-b' } });
      expect(response.headers['x-request-id']).toBe('Job_42.a-b');
    },
  );

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['not of the characters that are sane', 'a b'],
    ['markup', '<script>'],
    ['given twice', 'a, b'],
  ])('is made when it is %s', async (_name, sent) => {
    const response = await service.call('GET', '/livez', {
      headers: sent === undefined ? {} : { 'X-Request-Id': sent },
    });
    expect(response.headers['x-request-id']).toMatch(UUID);
  });

  it('is in the journal of a change', async () => {
    const copy = await service.call('POST', '/proxy/copy', { headers: { 'X-Request-Id': 'job-43' } });
    const { changeId } = bodyOf(copy) as { changeId: string };
    expect(bodyOf(await service.call('GET', `/changes/${changeId}`))).toMatchObject({ requestId: 'job-43' });
  });
});

describe('security headers', () => {
  it.each(['/proxy/contexts', '/livez', '/nowhere', '/openapi.json', '/changes?limit=x'])(
    '%s has them',
    async (location) => {
      const { headers } = await service.call('GET', location);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('etag');
    },
  );
});

describe('the access log', () => {
  const lineOf = (requestId: string) => {
    const lines = service.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return lines.find((line) => line.message === 'request' && line.requestId === requestId);
  };

  it('tells at debug level of a success: who, what, how long; the pattern in place of the path', async () => {
    await service.call('GET', '/proxy/contexts/LocalSystem', { headers: { 'X-Request-Id': 'log-1' } });
    expect(lineOf('log-1')).toMatchObject({
      level: 'debug',
      method: 'GET',
      route: '/proxy/contexts/:id',
      status: 200,
      durationMs: expect.any(Number) as number,
      actor: 'admin',
    });
  });

  it('tells at info level of a refusal', async () => {
    const headers = { 'X-Request-Id': 'log-2' };
    await service.call('GET', '/changes/20261124T061512350Z-2c26b46b', { headers });
    expect(lineOf('log-2')).toMatchObject({ level: 'info', status: 404, actor: 'admin' });
  });

  it('tells at debug level of a refusal of whom nobody knows, who could else roll the log over', async () => {
    await service.call('GET', '/nowhere', { token: null, headers: { 'X-Request-Id': 'log-3' } });
    expect(lineOf('log-3')).toMatchObject({ level: 'debug', route: null, status: 404, actor: null });
  });
});

it('gives a fault of its own no more words than an id, and the log the stack', async () => {
  const faulty = await openService({}, (services) => ({
    ...services,
    endpoints: () => {
      throw new Error('the secret cause');
    },
  }));
  try {
    const response = await faulty.call('GET', '/endpoints', { headers: { 'X-Request-Id': 'fault-1' } });
    expect(response.status).toBe(500);
    expect(bodyOf(response)).toMatchObject({ code: 'internal-error' });
    expect(response.text).not.toContain('secret');
    const line = faulty.lines.find((text) => text.includes('"unexpected error"')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      requestId: 'fault-1',
      stack: expect.stringContaining('the secret cause') as string,
    });
  } finally {
    await faulty.close();
  }
});

describe('If-None-Match', () => {
  it('is looked at for an account alone: what has no entity tag always comes', async () => {
    await service.call('POST', '/proxy/copy', { body: { ticket: 'CHG1' } });
    const changes = bodyOf(await service.call('GET', '/changes')) as { items: { id: string }[] };
    const places: readonly (readonly [string, string])[] = [
      ...['json', 'text', 'csv', 'squid', 'pac'].map(
        (format) => [`/endpoints/allowlist?format=${format}`, '*/*'] as const,
      ),
      [`/changes/${changes.items[0]?.id ?? ''}`, 'text/markdown'],
      ['/problems', 'text/html'],
      ['/problems', 'application/json'],
      ['/openapi.json', '*/*'],
      ['/metrics', '*/*'],
      ['/livez', '*/*'],
    ];
    for (const [location, accept] of places) {
      const headers = { 'If-None-Match': '*', Accept: accept };
      const response = await service.call('GET', location, { headers });
      expect([location, accept, response.status]).toEqual([location, accept, 200]);
    }
  });
});
