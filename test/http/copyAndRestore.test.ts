import type { JournalPage } from '../../src/http/controllers/changes.controller';
import type { BackupPage, ChangeOutcome, ProxyContexts } from '../../src/proxy/model';
import { anna, ben } from '../support/practice';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeEach(async () => {
  service = await openService();
});

afterEach(() => service.close());

async function copy(body?: object): Promise<ChangeOutcome> {
  const response = await service.call('POST', '/proxy/copy', { body });
  expect(response.status).toBe(200);
  return bodyOf(response) as ChangeOutcome;
}

async function setProxyOf(id: string): Promise<void> {
  const { headers } = await service.call('GET', `/proxy/contexts/${id}`);
  const response = await service.call('PUT', `/proxy/contexts/${id}`, {
    headers: { 'If-Match': headers.etag ?? '' },
    body: { proxyServer: 'second.contoso.com:8080' },
  });
  expect(response.status).toBe(200);
}

it('does the documented job without a body, and brings the accounts in sync', async () => {
  const outcome = await copy();
  expect(outcome).toMatchObject({
    changed: true,
    dryRun: false,
    source: { sid: anna },
    restartRecommended: true,
  });
  const contexts = bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts;
  expect(contexts.inSync).toBe(true);
});

it('leaves alone what is in force already', async () => {
  await copy();
  expect(await copy({})).toMatchObject({ changed: false, changeId: null, backupId: null });
});

it('writes nothing on a dry run', async () => {
  expect(await copy({ dryRun: true })).toMatchObject({
    changed: true,
    dryRun: true,
    changeId: null,
    backupId: null,
  });
  expect((bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts).inSync).toBe(false);
});

it('names the candidates when several users could be the source', async () => {
  await setProxyOf(ben);
  const response = await service.call('POST', '/proxy/copy');
  expect(response.status).toBe(409);
  const problem = bodyOf(response) as { code: string; candidates: { sid: string }[] };
  expect(problem.code).toBe('source-ambiguous');
  expect(problem.candidates.map(({ sid }) => sid).sort()).toEqual([anna, ben]);
});

it('refuses a source that has no settings', async () => {
  const response = await service.call('POST', '/proxy/copy', { body: { source: 'LocalService' } });
  expect(response.status).toBe(409);
  expect(bodyOf(response)).toMatchObject({ code: 'source-not-configured' });
});

it('saves a backup, gives its file, and puts it back', async () => {
  const before = bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts;
  const { backupId } = await copy({ ticket: 'CHG3' });
  const id = backupId ?? '';
  const listed = bodyOf(await service.call('GET', '/proxy/backups')) as BackupPage;
  expect(listed.items).toEqual([expect.objectContaining({ id, ticket: 'CHG3', actor: 'admin' })]);
  expect(bodyOf(await service.call('GET', `/proxy/backups/${id}`))).toEqual(listed.items[0]);

  const file = await service.call('GET', `/proxy/backups/${id}/file`);
  expect(file.headers['content-type']).toBe('application/octet-stream');
  expect(file.headers['content-disposition']).toBe(`attachment; filename="sensorproxy-${id}.reg"`);
  const bytes = file.body as Buffer;
  expect(bytes.subarray(0, 2).toString('hex')).toBe('fffe');
  expect(bytes.length).toBe(listed.items[0]?.sizeBytes);
  expect(bytes.toString('utf16le')).toContain('Windows Registry Editor Version 5.00');

  const restored = await service.call('POST', `/proxy/backups/${id}/restore`, { body: { reason: 'a test' } });
  expect(restored.status).toBe(200);
  const after = bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts;
  expect(after.contexts.map(({ hex }) => hex)).toEqual(before.contexts.map(({ hex }) => hex));
});

it('pages through the journal, newest first, one entry at a time', async () => {
  const { backupId, changeId } = await copy();
  await service.call('POST', `/proxy/backups/${backupId ?? ''}/restore`);
  const first = bodyOf(await service.call('GET', '/changes?limit=1')) as JournalPage;
  expect(first.items).toEqual([expect.objectContaining({ kind: 'restore', restoredBackupId: backupId })]);
  expect(first.next).toEqual(expect.any(String));
  const second = bodyOf(
    await service.call('GET', `/changes?limit=1&cursor=${encodeURIComponent(first.next ?? '')}`),
  ) as JournalPage;
  expect(second.items).toEqual([expect.objectContaining({ id: changeId, kind: 'copy' })]);
  expect(second.next).toBeNull();
});

it('pages through the backups', async () => {
  const { backupId } = await copy();
  await service.call('POST', `/proxy/backups/${backupId ?? ''}/restore`);
  const first = bodyOf(await service.call('GET', '/proxy/backups?limit=1')) as BackupPage;
  const second = bodyOf(
    await service.call('GET', `/proxy/backups?limit=1&cursor=${encodeURIComponent(first.next ?? '')}`),
  ) as BackupPage;
  expect(first.items).toHaveLength(1);
  expect(second).toMatchObject({ items: [{ id: backupId }], next: null });
});

describe('one change', () => {
  let location: string;

  beforeEach(async () => {
    const { changeId } = await copy({ ticket: 'CHG4' });
    location = `/changes/${changeId ?? ''}`;
  });

  it.each(['application/json', '*/*', 'application/*', 'text/markdown;q=0.5, application/json'])(
    'comes as JSON for Accept: %s',
    async (accept) => {
      const response = await service.call('GET', location, { headers: { Accept: accept } });
      expect(response.headers.vary).toBe('Accept');
      expect(bodyOf(response)).toMatchObject({ ticket: 'CHG4', outcome: 'applied' });
    },
  );

  it('comes as Markdown for Accept: text/markdown', async () => {
    const response = await service.call('GET', location, { headers: { Accept: 'text/markdown' } });
    expect(response.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(response.headers.vary).toBe('Accept');
    expect(response.text).toMatch(/^# Proxy change /);
    expect(response.text).toContain('CHG4');
    expect(response.text).toMatch(/^\| Copied from \| S-1-5-21-[0-9-]+ \|$/m);
  });

  it('does not come as anything else', async () => {
    const response = await service.call('GET', location, { headers: { Accept: 'image/png' } });
    expect(response.status).toBe(406);
    expect(bodyOf(response)).toMatchObject({ code: 'not-acceptable' });
  });
});
