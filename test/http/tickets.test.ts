import type { ChangeOutcome } from '../../src/proxy/model';
import { type Service, bodyOf, openService } from './service';

interface Page {
  readonly items: readonly { readonly ticket: string | null; readonly kind: string }[];
  readonly next: string | null;
}

describe('with SENSORPROXY_REQUIRE_TICKET', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService({ SENSORPROXY_REQUIRE_TICKET: 'CHG[0-9]{7}|INC[0-9]+' });
  });
  afterAll(() => service.close());

  const changes: readonly (readonly [string, string, string, object | undefined])[] = [
    ['a copy', 'POST', '/proxy/copy', {}],
    ['a copy that is a dry run', 'POST', '/proxy/copy', { dryRun: true }],
    ['a put', 'PUT', '/proxy/contexts/LocalSystem', { autoDetect: true }],
    ['a removal', 'DELETE', '/proxy/contexts/LocalSystem', undefined],
    ['a restore', 'POST', '/proxy/backups/20261124T061512345Z-9f86d081/restore', {}],
    ['a restart', 'POST', '/sensor/restart', {}],
  ];

  it.each(changes)(
    '%s without a ticket is refused, and changes nothing',
    async (_what, method, where, body) => {
      const before = bodyOf(await service.call('GET', '/proxy/contexts'));
      for (const ticket of [undefined, '', 'CHG12', 'xCHG0031337', 'CHG0031337 ']) {
        const query =
          body === undefined && ticket !== undefined ? `?ticket=${encodeURIComponent(ticket)}` : '';
        const sent = body && (ticket === undefined ? body : { ...body, ticket });
        const headers = { 'if-match': '*' };
        const response = await service.call(method, where + query, { headers, body: sent });
        expect(response.status).toBe(422);
        expect(bodyOf(response)).toMatchObject({
          code: 'ticket-required',
          detail: expect.stringContaining(' fits CHG[0-9]{7}|INC[0-9]+. ') as unknown,
        });
      }
      expect(bodyOf(await service.call('GET', '/proxy/contexts'))).toEqual(before);
      expect(bodyOf(await service.call('GET', '/changes'))).toMatchObject({ items: [] });
    },
  );

  it('a change with one is made', async () => {
    const response = await service.call('POST', '/proxy/copy', { body: { ticket: 'CHG0031337' } });
    expect(bodyOf(response)).toMatchObject({ changed: true });
  });
});

describe('GET /changes?ticket=', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  it('lists what was done for that ticket, page by page, and nothing else', async () => {
    for (let nth = 0; nth < 6; nth += 1) {
      const body = { proxyServer: `p${nth}.contoso.com:80`, ticket: nth % 2 === 0 ? 'CHG1' : 'CHG10' };
      const put = await service.call('PUT', '/proxy/contexts/LocalSystem', {
        headers: { 'if-match': '*' },
        body,
      });
      expect((bodyOf(put) as ChangeOutcome).changed).toBe(true);
    }
    const seen: string[] = [];
    let where = '/changes?ticket=CHG1&limit=2';
    for (let pages = 0; pages < 4; pages += 1) {
      const page = bodyOf(await service.call('GET', where)) as Page;
      seen.push(...page.items.map(({ ticket }) => String(ticket)));
      if (page.next === null) break;
      where = `/changes?ticket=CHG1&limit=2&cursor=${page.next}`;
    }
    expect(seen).toEqual(['CHG1', 'CHG1', 'CHG1']);
    expect(bodyOf(await service.call('GET', '/changes?ticket=chg1'))).toEqual({ items: [], next: null });
  });
});
