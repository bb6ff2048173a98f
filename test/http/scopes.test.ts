import { createFailureLimit } from '../../src/auth/failureLimit';
import { createToken } from '../../src/cli/tokenCommand';
import { systemClock } from '../../src/lib/clock';
import { contract } from './contract';
import { type Service, bodyOf, openService } from './service';

let service: Service;
const tokens = { read: '', operate: '' };

beforeAll(async () => {
  service = await openService();
  for (const scope of ['read', 'operate'] as const) {
    const wish = { name: `${scope}er`, scope, expires: undefined };
    const { lines } = await createToken(wish, { dataDir: service.dataDir, clock: systemClock });
    tokens[scope] = lines[0] ?? '';
  }
  while (service.services.authenticate(tokens.operate) === undefined)
    await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(() => service.close());

/** The operations that change something. */
const writing = Object.entries(contract.paths).flatMap(([path, operations]) =>
  Object.keys(operations)
    .filter((method) => method !== 'get')
    .map((method) => {
      const scope = path.startsWith('/webhooks') ? 'admin' : 'operate';
      return [method.toUpperCase(), path.replace(/\{\w+\}/g, 'LocalSystem'), scope] as const;
    }),
);

it('covers what there is', () => {
  expect(writing.length).toBeGreaterThan(4);
});

it.each(writing)(
  '%s %s is refused to a token that may only read, and changes nothing',
  async (method, path, scope) => {
    const before = bodyOf(await service.call('GET', '/proxy/contexts'));
    const response = await service.call(method, path, { token: tokens.read, body: '{' });
    expect(response.status).toBe(403);
    expect(bodyOf(response)).toMatchObject({ code: 'scope-missing', scope });
    expect(bodyOf(await service.call('GET', '/proxy/contexts'))).toEqual(before);
  },
);

it('a token that may only read sees everything', async () => {
  for (const path of ['/proxy/contexts', '/changes', '/proxy/backups', '/sensor', '/endpoints', '/webhooks'])
    expect((await service.call('GET', path, { token: tokens.read })).status).toBe(200);
});

it('the name of the token that changed something is in the journal', async () => {
  const copied = await service.call('POST', '/proxy/copy', { token: tokens.operate, body: {} });
  expect(copied.status).toBe(200);
  const { changeId } = bodyOf(copied) as { readonly changeId: string };
  expect(bodyOf(await service.call('GET', `/changes/${changeId}`))).toMatchObject({ actor: 'operateer' });
});

describe('wrong tokens', () => {
  it('are answered ten times a minute, then have to wait, while a right one is answered all along', async () => {
    const own = await openService();
    try {
      const statuses: number[] = [];
      for (let tries = 0; tries < 12; tries += 1)
        statuses.push((await own.call('GET', '/changes', { token: `wrong${tries}` })).status);
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
      const waiting = await own.call('GET', '/changes', { token: 'wrong' });
      expect(bodyOf(waiting)).toMatchObject({ code: 'too-many-failures' });
      expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(50);
      expect((await own.call('GET', '/changes')).status).toBe(200);
      expect(own.lines.filter((line) => line.includes('too many wrong tokens'))).toHaveLength(1);
      expect(own.lines.join()).not.toContain('wrong1');
    } finally {
      await own.close();
    }
  });

  it('are counted by address, and forgotten after a minute', () => {
    let now = 0;
    const limited: string[] = [];
    const limit = createFailureLimit({ ...systemClock, monotonicMs: () => now }, (who) => limited.push(who));
    for (let tries = 0; tries < 10; tries += 1) expect(limit.note('a')).toBeNull();
    expect(limit.note('a')).toBe(60);
    expect(limit.note('b')).toBeNull();
    now = 30_500;
    expect(limit.note('a')).toBe(30);
    now = 60_000;
    expect(limit.note('a')).toBeNull();
    expect(limited).toEqual(['a']);
  });

  it('of very many addresses take bounded memory', () => {
    const limit = createFailureLimit(systemClock, () => undefined);
    const before = process.memoryUsage().heapUsed;
    for (let address = 0; address < 200_000; address += 1) limit.note(`address ${address}`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000);
  });
});
