import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Receiver, eventually, startReceiver } from '../support/receiver';
import { eventsAt, expectDelivered } from './deliveries';
import { appliedIn, feedOf, journalOf } from './evidence';
import { type Program, killAll, startProgram } from './program';
import { type SmallDisk, mountSmallDisk } from './smallDisk';

const PAGE = 4096;
const MOST_PAGES = 40;
const LIMIT_MS = 60_000;
const SETTLE_MS = 2000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let receiver: Receiver;
/** What the receiver waits for before it answers. */
let held: Promise<void>;
let dataDir: string;
let env: Record<string, string>;
let disk: SmallDisk;
let service: Program;
beforeEach(async () => {
  folder = await temporaryFolder();
  held = Promise.resolve();
  receiver = await startReceiver((_, response) => {
    void held.then(() => response.writeHead(204).end());
    return null;
  });
  env = { SENSORPROXY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}` };
});
afterEach(async () => {
  await killAll();
  await receiver.close();
  await disk.remove();
  await folder.remove();
});

/** Starts it with `small`, a folder of the data folder or itself, on a small disk, the registry elsewhere; makes a webhook. */
async function start(small: '' | 'events' | 'webhooks'): Promise<void> {
  const first = path.join(folder.path, 'first');
  await (await startProgram(first)).stop();
  const regfile = path.join(folder.path, 'registry.reg');
  await copyFile(path.join(first, 'registry.reg'), regfile);
  env = { ...env, SENSORPROXY_REGISTRY: `regfile:${regfile}` };
  const onDisk = path.join(folder.path, 'data', small);
  disk = await mountSmallDisk(onDisk);
  dataDir = small === '' ? path.join(onDisk, 'own') : path.dirname(onDisk);
  service = await startProgram(dataDir, { env });
  const body = { name: 'Service desk', url: receiver.url };
  expect((await service.call('POST', '/webhooks', { body })).status).toBe(201);
}

let nth = 0;
async function put(): Promise<number> {
  nth += 1;
  const body = { proxyServer: `full${nth}.contoso.com:80` };
  return (await service.call('PUT', '/proxy/contexts/LocalSystem', { ifMatch: '*', body })).status;
}

const logged = (text: string) => () => service.log().includes(text);
const came = (many: number) => eventually(() => receiver.received.length >= many, `delivery ${many}`);

/** Whatever it cannot write, it reads. */
async function expectServed(): Promise<void> {
  for (const where of ['/proxy/contexts', '/changes', '/events', '/webhooks'])
    expect({ where, status: (await service.call('GET', where)).status }).toEqual({ where, status: 200 });
}

/** Every change that was made has its event, once; and each has come. */
async function expectAllDelivered(): Promise<number> {
  const applied = appliedIn(await journalOf(dataDir));
  await eventually(() => eventsAt(receiver).length >= applied.length, 'the last event').catch(
    () => undefined,
  );
  expect((await feedOf(dataDir)).map(({ id }) => id)).toEqual(applied);
  return expectDelivered(dataDir, receiver);
}

const NO_EVENT = 'a change could not become an event yet';
const NOT_TAKEN = 'a webhook could not go on; it tries again';
const NOT_NOTED = 'the queue of a webhook could not be written';

it(
  'a full disk under all data, with a page more each time, and kill -9: it serves, each change that was made is told once, and its event comes once at least',
  async () => {
    await start('');
    // So that the webhook's file has some pages.
    for (let made = 0; made < 40; made += 1) expect(await put()).toBe(200);
    await came(40);
    const seen = new Set<string>();
    for (let pages = 0, done = false; !done; pages += 1) {
      if (pages === MOST_PAGES) throw new Error(`it fails with ${MOST_PAGES} pages free`);
      await disk.leave(pages * PAGE);
      const before = receiver.received.length;
      const status = await put();
      expect([200, 503]).toContain(status);
      const troubles = () => [NO_EVENT, NOT_TAKEN, NOT_NOTED].filter((text) => service.log().includes(text));
      const until = performance.now() + SETTLE_MS;
      if (status === 200) {
        while (receiver.received.length === before && troubles().length === 0 && performance.now() < until)
          await delay(5);
        // What comes of the delivery is written behind it.
        await delay(50);
      }
      for (const trouble of troubles()) seen.add(trouble);
      await expectServed();
      done = status === 200 && receiver.received.length > before && troubles().length === 0;
      await service.kill();
      await disk.empty();
      service = await startProgram(dataDir, { env });
    }
    expect(seen).toContain(NOT_TAKEN);
    expect(await put()).toBe(200);
    process.stderr.write(`a full disk with a webhook: ${JSON.stringify({ seen: [...seen], nth })}\n`);
    await expectAllDelivered();
  },
  LIMIT_MS,
);

it(
  'a full disk under the events alone: changes are made, what is on the disk is sent, and the rest is told once there is room, each once',
  async () => {
    await start('events');
    expect(await put()).toBe(200);
    await came(1);
    await disk.leave(0);
    // The last page of the events has room for some.
    const feedLacks = async () =>
      (await feedOf(dataDir)).length < appliedIn(await journalOf(dataDir)).length - 1;
    for (let made = 0; !(await feedLacks()); made += 1) {
      if (made === 60) throw new Error('the disk is not full');
      expect(await put()).toBe(200);
    }
    expect(service.log()).toContain(NO_EVENT);
    expect(service.log()).toContain('ENOSPC');
    await expectServed();
    await disk.empty();
    expect(await put()).toBe(200);
    expect(await expectAllDelivered()).toBe(0);
  },
  LIMIT_MS,
);

it(
  'a full disk under the webhooks alone: nothing is sent that was not taken over, it goes on by itself once there is room, and what could not be noted as sent comes again after a kill -9, with its id',
  async () => {
    await start('webhooks');
    expect(await put()).toBe(200);
    await came(1);
    await disk.leave(0);
    expect(await put()).toBe(200);
    await eventually(logged(NOT_TAKEN), NOT_TAKEN);
    await expectServed();
    expect(receiver.received).toHaveLength(1);
    await disk.empty();
    await came(2);
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    expect(await put()).toBe(200);
    await came(3);
    await disk.leave(0);
    release();
    await eventually(logged(NOT_NOTED), NOT_NOTED);
    await expectServed();
    await service.kill();
    service = await startProgram(dataDir, { env });
    await came(4);
    await expectServed();
    await disk.empty();
    expect(await put()).toBe(200);
    expect(await expectAllDelivered()).toBe(1);
  },
  LIMIT_MS,
);
