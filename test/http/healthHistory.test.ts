import type { HealthHistoryPage } from '../../src/endpoints/history/healthResult';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

async function page(query = ''): Promise<HealthHistoryPage> {
  const response = await service.call('GET', `/endpoints/health/history${query}`);
  expect(response.status).toBe(200);
  return bodyOf(response) as HealthHistoryPage;
}

const contexts = ({ items }: HealthHistoryPage) => items.map(({ context }) => context);

it('is empty at first', async () => {
  expect(await page()).toEqual({ items: [], next: null });
});

it('has each check that was done once, newest first, page by page', async () => {
  await service.call('GET', '/endpoints/health?context=LocalSystem');
  // Two that share a run.
  await Promise.all([
    service.call('GET', '/endpoints/health?context=LocalService'),
    service.call('GET', '/endpoints/health?context=LocalService'),
  ]);
  const all = await page();
  expect(contexts(all)).toEqual(['LocalService', 'LocalSystem']);
  expect(all.next).toBeNull();
  expect(all.items[0]).toMatchObject({
    endpoint: { host: '127.0.0.1', port: 1, region: 'Here', origin: 'file' },
    status: 'unhealthy',
    failure: { code: 'connect-refused', phase: 'connect' },
    httpStatus: null,
  });
  const first = await page('?limit=1');
  await service.call('GET', '/endpoints/health?context=NetworkService');
  const second = await page(`?limit=1&cursor=${first.next ?? ''}`);
  expect([contexts(first), contexts(second), second.next]).toEqual([['LocalService'], ['LocalSystem'], null]);
});

it('is narrowed to an account, and to a status', async () => {
  for (const spelling of ['LocalSystem', 'S-1-5-18'])
    expect(contexts(await page(`?context=${spelling}`))).toEqual(['LocalSystem']);
  expect(await page('?context=S-1-5-21-1-2-3-4')).toEqual({ items: [], next: null });
  expect((await page('?status=unhealthy')).items.length).toBeGreaterThan(1);
  expect((await page('?status=healthy')).items).toEqual([]);
});

it('takes the cursors of this process only', async () => {
  const other = await openService();
  try {
    await other.call('GET', '/endpoints/health');
    const { next } = bodyOf(
      await other.call('GET', '/endpoints/health/history?limit=1'),
    ) as HealthHistoryPage;
    for (const cursor of [next ?? '', 'MTI', '%00', '']) {
      const response = await service.call('GET', `/endpoints/health/history?cursor=${cursor}`);
      expect(response.status).toBe(400);
      expect(bodyOf(response)).toMatchObject({ code: 'cursor-invalid' });
    }
  } finally {
    await other.close();
  }
});

it.each(['limit=0', 'limit=201', 'status=sick', 'host=127.0.0.1', 'context=', `cursor=${'x'.repeat(257)}`])(
  'refuses %s',
  async (query) => {
    const response = await service.call('GET', `/endpoints/health/history?${query}`);
    expect(response.status).toBe(400);
    expect(bodyOf(response)).toMatchObject({ code: 'validation-failed' });
  },
);

it('needs the token', async () => {
  expect((await service.call('GET', '/endpoints/health/history', { token: null })).status).toBe(401);
});
