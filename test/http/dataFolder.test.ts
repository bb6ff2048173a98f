import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Service, bodyOf, openService } from './service';

let service: Service;
let umask: number;

beforeAll(async () => {
  // Nothing is kept from others by whoever starts the service.
  umask = process.umask(0);
  service = await openService({
    SENSORPROXY_WATCH: 'on',
    SENSORPROXY_WEBHOOK_HOSTS: '127.0.0.1:*',
  });
});
afterAll(async () => {
  await service.close();
  process.umask(umask);
});

/** The permission bits of a folder and of all that is in it, by their paths. */
async function modesOf(root: string): Promise<Readonly<Record<string, string>>> {
  const modes: Record<string, string> = {};
  for (const name of ['.', ...(await readdir(root, { recursive: true }))]) {
    // The service goes on meanwhile: a draft may be gone.
    const found = await stat(path.join(root, name)).catch(() => null);
    if (found !== null) modes[name] = (found.mode & 0o777).toString(8);
  }
  return modes;
}

it('what the service makes in its data folder is for its own account alone: folders 0700, files 0600', async () => {
  const headers = { 'Idempotency-Key': 'a-key-of-this-test' };
  const copied = await service.call('POST', '/proxy/copy', { headers, body: {} });
  expect(copied.status).toBe(200);
  const { backupId } = bodyOf(copied) as { readonly backupId: string };
  const hook = { name: 'SIEM', url: 'http://127.0.0.1:1/hook' };
  expect((await service.call('POST', '/webhooks', { body: hook })).status).toBe(201);
  const modes = await modesOf(service.dataDir);
  expect(Object.keys(modes)).toEqual(
    expect.arrayContaining([
      'admin.token',
      'backups',
      `backups/${backupId}.reg`,
      'events',
      'journal',
      'webhooks',
    ]),
  );
  const folders = new Set(['.', 'backups', 'events', 'idempotency', 'journal', 'webhooks']);
  for (const [name, mode] of Object.entries(modes)) {
    expect([name, mode]).toEqual([name, folders.has(name) ? '700' : '600']);
  }
});
