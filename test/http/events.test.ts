import type { ServiceEvent } from '../../src/events/event';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { temporaryFolder } from '../support/temporaryFolder';
import { parseExposition } from '../unit/endpoints/exposition';
import { bodyOf, openService, type Service } from './service';

let service: Service;
afterEach(() => service.close());

interface Page {
  readonly items: readonly ServiceEvent[];
  readonly next: string | null;
}

async function page(query = ''): Promise<Page> {
  const response = await service.call('GET', `/events${query}`);
  expect(response.status).toBe(200);
  return bodyOf(response) as Page;
}

/** Events are recorded behind the answer. */
async function untilTold(count: number, query = ''): Promise<readonly ServiceEvent[]> {
  for (;;) {
    const { items } = await page(query);
    if (items.length >= count) return items;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const types = (events: readonly ServiceEvent[]) => events.map(({ type }) => type);

describe('GET /events', () => {
  it('tells of changes also while nothing is watched, newest first, by page and by type', async () => {
    service = await openService();
    expect(await page()).toEqual({ items: [], next: null });
    const copy = await service.call('POST', '/proxy/copy', { body: { ticket: 'CHG1' } });
    const { changeId, backupId } = bodyOf(copy) as { changeId: string; backupId: string };
    await service.call('POST', `/proxy/backups/${backupId}/restore`);
    await service.call('POST', '/proxy/copy', { body: { dryRun: true } });
    const events = await untilTold(2);
    expect(types(events)).toEqual(['proxy.restored', 'proxy.changed']);
    expect(events[1]).toMatchObject({
      id: changeId,
      data: { changeId, backupId, ticket: 'CHG1', actor: 'admin' },
    });
    expect((await service.call('GET', `/changes/${events[1]?.id ?? ''}`)).status).toBe(200);

    const first = await page('?limit=1');
    expect(types(first.items)).toEqual(['proxy.restored']);
    const second = await page(`?limit=1&cursor=${first.next ?? ''}`);
    expect([types(second.items), second.next]).toEqual([['proxy.changed'], null]);
    expect(types((await page('?type=proxy.changed')).items)).toEqual(['proxy.changed']);
    expect(types((await page('?type=proxy.changed&type=proxy.restored')).items)).toHaveLength(2);
    expect((await page('?type=sensor.changed')).items).toEqual([]);

    const { text } = await service.call('GET', '/metrics');
    const found = parseExposition(text);
    const valueOf = (name: string, type?: string) =>
      found.find((sample) => sample.name === `sensorproxy_${name}` && sample.labels.type === type)?.value;
    expect(valueOf('events_total', 'proxy.changed')).toBe(1);
    expect(valueOf('events_total', 'sensor.changed')).toBe(0);
    expect(valueOf('watch_on')).toBe(0);

    for (const [query, code] of [
      ['?limit=0', 'validation-failed'],
      ['?limit=201', 'validation-failed'],
      ['?type=proxy.unheard', 'validation-failed'],
      ['?cursor=bogus', 'cursor-invalid'],
      ['?cursor=bogus&type=proxy.changed', 'cursor-invalid'],
    ] as const) {
      const refused = await service.call('GET', `/events${query}`);
      expect([query, refused.status, bodyOf(refused)]).toEqual([
        query,
        400,
        expect.objectContaining({ code }),
      ]);
    }
    expect((await service.call('GET', '/events', { token: null })).status).toBe(401);
  });

  it.each([
    ['copy', [true, false]],
    ['report', [false, false]],
  ])('with ON_DRIFT=%s, a DELETE of what is gone already is a change: %j', async (onDrift, expected) => {
    const folder = await temporaryFolder();
    const regfile = path.join(folder.path, 'dc01.reg');
    const place = {
      SENSORPROXY_DATA_DIR: path.join(folder.path, 'data'),
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
      SENSORPROXY_DRIFT_SOURCE: 'S-1-5-21-1004336348-1177238915-682003330-1104',
    };
    try {
      await writeFile(regfile, practiceDomainController());
      service = await openService(place);
      await service.call('POST', '/proxy/copy', { body: {} });
      await service.close();
      await writeFile(regfile, practiceDomainController());
      service = await openService({ ...place, SENSORPROXY_WATCH: 'on', SENSORPROXY_ON_DRIFT: onDrift });
      const account = '/proxy/contexts/LocalService';
      const { headers } = await service.call('GET', account);
      const remove = () => service.call('DELETE', account, { headers: { 'If-Match': headers.etag ?? '' } });
      const answers = [bodyOf(await remove()), bodyOf(await remove())];
      expect(answers.map((answer) => (answer as { changed: boolean }).changed)).toEqual(expected);
      const { items } = bodyOf(await service.call('GET', '/changes')) as Page;
      expect(items).toHaveLength(onDrift === 'copy' ? 2 : 1);
    } finally {
      await service.close();
      await folder.remove();
    }
  });

  it('tells of drift and of endpoints while they are watched, and of the repair of drift', async () => {
    const chance = jest.spyOn(Math, 'random').mockReturnValue(0);
    const folder = await temporaryFolder();
    const regfile = path.join(folder.path, 'dc01.reg');
    const place = {
      SENSORPROXY_DATA_DIR: path.join(folder.path, 'data'),
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
    };
    try {
      await writeFile(regfile, practiceDomainController());
      service = await openService(place);
      await service.call('POST', '/proxy/copy', { body: {} });
      await service.close();
      // While it was down, somebody has undone what was copied.
      await writeFile(regfile, practiceDomainController());
      service = await openService({
        ...place,
        SENSORPROXY_WATCH: 'on',
        SENSORPROXY_DAMPING: '1/1',
        SENSORPROXY_ON_DRIFT: 'copy',
        SENSORPROXY_DRIFT_SOURCE: 'S-1-5-21-1004336348-1177238915-682003330-1104',
        SENSORPROXY_REQUIRE_TICKET: 'CHG[0-9]+',
        SENSORPROXY_DRIFT_TICKET: 'CHG7',
      });
      await untilTold(2, '?type=proxy.changed');
      const drift = await untilTold(2, '?type=proxy.drift.detected');
      expect(drift.map(({ problem }) => problem)).toEqual(['drift/LocalService', 'drift/LocalSystem']);
      const endpoints = await untilTold(2, '?type=endpoint.unhealthy');
      expect(endpoints[0]).toMatchObject({ subject: '127.0.0.1:1', severity: 'critical' });
      const { items } = bodyOf(await service.call('GET', '/changes')) as {
        items: readonly { actor: string; ticket: string | null }[];
      };
      expect(items.map(({ actor, ticket }) => [actor, ticket])).toEqual([
        ['drift-watch', 'CHG7'],
        ['admin', null],
      ]);
      const { text } = await service.call('GET', '/metrics');
      expect(text).toMatch(/^sensorproxy_watch_on 1$/m);
      expect(text).toMatch(/^sensorproxy_watch_last_look_timestamp_seconds\{watch="endpoints"\} \d+/m);
      // Without anybody's asking for the health check.
      expect(text).toMatch(/^sensorproxy_probe_success\{[^}]*host="127\.0\.0\.1"[^}]*\} 0$/m);
    } finally {
      chance.mockRestore();
      await service.close();
      await folder.remove();
    }
  });
});
