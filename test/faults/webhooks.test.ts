import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Webhook, WebhookChange, WebhookPage } from '../../src/webhooks/model';
import { temporaryFolder } from '../support/temporaryFolder';
import { journalOf } from './evidence';
import { type Answer, type Problem, type Program, killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const PAGE = 4096;
const MOST_PAGES = 30;
const ENV = { SENSORPROXY_WEBHOOK_HOSTS: '127.0.0.1:1' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let disk: SmallDisk;
let dataDir: string;
let service: Program;
beforeEach(async () => {
  folder = await temporaryFolder();
  disk = await mountSmallDisk(path.join(folder.path, 'disk'));
  dataDir = path.join(disk.folder, 'data');
  service = await startProgram(dataDir, { env: ENV });
});
afterEach(async () => {
  await killAll();
  await disk.remove();
  await folder.remove();
});

const webhooks = async (): Promise<readonly Webhook[]> =>
  (await service.call<WebhookPage>('GET', '/webhooks')).body.items;
const only = async () => `/webhooks/${(await webhooks())[0]?.id ?? ''}`;
const files = async () => (await readdir(path.join(dataDir, 'webhooks'))).sort();
const actions = async () =>
  ((await journalOf(dataDir)) as unknown as readonly WebhookChange[]).map(({ action }) => action);

type Act = () => Promise<Answer<Problem>>;
const create: Act = () =>
  service.call('POST', '/webhooks', { body: { name: 'Service desk', url: 'http://127.0.0.1:1/' } });
const pause =
  (paused: boolean): Act =>
  async () =>
    service.call('PATCH', await only(), { body: { paused } });
const remove: Act = async () => service.call('DELETE', await only());

const acts: readonly (readonly [WebhookChange['action'], Act, readonly object[]])[] = [
  ['created', create, [{ status: 'active' }]],
  ['paused', pause(true), [{ status: 'paused' }]],
  ['resumed', pause(false), [{ status: 'active' }]],
  ['deleted', remove, []],
];

/** Does it with no room, and with a page more each time, until it is done. Gives the errors that there were. */
async function fillUp(act: Act): Promise<Set<string>> {
  const codes = new Set<string>();
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const before = [await webhooks(), await files(), await actions()];
    await disk.leave(pages * PAGE);
    const { status, body } = await act();
    if (status < 300) return codes;
    const at = `with ${pages} pages free`;
    expect({ at, status, detail: body.detail }).toEqual({
      at,
      status: 503,
      detail: expect.stringMatching(/ENOSPC/) as unknown,
    });
    codes.add(body.code ?? 'none');
    expect({ at, now: [await webhooks(), await files(), await actions()] }).toEqual({ at, now: before });
    await disk.empty();
  }
  throw new Error(`it fails with ${MOST_PAGES} pages free`);
}

it('a full disk, at each write of a change of a webhook, leaves all as it was; what was answered outlives a kill -9', async () => {
  const codes = new Set<string>();
  const done: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    for (const [action, act, after] of acts) {
      for (const code of await fillUp(act)) codes.add(code);
      // The disk is still full: the webhook's own file may be behind.
      await service.kill();
      await disk.empty();
      service = await startProgram(dataDir, { env: ENV });
      done.push(action);
      expect(await webhooks()).toMatchObject(after);
      expect(await actions()).toEqual(done);
      expect(await files()).toEqual((await webhooks()).map(({ id }) => `${id}.json`));
    }
  }
  expect([...codes]).toContain('webhook-unrecorded');
}, 120_000);
