import fc from 'fast-check';
import { HealthHistory } from '../../../src/endpoints/history/healthHistory';
import type { HealthResult } from '../../../src/endpoints/history/healthResult';
import type { HealthStatus } from '../../../src/endpoints/report';
import { checkOf, failedCheck } from './checks';

const STATUSES: readonly HealthStatus[] = ['healthy', 'degraded', 'unhealthy', 'unknown'];
const endpointOf = (host: string) => ({ host, port: 443, region: 'Europe', origin: 'catalogue' as const });
const isFailure = (status: HealthStatus) => status === 'unhealthy' || status === 'unknown';

/** Everything that the history has, newest first, read page by page. */
function all(history: HealthHistory, limit = 200): readonly HealthResult[] {
  const found: HealthResult[] = [];
  let cursor: string | undefined;
  do {
    const page = history.page({ limit, cursor });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Records checks of one endpoint and context whose duration is their number, from 1. */
function recordAll(history: HealthHistory, statuses: readonly HealthStatus[]): void {
  for (const [index, status] of statuses.entries())
    history.record(checkOf({ status, durationMs: index + 1 }));
}

const numbers = (results: readonly HealthResult[]) => results.map(({ durationMs }) => durationMs);

it('tells of a check in brief', () => {
  const history = new HealthHistory();
  history.record(checkOf());
  history.record(
    failedCheck({ warnings: [{ code: 'slow', phase: 'request', detail: 'It took 4 s.', remedy: 'Look.' }] }),
  );
  const [failed, passed] = all(history);
  expect(passed).toEqual({
    checkedAt: '2026-11-24T06:16:02.120Z',
    context: 'LocalService',
    endpoint: { host: 'contososensorapi.atp.azure.com', port: 443, region: 'Europe', origin: 'catalogue' },
    status: 'healthy',
    route: { via: 'proxy', proxy: 'proxy.contoso.com:8080' },
    failure: null,
    warnings: [],
    durationMs: 412,
    phases: ['route', 'resolve', 'connect', 'proxyConnect', 'tls', 'request'].map((name, index) => ({
      name,
      status: 'pass',
      durationMs: index * 10,
    })),
    httpStatus: 200,
    daysLeft: 97,
  });
  const { code, phase, detail } = failedCheck().failure ?? {};
  expect(failed).toMatchObject({
    status: 'unhealthy',
    failure: { code, phase, detail },
    warnings: ['slow'],
    httpStatus: null,
    daysLeft: null,
  });
  expect(failed?.failure).not.toHaveProperty('remedy');
});

describe('what is kept of one endpoint and context', () => {
  it('is the last hundred, and the failures from before', () => {
    const history = new HealthHistory();
    const statuses = Array.from({ length: 300 }, (_, index) => (index % 30 === 0 ? 'unhealthy' : 'healthy'));
    recordAll(history, statuses);
    const older = [181, 151, 121, 91, 61, 31, 1];
    expect(numbers(all(history))).toEqual([...Array.from({ length: 100 }, (_, i) => 300 - i), ...older]);
  });

  it('never exceeds its bounds; a failure goes only after every success as old, and after 100 newer older ones', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATUSES), { maxLength: 450 }), (statuses) => {
        const history = new HealthHistory();
        recordAll(history, statuses);
        const kept = all(history);
        const cut = Math.max(0, statuses.length - 100);
        const numbered = statuses.map((status, index) => ({ status, number: index + 1 }));
        const expected = [
          ...numbered
            .slice(0, cut)
            .filter(({ status }) => isFailure(status))
            .slice(-100),
          ...numbered.slice(cut),
        ];
        expect(numbers(kept)).toEqual(expected.map(({ number }) => number).reverse());
        expect(kept.map(({ status }) => status)).toEqual(expected.map(({ status }) => status).reverse());
        expect(kept.length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 50 },
    );
  });

  it('does not depend on what others show', () => {
    const history = new HealthHistory();
    history.record(checkOf({ context: 'LocalSystem' }));
    recordAll(history, Array<HealthStatus>(250).fill('healthy'));
    expect(history.page({ limit: 10, context: 'LocalSystem' }).items).toHaveLength(1);
  });
});

it('drops the endpoints and contexts that were not checked for longest', () => {
  const history = new HealthHistory(3);
  for (const host of ['a', 'b', 'c', 'a', 'd']) history.record(checkOf({ endpoint: endpointOf(host) }));
  expect(all(history).map(({ endpoint }) => endpoint.host)).toEqual(['d', 'a', 'c', 'a']);
  expect(history.latest().map(({ endpoint }) => endpoint.host)).toEqual(['c', 'a', 'd']);
});

it('knows the last check of each, in full but for the chain', () => {
  const history = new HealthHistory();
  const { tls } = checkOf();
  const chain = [{ subject: 's', issuer: 'i', validFrom: '', validTo: '', fingerprint256: '' }];
  history.record(failedCheck());
  history.record(checkOf({ tls: tls && { ...tls, chain } }));
  history.record(checkOf({ context: 'LocalSystem' }));
  expect(history.latest()).toEqual([checkOf(), checkOf({ context: 'LocalSystem' })]);
});

describe('a page', () => {
  const mixed = (count: number) => {
    const history = new HealthHistory();
    for (let number = 1; number <= count; number += 1) {
      const status = STATUSES[number % STATUSES.length] ?? 'healthy';
      const endpoint = endpointOf(`h${number % 3}`);
      const context = number % 2 ? 'LocalService' : 'LocalSystem';
      history.record(checkOf({ status, endpoint, context, durationMs: number }));
    }
    return history;
  };

  it('is newest first, and leads to the next without a gap', () => {
    expect(numbers(all(mixed(50), 7))).toEqual(Array.from({ length: 50 }, (_, index) => 50 - index));
    expect(mixed(10).page({ limit: 10 }).next).toBeNull();
    expect(new HealthHistory().page({ limit: 10 })).toEqual({ items: [], next: null });
  });

  it('is narrowed to a context and a status', () => {
    const history = mixed(50);
    const { items } = history.page({ limit: 200, context: 'LocalService', status: 'degraded' });
    expect(numbers(items)).toEqual(Array.from({ length: 13 }, (_, index) => 49 - 4 * index));
    expect(history.page({ limit: 200, context: 'Nobody' })).toEqual({ items: [], next: null });
  });

  it('does not shift when results come in meanwhile', () => {
    const history = mixed(20);
    const first = history.page({ limit: 5 });
    history.record(checkOf({ durationMs: 99 }));
    const second = history.page({ limit: 5, cursor: first.next ?? '' });
    expect(numbers([...first.items, ...second.items])).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
  });

  it('goes on behind a result that has been dropped meanwhile', () => {
    const history = new HealthHistory();
    recordAll(history, ['unhealthy', ...Array<HealthStatus>(9).fill('healthy')]);
    const first = history.page({ limit: 5 });
    recordAll(history, Array<HealthStatus>(100).fill('healthy'));
    expect(numbers(history.page({ limit: 5, cursor: first.next ?? '' }).items)).toEqual([1]);
  });

  it('refuses a cursor that this process did not give', () => {
    const history = mixed(20);
    const other = mixed(20).page({ limit: 5 }).next ?? '';
    const [epoch = ''] = Buffer.from(history.page({ limit: 5 }).next ?? '', 'base64url')
      .toString()
      .split('.');
    const forged = [`${epoch}.21`, `${epoch}.0`, `${epoch}.1.1`, `${epoch}.`, '5', ''].map((text) =>
      Buffer.from(text).toString('base64url'),
    );
    for (const cursor of [other, 'no cursor', ...forged])
      expect(() => history.page({ limit: 5, cursor })).toThrow('cursor-invalid');
  });
});
