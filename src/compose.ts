import { hostname } from 'node:os';
import path from 'node:path';
import { Registry as MetricsRegistry } from 'prom-client';
import { createClientCertificates } from './auth/clientCertificates';
import { createFailureLimit } from './auth/failureLimit';
import { openTokenStore } from './auth/tokenStore';
import type { Config } from './config';
import { createAllowlist } from './endpoints/allowlist/answer';
import { listEndpoints, selectEndpoints } from './endpoints/catalogue';
import { createGate } from './lib/gate';
import { createHealth } from './endpoints/health';
import { registerHealthMetrics } from './endpoints/healthMetrics';
import { HealthHistory } from './endpoints/history/healthHistory';
import { createProxyScripts } from './endpoints/pac/createProxyScripts';
import { machineSearchDomains } from './endpoints/pac/searchDomains';
import { systemNetwork, withOverrides } from './endpoints/probe/network';
import { createProbe } from './endpoints/probe/probe';
import { createTrustStore } from './endpoints/probe/trust';
import { rootFindings, systemRootsOnWindows } from './endpoints/rootFindings';
import { createRoutes } from './endpoints/routes';
import { createSharedRuns } from './endpoints/runs/sharedRuns';
import { EVENT_TYPES } from './events/event';
import { ChangeEvents } from './events/changeEvents';
import { EventLog } from './events/eventLog';
import { createHostRule } from './http/hostCheck';
import { createInFlight } from './http/inFlight';
import { createReadiness } from './http/readiness';
import { createRequestMetrics } from './http/requestMetrics';
import { answersFromJournal } from './http/idempotency/interruptedAnswer';
import { openIdempotencyKeys } from './http/idempotency/keys';
import { isJournalRecord } from './http/journalRecord';
import type { JournalRecord, Services } from './http/services';
import { JournalFolder } from './journal/journalFolder';
import { systemClock as clock } from './lib/clock';
import { lockDataDir, openDataDir } from './lib/dataFolder';
import { removeUnfinishedWrites } from './lib/durableFile';
import type { Logger } from './lib/logger';
import { createProcessMetrics } from './metrics/processMetrics';
import { createEventCounters } from './metrics/serviceMetrics';
import { createStateMetrics } from './metrics/stateMetrics';
import { createWatchMetrics } from './metrics/watchMetrics';
import { createWebhookMetrics } from './metrics/webhookMetrics';
import { startMonitor } from './monitor/monitor';
import { CHANGE_KINDS, countedChanges } from './proxy/countedChanges';
import { openProxyService } from './proxy/openProxyService';
import { requiringTickets, ticketCheck } from './proxy/requiredTicket';
import { REGISTRY_OPERATIONS, countedRegistry } from './registry/countedRegistry';
import { openRegistry } from './registry/openRegistry';
import { type ReadTextFile, readLocalTextFile } from './sensor/configurationFile';
import { openSensorService } from './sensor/sensorService';
import { type ServiceControl, noServiceManager } from './sensor/serviceControl';
import type { ProcessRunning } from './sensor/showSensor';
import { openProcessList } from './windows/processList';
import { createExchange } from './webhooks/send';
import { openWebhookFiles } from './webhooks/files';
import { realPause } from './webhooks/pause';
import { openWebhooks } from './webhooks/webhookService';
import { openServiceManager } from './windows/serviceManager';

/** Of all health checks together: each takes a socket or two, and the sensor's machine has other work. */
const PROBES_AT_A_TIME = 32;
/** Health checks that differ, so that they cannot share one run. */
const RUNS_AT_A_TIME = 8;

/** Webhooks that are sent to at a time, of all together. */
const SENDS_AT_A_TIME = 4;

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
  const { registry: driver, ownSid, because } = await openRegistry(config.registry);
  opened.push(() => driver.close());
  const metrics = new MetricsRegistry();
  const known = { kinds: CHANGE_KINDS, driver: driver.driver, operations: REGISTRY_OPERATIONS };
  const counters = createEventCounters(metrics, known);
  const registry = countedRegistry(driver, (operation) => {
    counters.driverError(driver.driver, operation);
  });
  const journal = await JournalFolder.open(path.join(dataDir, 'journal'), {
    logger,
    isEntry: isJournalRecord,
  });
  opened.push(() => journal.close());
  const watchMetrics = createWatchMetrics(metrics, clock, { types: EVENT_TYPES, on: config.watch !== null });
  const events = await EventLog.open(dataDir, {
    logger,
    counted: (type) => {
      watchMetrics.event(type);
    },
  });
  opened.push(() => events.close());
  const changeEvents = await ChangeEvents.open({ dataDir, journal, log: events, logger });
  opened.push(() => changeEvents.close());
  const tokens = await openTokenStore(dataDir, { clock, logger });
  opened.push(() => tokens.close());
  if (tokens.admin.created) logger.info("an administrator's token was made", { file: tokens.admin.file });
  const record = async (entry: JournalRecord): Promise<void> => {
    await journal.append(entry);
    changeEvents.changed();
  };
  const recorded = async (id: string) => (await journal.find(id)) !== undefined;
  const sensor = openSensorService({ registry, ...machine, record, clock, logger });
  opened.push(() => sensor.close());
  const proxy = await openProxyService({
    registry,
    ownSid,
    source: config.driftSource,
    dataDir,
    record,
    recorded,
    history: config.watch?.onDrift === 'copy' ? journal : null,
    restartSensor: (cause) => sensor.restartAfter(cause),
    retention: { rule: config.backups, record: (entry) => journal.append(entry) },
    clock,
    logger,
  });
  opened.push(() => proxy.close());
  const interrupted = answersFromJournal(journal);
  const idempotency = await openIdempotencyKeys(dataDir, { interrupted, clock, logger });
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
  const webhooks = await openWebhooks({
    feed: events,
    files: await openWebhookFiles(dataDir),
    rules: config.webhooks,
    exchange: createExchange({
      rules: config.webhooks,
      addressesOf: (host, port) => network.lookup(host, port),
      tlsContext: () => trust.context,
    }),
    gate: createGate(SENDS_AT_A_TIME),
    machine: hostname(),
    clock,
    pause: realPause,
    random: Math.random,
    logger,
    record,
    recorded,
    counted: createWebhookMetrics(metrics, clock, () => webhooks.summary()),
  });
  opened.push(() => webhooks.close());
  const healthHistory = new HealthHistory();
  registerHealthMetrics(metrics, () => healthHistory.latest());
  const stopMeasuring = createProcessMetrics(metrics, clock);
  opened.push(() => {
    stopMeasuring();
    return Promise.resolve();
  });
  const lookAtState = createStateMetrics(metrics, {
    drift: () => proxy.drift(),
    backups: () => proxy.backupSummary(),
    journal: () => ({ ...journal.size, ...journal.condition }),
    clock,
    logger,
  });
  const requireTicket = ticketCheck(config.requireTicket);
  const changing = countedChanges(requiringTickets(proxy, requireTicket), (kind, end) => {
    counters.change(kind, end);
  });
  const sharedHealth = createSharedRuns({
    start: (query, signal, watcher) => health.check(query, signal, watcher),
    settingsOf: (contexts) => Promise.all(contexts.map((id) => proxy.proxyFor(id))),
    record: (check) => {
      healthHistory.record(check);
    },
    clock,
    mostRuns: RUNS_AT_A_TIME,
  });
  logger.info('opened', { registry: registry.driver, because, dataDir });
  if (config.watch !== null) {
    const monitor = await startMonitor({
      settings: config.watch,
      dataDir,
      contexts: () => proxy.contexts(),
      onContextsChange: (listener) => {
        proxy.onRegistryChange(listener);
      },
      sensor: () => sensor.show(),
      checkEndpoints: async (signal) => (await sharedHealth({}, signal)).checks,
      repairs: changing,
      events: { record: (event) => events.append(event), newestFirst: () => events.newestFirst() },
      looked: (watch) => {
        watchMetrics.looked(watch);
      },
      clock,
      logger,
    });
    opened.push(() => monitor.stop());
  }
  return {
    proxy: changing,
    changes: journal,
    events,
    health: sharedHealth,
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
    metrics: async () => {
      await lookAtState();
      return { contentType: metrics.contentType, text: await metrics.metrics() };
    },
    endpoints: async () => listEndpoints(config, await sensor.endpoint()),
    allowlist: createAllowlist({
      endpoints: async () => selectEndpoints(config, [], await sensor.endpoint()),
      proxyFor: (id) => proxy.proxyFor(id),
      routesFor,
    }),
    sensor: {
      show: () => sensor.show(),
      restart: async (request, actor) => {
        requireTicket(request);
        return sensor.restart(request, actor);
      },
    },
    webhooks,
    readiness: createReadiness({
      registry,
      because,
      dataDir,
      journal,
      recoveryWaits: () => proxy.recoveryWaits(),
      clock,
    }),
    inFlight: createInFlight(),
    requests: createRequestMetrics(metrics),
    idempotency,
    authenticate: (token) => tokens.verify(token),
    authenticateCertificate: createClientCertificates(config.tls?.clientScopes ?? [], clock),
    hosts: createHostRule({
      hostName: hostname(),
      allowedHosts: config.allowedHosts,
      loopbackEverywhere: config.plaintextBeyondLoopback,
    }),
    failures: createFailureLimit(clock, (address) => {
      logger.warn('too many wrong tokens from one address', { address });
    }),
    logger,
    clock,
  };
}
