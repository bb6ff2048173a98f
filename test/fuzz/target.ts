/** What is fuzzed: the service as `main.ts` composes it, listening, on a machine without a network. */
import dns from 'node:dns/promises';
import { copyFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import path from 'node:path';
import { type RunningServer, startServer } from '../../src/http/server';
import { verifyJournal } from '../../src/journal/verify';
import { systemClock } from '../../src/lib/clock';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { decodeConnectionSettings } from '../../src/wininet/connectionSettings';
import { type Service, openService } from '../http/service';
import { FakeServiceManager } from '../support/fakeServiceManager';
import { CONFIGURATION, configurationText } from '../support/practiceSensor';
import { PLACEHOLDER } from './requests';

const ENDPOINT = 'WorkspaceApplicationSensorApiWebClientConfigurationServiceEndpoint';
const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const CONNECTIONS = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections';
/** Nothing listens on these ports of loopback. */
const CLOSED = new Set([1, 2]);

/** The service that is fuzzed. */
export interface Target {
  readonly service: Service;
  readonly server: RunningServer;
  /** What was to be contacted beyond the closed ports and the service itself; nothing of it was. */
  readonly kept: Set<string>;
  /** Puts ids and entity tags that exist now in the place of placeholders. */
  fill(text: string): string;
  /** Reads which ids and entity tags exist. Before that, Anna gets her proxy back if she has lost it: else copies have no source. */
  learn(): Promise<void>;
  close(): Promise<void>;
}

/** Opens it. Whatever it wants to reach but itself and closed ports is refused in its place, and names are not found. */
export async function openTarget(): Promise<Target> {
  const manager = new FakeServiceManager(
    {
      AATPSensorUpdater: { state: 'running', starts: { name: 'AATPSensor', afterMs: 0 } },
      AATPSensor: { state: 'running', dependsOn: ['AATPSensorUpdater'] },
    },
    systemClock,
  );
  const text = configurationText({ [ENDPOINT]: { Address: '127.0.0.1', Port: 2 } });
  const service = await openService({ SENSORPROXY_WEBHOOK_HOSTS: '127.0.0.1:1' }, undefined, {
    control: manager,
    readTextFile: (location) =>
      Promise.resolve(location === CONFIGURATION ? { state: 'read', text } : { state: 'absent' }),
    processRunning: () => Promise.resolve(false),
  });
  const server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
  const kept = new Set<string>();
  keepOnThisMachine(server.address.port, kept);
  let nonce = 0;
  const known: Record<string, readonly string[]> = { anna: [ANNA] };
  return {
    service,
    server,
    kept,
    fill: (template) =>
      template.replace(PLACEHOLDER, (_all, kind: string, nth: string) => {
        if (kind === 'nonce') return `${nth}-${(nonce += 1)}`;
        const list = known[kind] ?? [];
        return list[Number(nth) % list.length] ?? `no-${kind}`;
      }),
    learn: async () => {
      const { proxy, changes, webhooks } = service.services;
      await keepASource(proxy);
      await keepABackup(proxy);
      await keepAWebhook(webhooks);
      const { contexts } = await proxy.contexts();
      known.sids = contexts.map(({ sid }) => sid).filter((sid) => sid.startsWith('S-1-5-21-'));
      known.etags = [...contexts].reverse().map(({ etag }) => etag);
      const backups = await proxy.backups({ limit: 20 });
      const page = await changes.page({ limit: 20 });
      known.backups = backups.items.map(({ id }) => id);
      known.changes = page.items.map(({ id }) => id);
      known.webhooks = webhooks.page({ limit: 20 }).items.map(({ id }) => id);
      known.cursorbackups = given(backups.next);
      known.cursorchanges = given(page.next);
      known.cursorhistory = given((await service.services.healthHistory.page({ limit: 1 })).next);
    },
    close: async () => {
      jest.restoreAllMocks();
      await server.stop();
      await service.close();
    },
  };
}

async function keepASource(proxy: Service['services']['proxy']): Promise<void> {
  const { settings, etag } = await proxy.context(ANNA);
  if (settings?.flags.proxy === true) return;
  await proxy.put(ANNA, { proxyServer: 'proxy.contoso.com:8080' }, etag, { name: 'fuzz', requestId: 'fuzz' });
}

async function keepABackup(proxy: Service['services']['proxy']): Promise<void> {
  const { items } = await proxy.backups({ limit: 1 });
  if (items.length > 0) return;
  await proxy.copy({ source: ANNA }, { name: 'fuzz', requestId: 'fuzz' });
}

/** One at least, and room for more. */
async function keepAWebhook(webhooks: Service['services']['webhooks']): Promise<void> {
  const actor = { name: 'fuzz', requestId: 'fuzz' };
  const { items } = webhooks.page({ limit: 200 });
  if (items.length === 0) await webhooks.create({ name: 'fuzz', url: 'http://127.0.0.1:1/' }, actor);
  for (const { id } of items.slice(20)) await webhooks.remove(id, actor);
}

function given(cursor: string | null): readonly string[] {
  return cursor === null ? [] : [cursor];
}

/** What the journal and the registry look like once all is done. */
export async function evidence({ service }: Target) {
  const verdict = await verifyJournal(path.join(service.dataDir, 'journal'));
  const copy = path.join(service.dataDir, '..', 'afterwards.reg');
  await copyFile(path.join(service.dataDir, '..', 'dc01.reg'), copy);
  const registry = await openRegFile(copy);
  try {
    const sids = (await registry.listSubkeys('HKEY_USERS')) ?? [];
    const decoded: boolean[] = [];
    for (const sid of sids) {
      const value = await registry.readValue(
        `HKEY_USERS\\${sid}\\${CONNECTIONS}`,
        'DefaultConnectionSettings',
      );
      if (value !== undefined) decoded.push(decodeConnectionSettings(value.data).ok);
    }
    return { verdict, decoded };
  } finally {
    await registry.close();
  }
}

/** Valid changes may name any host: the health check would go there. */
function keepOnThisMachine(ownPort: number, kept: Set<string>): void {
  jest.spyOn(dns, 'lookup').mockImplementation((host: string) => {
    kept.add(host);
    return Promise.reject(Object.assign(new Error('no network'), { code: 'ENOTFOUND' }));
  });
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the socket
  const connect = Socket.prototype.connect as (this: Socket, ...args: readonly unknown[]) => Socket;
  jest.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const { host, port } = destination(args);
    if (/^(?:127\.0\.0\.1|::1)$/.test(host) && (port === ownPort || CLOSED.has(port)))
      return connect.apply(this, args);
    kept.add(`${host}:${port}`);
    process.nextTick(() => this.destroy(Object.assign(new Error('no network'), { code: 'ECONNREFUSED' })));
    return this;
  });
}

/** Where a socket is to go, in each form that `connect` takes: Node's own array, options, or port and host. */
function destination(args: readonly unknown[]): { readonly host: string; readonly port: number } {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0];
  if (typeof first === 'number')
    return { port: first, host: typeof args[1] === 'string' ? args[1] : 'localhost' };
  const { host, port } = first as { host?: string; port?: number | string };
  return { host: host ?? 'localhost', port: Number(port) };
}
