import path from 'node:path';
import { writeFileDurably } from '../../src/lib/durableFile';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { type Registry, RegistryType } from '../../src/registry/registry';
import type { ReadText } from '../../src/sensor/configurationFile';
import type { SensorRestartRecord } from '../../src/sensor/model';
import { openSensorService } from '../../src/sensor/sensorService';
import type { ServiceControl } from '../../src/sensor/serviceControl';
import { type FakeService, FakeServiceManager } from './fakeServiceManager';
import { memoryLogger } from './memoryLogger';
import { temporaryFolder } from './temporaryFolder';
import { VirtualTime } from './virtualTime';

export const SERVICES = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services';
/** Where the practice DC's sensor is installed. */
export const FOLDER = 'C:\\Program Files\\Azure Advanced Threat Protection Sensor\\2.240.18316.1234';
export const CONFIGURATION = `${FOLDER}\\SensorConfiguration.json`;

/** A sensor's configuration as the real file has it, in its main parts. */
export function configurationText(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    $type: 'SensorMandatoryConfiguration',
    SensorProxyConfiguration: null,
    WorkspaceApplicationSensorApiWebClientConfigurationServiceEndpoint: {
      $type: 'EndpointData',
      Address: 'contososensorapi.atp.azure.com',
      Port: 443,
    },
    ...fields,
  });
}

/** The sensor's services as they run on a healthy machine: the updater starts the sensor, which depends on it. */
export function healthyServices(): { AATPSensor: FakeService; AATPSensorUpdater: FakeService } {
  return {
    AATPSensorUpdater: {
      state: 'running',
      startMs: 1000,
      stopMs: 500,
      starts: { name: 'AATPSensor', afterMs: 2000 },
    },
    AATPSensor: { state: 'running', dependsOn: ['AATPSensorUpdater'], startMs: 3000, stopMs: 2000 },
  };
}

/** The sensor's service over a practice DC, a fake service manager, and time that goes on by itself. */
export async function openPracticeSensor(
  options: {
    readonly services?: Readonly<Record<string, FakeService>>;
    readonly control?: ServiceControl;
    readonly wrap?: (registry: Registry) => Registry;
    readonly processRunning?: (name: string) => Promise<boolean | undefined>;
    readonly record?: (record: SensorRestartRecord) => Promise<void>;
  } = {},
) {
  const folder = await temporaryFolder();
  const regfile = path.join(folder.path, 'dc01.reg');
  await writeFileDurably(regfile, practiceDomainController());
  const registry = await openRegFile(regfile);
  const time = new VirtualTime();
  const manager = new FakeServiceManager(options.services ?? healthyServices(), time.clock);
  const files = new Map<string, ReadText>([[CONFIGURATION, { state: 'read', text: configurationText() }]]);
  const records: SensorRestartRecord[] = [];
  const logger = memoryLogger();
  const sensor = openSensorService({
    registry: options.wrap?.(registry) ?? registry,
    control: options.control ?? manager,
    readTextFile: (location) => Promise.resolve(files.get(location) ?? { state: 'absent' }),
    processRunning: options.processRunning,
    record:
      options.record ??
      ((record) => {
        records.push(record);
        return Promise.resolve();
      }),
    clock: time.clock,
    pause: time.pause,
    logger,
  });
  return {
    sensor,
    registry,
    manager,
    files,
    records,
    logger,
    time,
    /** Sets text of a service's registry key; null deletes it. */
    setText: async (service: string, name: string, text: string | null) => {
      const key = `${SERVICES}\\${service}`;
      if (text === null) {
        await registry.deleteValue(key, name);
        return;
      }
      const data = Buffer.from(`${text}\0`, 'utf16le');
      await registry.writeValue(key, name, { type: RegistryType.expandString, data });
    },
    setNumber: async (key: string, name: string, number: number) => {
      const data = Buffer.alloc(4);
      data.writeUInt32LE(number);
      await registry.writeValue(key, name, { type: RegistryType.dword, data });
    },
    close: async () => {
      await sensor.close();
      await registry.close();
      await folder.remove();
    },
  };
}

export type PracticeSensor = Awaited<ReturnType<typeof openPracticeSensor>>;
