/** Puts together what is known of the sensor. Each part tells by itself what it could not read. */
import { messageOf } from '../lib/errors';
import type { Registry } from '../registry/registry';
import { type ReadTextFile, readConfiguration } from './configurationFile';
import { sensorFindings } from './findings';
import {
  type Installation,
  type InstalledService,
  hasDefenderForEndpoint,
  readInstallation,
  readStrongCrypto,
} from './installation';
import type { Sensor, SensorConfiguration, SensorEndpoint, SensorServiceInfo, SensorV3 } from './model';
import type { ServiceControl } from './serviceControl';

/** Whether a process of this name (without `.exe`) runs; undefined where that cannot be told. */
export type ProcessRunning = (name: string) => Promise<boolean | undefined>;

/** What the sensor is read from. */
export interface SensorSources {
  readonly registry: Registry;
  readonly control: ServiceControl;
  readonly readTextFile: ReadTextFile;
  /** Left out where processes cannot be listed. */
  readonly processRunning?: ProcessRunning;
}

/** Process of the sensor of version 3 (domain facts, section 2). */
const V3_PROCESS = 'SenseIdentity';

/** The whole of it. Never rejects. */
export async function showSensor(sources: SensorSources): Promise<Sensor> {
  const installation = await readInstallation(sources.registry);
  const [services, configuration, v3, strongCrypto] = await Promise.all([
    Promise.all(installation.services.map((service) => withState(service, sources.control))),
    showConfiguration(installation, sources.readTextFile),
    showV3(sources),
    readStrongCrypto(sources.registry),
  ]);
  const { installed, folder: path, version } = installation;
  const facts = { installed, version, path, services, configuration, v3, strongCrypto };
  return { ...facts, findings: sensorFindings(facts) };
}

/** The endpoint that the sensor is configured for, read afresh; null when it cannot be told. Never rejects. */
export async function configuredEndpoint(
  sources: Pick<SensorSources, 'registry' | 'readTextFile'>,
): Promise<SensorEndpoint | null> {
  const { folder } = await readInstallation(sources.registry);
  if (folder === null) return null;
  const read = await readConfiguration(folder, sources.readTextFile);
  return read.state === 'read' ? read.endpoint : null;
}

async function withState(service: InstalledService, control: ServiceControl): Promise<SensorServiceInfo> {
  const unknown = (why: string): SensorServiceInfo => ({
    ...service,
    state: 'unknown',
    processId: null,
    detail: service.detail === null ? why : `${service.detail} ${why}`,
  });
  if (service.installed === false) return { ...service, state: null, processId: null };
  try {
    const status = await control.query(service.name);
    return status === undefined
      ? unknown('The service manager does not know the service.')
      : { ...service, state: status.state, processId: status.processId };
  } catch (error) {
    return unknown(messageOf(error));
  }
}

async function showConfiguration(
  { installed, folder }: Installation,
  readTextFile: ReadTextFile,
): Promise<SensorConfiguration> {
  const unknown = { endpoint: null, ownProxy: null };
  if (installed === false) return { state: 'notInstalled', detail: null, ...unknown };
  if (folder === null) {
    const detail = 'The sensor’s folder cannot be told from the ImagePath of its services.';
    return { state: 'unreadable', detail, ...unknown };
  }
  const read = await readConfiguration(folder, readTextFile);
  switch (read.state) {
    case 'absent':
      return { state: 'absent', detail: 'The folder has no such file.', ...unknown };
    case 'unreadable':
      return { state: 'unreadable', detail: read.detail, ...unknown };
    case 'read':
      return {
        state: 'read',
        detail: read.endpointFault,
        endpoint: read.endpoint,
        ownProxy: read.ownProxy,
      };
  }
}

async function showV3({ registry, processRunning }: SensorSources): Promise<SensorV3> {
  const [running, defender] = await Promise.all([
    processRunning?.(V3_PROCESS).catch(() => undefined),
    hasDefenderForEndpoint(registry),
  ]);
  const service = {
    true: 'The service Sense (Defender for Endpoint) is in the registry.',
    false: 'The service Sense (Defender for Endpoint) is not in the registry.',
    null: 'Whether the service Sense (Defender for Endpoint) is there could not be read.',
  }[`${defender}`];
  const process =
    running === undefined
      ? `Whether its process ${V3_PROCESS} runs cannot be told here.`
      : `Its process ${V3_PROCESS} ${running ? 'runs' : 'does not run'}.`;
  return { present: running ?? null, detail: `${process} ${service}` };
}
