import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openAdminToken } from './auth/adminToken';
import type { Config } from './config';
import { createAllowlist } from './endpoints/allowlist/answer';
import { listEndpoints, selectEndpoints } from './endpoints/catalogue';
import { createGate } from './lib/gate';
import { createHealth } from './endpoints/health';
import { healthMetrics } from './endpoints/healthMetrics';
import { HealthHistory } from './endpoints/history/healthHistory';
import { createProxyScripts } from './endpoints/pac/createProxyScripts';
import { machineSearchDomains } from './endpoints/pac/searchDomains';
import { systemNetwork, withOverrides } from './endpoints/probe/network';
import { createProbe } from './endpoints/probe/probe';
import { createTrustStore } from './endpoints/probe/trust';
import { rootFindings, systemRootsOnWindows } from './endpoints/rootFindings';
import { createRoutes } from './endpoints/routes';
import { createSharedRuns } from './endpoints/runs/sharedRuns';
import type { JournalRecord, ReadinessPart, Services } from './http/services';
import { JournalFile } from './journal/journalFile';
import { systemClock as clock } from './lib/clock';
import { removeUnfinishedWrites } from './lib/durableFile';
import { DomainError, messageOf, systemCodeOf } from './lib/errors';
import { FileLockedError, acquireFileLock } from './lib/fileLock';
import type { Logger } from './lib/logger';
import { isChange } from './proxy/evidence';
import { openProxyService } from './proxy/openProxyService';
import { openRegistry } from './registry/openRegistry';
import type { Registry } from './registry/registry';
import { type ReadTextFile, readLocalTextFile } from './sensor/configurationFile';
import { isSensorRestart } from './sensor/evidence';
import { openSensorService } from './sensor/sensorService';
import { type ServiceControl, noServiceManager } from './sensor/serviceControl';
import type { ProcessRunning } from './sensor/showSensor';
import { openProcessList } from './windows/processList';
import { openServiceManager } from './windows/serviceManager';

/** Of all health checks together: each takes a socket or two, and the sensor's machine has other work. */
const PROBES_AT_A_TIME = 32;

/** The services, and how to let go of the files and locks that they hold. */
export interface Composition {
  readonly services: Services;
  readonly close: () => Promise<void>;
}

/** What the machine itself has beside the registry; a test gives its own. */
export interface Machine {
  readonly control: ServiceControl;
  readonly readTextFile: ReadTextFile;
  readonly processRunning?: ProcessRunning;
}

/** This machine: on Windows with its service manager, where native code can be loaded. */
function thisMachine(): Machine {
  const machine = { control: noServiceManager, readTextFile: readLocalTextFile };
  if (process.platform !== 'win32') return machine;
  try {
    return { ...machine, control: openServiceManager(), processRunning: openProcessList() };
  } catch {
    return machine;
  }
}

/** Makes the services from the settings: wiring, no logic. On an error nothing stays open. */
export async function compose(
  config: Config,
  logger: Logger,
  machine: Machine = thisMachine(),
): Promise<Composition> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    return { services: await openServices(config, logger, machine, opened), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Pushes onto `opened` what must be closed, in the order of opening. */
async function openServices(
  config: Config,
  logger: Logger,
  machine: Machine,
  opened: (() => Promise<void>)[],
): Promise<Services> {
  const { dataDir } = config;
  await openDataDir(dataDir);
  opened.push(await lockDataDir(dataDir));
  await removeUnfinishedWrites(dataDir);
  const { registry, ownSid, because } = await openRegistry(config.registry);
  opened.push(() => registry.close());
  const journal = await JournalFile.open(path.join(dataDir, 'journal.jsonl'), logger, isJournalRecord);
  opened.push(() => journal.close());
  const token = await openAdminToken(dataDir);
  if (token.created) logger.info("an administrator's token was made", { file: token.file });
  const record = (entry: JournalRecord) => journal.append(entry);
  const sensor = openSensorService({ registry, ...machine, record, clock, logger });
  opened.push(() => sensor.close());
  const proxy = await openProxyService({
    registry,
    ownSid,
    dataDir,
    record,
    recorded: async (id) => (await journal.find(id)) !== undefined,
    restartSensor: (cause) => sensor.restartAfter(cause),
    clock,
    logger,
  });
  opened.push(() => proxy.close());
  const network = withOverrides(systemNetwork, config.resolve);
  const trust = createTrustStore(config.extraCa);
  const searchDomains = () => machineSearchDomains(registry);
  const routesFor = createRoutes(createProxyScripts({ network, trust, clock, searchDomains }), clock);
  const health = createHealth({
    proxyFor: (id) => proxy.proxyFor(id),
    endpoints: async (regions) => selectEndpoints(config, regions, await sensor.endpoint()),
    routesFor,
    probe: createProbe({ network, trust, clock }),
    clock,
    gate: createGate(PROBES_AT_A_TIME),
    findings: (endpoints) =>
      rootFindings(
        endpoints.map(({ host }) => host),
        systemRootsOnWindows(),
      ),
  });
  const healthHistory = new HealthHistory();
  logger.info('opened', { registry: registry.driver, because, dataDir });
  return {
    proxy,
    changes: journal,
    health: createSharedRuns({
      start: (query, signal, watcher) => health.check(query, signal, watcher),
      settingsOf: (contexts) => Promise.all(contexts.map((id) => proxy.proxyFor(id))),
      record: (check) => {
        healthHistory.record(check);
      },
      clock,
    }),
    healthHistory: {
      page: async ({ context, ...request }) =>
        healthHistory.page({
          ...request,
          // In whatever way it is spelt; an account that has gone may still have results.
          context:
            context &&
            (await proxy.proxyFor(context).then(
              ({ id }) => id,
              () => context,
            )),
        }),
    },
    metrics: () => healthMetrics(healthHistory.latest()),
    endpoints: async () => listEndpoints(config, await sensor.endpoint()),
    allowlist: createAllowlist({
      endpoints: async () => selectEndpoints(config, [], await sensor.endpoint()),
      proxyFor: (id) => proxy.proxyFor(id),
      routesFor,
    }),
    sensor,
    readiness: async () => {
      const parts = await Promise.all([registryPart(registry, because), dataDirPart(dataDir)]);
      return { ready: parts.every(({ ready }) => ready), parts };
    },
    authenticate: token.verify,
    logger,
    clock,
  };
}

function isJournalRecord(value: unknown): value is JournalRecord {
  return isChange(value) || isSensorRestart(value);
}

async function openDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw new DomainError(
      'unavailable',
      'data-dir-unusable',
      `the data folder cannot be written (${systemCodeOf(cause) ?? 'unknown reason'}). Make it writable, or set SENSORPROXY_DATA_DIR.`,
      { cause },
    );
  }
}

/** Not mkdir's own `recursive`, which tries without end below /proc (Node 20). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}

async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  try {
    const lock = await acquireFileLock(path.join(dataDir, 'service'));
    return () => lock.release();
  } catch (cause) {
    if (!(cause instanceof FileLockedError)) throw cause;
    const holder = cause.pid === undefined ? '' : ` (process ${cause.pid})`;
    const detail = `another instance${holder} uses this data folder. Stop it, or set SENSORPROXY_DATA_DIR.`;
    throw new DomainError('conflict', 'data-dir-locked', detail, { cause });
  }
}

async function registryPart(registry: Registry, because: string): Promise<ReadinessPart> {
  try {
    const there = (await registry.listSubkeys('HKEY_USERS\\S-1-5-18')) !== undefined;
    const detail = there
      ? `the driver ${registry.driver} answers (${because})`
      : "LocalSystem's hive is not there";
    return { name: 'registry', ready: there, detail };
  } catch (error) {
    return { name: 'registry', ready: false, detail: messageOf(error) };
  }
}

async function dataDirPart(dataDir: string): Promise<ReadinessPart> {
  try {
    await access(dataDir, constants.W_OK);
    return { name: 'dataDir', ready: true, detail: 'it can be written' };
  } catch (error) {
    return {
      name: 'dataDir',
      ready: false,
      detail: `it cannot be written (${systemCodeOf(error) ?? 'unknown'})`,
    };
  }
}
