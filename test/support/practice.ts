import path from 'node:path';
import { JournalFolder } from '../../src/journal/journalFolder';
import { systemClock } from '../../src/lib/clock';
import { writeFileDurably } from '../../src/lib/durableFile';
import type { ChangeSink } from '../../src/proxy/changes';
import { isChange } from '../../src/proxy/evidence';
import { openProxyService } from '../../src/proxy/openProxyService';
import type { RestartSensor } from '../../src/proxy/restartAfterCopy';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { type Registry, RegistryType } from '../../src/registry/registry';
import { memoryLogger } from './memoryLogger';
import { settingsBytes } from './settingsBytes';
import { temporaryFolder } from './temporaryFolder';

/** The practice DC's signed-in users: one with a proxy, one without. */
export const anna = 'S-1-5-21-1004336348-1177238915-682003330-1104';
export const ben = 'S-1-5-21-1004336348-1177238915-682003330-1105';

export const localSystem = 'S-1-5-18';
export const localService = 'S-1-5-19';

export const actor = { name: 'admin', requestId: 'test-request' };

/** What the practice DC's user has: the settings that the documented job copies. */
export const annasProxy = 'proxy.contoso.com:8080';

export function connectionsKey(sid: string): string {
  return `HKEY_USERS\\${sid}\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\Connections`;
}

/** Faults between a service and what it stands on. */
export interface PracticeFaults {
  readonly wrap?: (registry: Registry) => Registry;
  readonly wrapRecord?: (record: ChangeSink) => ChangeSink;
}

/** The proxy service over a practice DC in a folder of its own. */
export async function openPractice(
  options: PracticeFaults & {
    readonly ownSid?: string;
    readonly source?: string;
    /** Whether drift is repaired; where a source is stated unless stated. */
    readonly repairs?: boolean;
    readonly restartSensor?: RestartSensor;
    readonly lockWaitMs?: number;
  } = {},
) {
  const folder = await temporaryFolder();
  const regfile = path.join(folder.path, 'registry.reg');
  await writeFileDurably(regfile, practiceDomainController());
  const registry = await openRegFile(regfile);
  const logger = memoryLogger();
  const openJournal = () =>
    JournalFolder.open(path.join(folder.path, 'journal'), { logger, isEntry: isChange });
  let journal = await openJournal();
  const record: ChangeSink = (change) => journal.append(change);
  const open = (faults: PracticeFaults) =>
    openProxyService({
      registry: faults.wrap?.(registry) ?? registry,
      ownSid: options.ownSid ?? localSystem,
      source: options.source ?? null,
      dataDir: folder.path,
      lockWaitMs: options.lockWaitMs,
      record: faults.wrapRecord?.(record) ?? record,
      history: (options.repairs ?? options.source !== undefined) ? journal : null,
      recorded: async (id) => (await journal.find(id)) !== undefined,
      restartSensor: options.restartSensor ?? (() => Promise.reject(new Error('no restart was asked for'))),
      clock: systemClock,
      logger,
    });
  let proxy = await open(options);
  const setRaw = async (sid: string, data: Uint8Array, type: number = RegistryType.binary) => {
    await registry.createKey(connectionsKey(sid));
    await registry.writeValue(connectionsKey(sid), 'DefaultConnectionSettings', { type, data });
  };
  return {
    get proxy() {
      return proxy;
    },
    registry,
    get journal() {
      return journal;
    },
    logger,
    dataDir: folder.path,
    /** Opens a further service over the same registry, journal and folder, as the next process would. */
    reopen: (faults: PracticeFaults = {}) => open(faults),
    /** Ends service and journal, and opens them again. */
    restart: async () => {
      await proxy.close();
      await journal.close();
      journal = await openJournal();
      proxy = await open(options);
    },
    /** Writes an account's value behind the service's back. */
    setRaw,
    set: (sid: string, fields: Parameters<typeof settingsBytes>[0]) => setRaw(sid, settingsBytes(fields)),
    remove: (sid: string) => registry.deleteValue(connectionsKey(sid), 'DefaultConnectionSettings'),
    /** An account's bytes in hex, undefined when absent. */
    hexOf: async (sid: string) => {
      const value = await registry.readValue(connectionsKey(sid), 'DefaultConnectionSettings');
      return value && Buffer.from(value.data).toString('hex');
    },
    close: async () => {
      await journal.close();
      await registry.close();
      await folder.remove();
    },
  };
}

export type Practice = Awaited<ReturnType<typeof openPractice>>;
