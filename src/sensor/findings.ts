/** What is worth knowing about the sensor; docs/findings.md lists the codes. */
import type { Finding } from '../wininet/findings';
import { serviceAccountOf } from './accountNames';
import type { Sensor, SensorServiceInfo } from './model';

/** Everything of a {@link Sensor} that findings are made from. */
export type SensorFacts = Omit<Sensor, 'findings'>;

/** All findings, the gravest parts of the sensor's way first. */
export function sensorFindings(facts: SensorFacts): readonly Finding[] {
  return [
    notInstalled(facts),
    unreadable(facts),
    ...facts.services.flatMap((service) => serviceFindings(service, facts.installed === true)),
    ...configurationFindings(facts),
    v3(facts),
    strongCrypto(facts),
  ].filter((finding) => finding !== null);
}

/** Codes of what keeps a restarted sensor from using the proxy that was copied for it. */
const IN_THE_WAY: readonly string[] = ['sensor-own-proxy', 'sensor-account-unexpected', 'sensor-v3'];

/** Of a sensor's findings, those that a restart does not help against. */
export function findingsInTheWay(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ code }) => IN_THE_WAY.includes(code));
}

function notInstalled({ installed }: SensorFacts): Finding | null {
  if (installed !== false) return null;
  return {
    code: 'sensor-not-installed',
    severity: 'info',
    detail: 'The registry has neither AATPSensor nor AATPSensorUpdater: the sensor is not installed here.',
    remedy: 'None is needed to prepare the proxy. Install the sensor when the endpoints are healthy.',
  };
}

function unreadable({ services, strongCrypto: keys }: SensorFacts): Finding | null {
  const parts = [
    ...services.filter(({ installed }) => installed === null).map(({ name }) => name),
    ...(keys.some(({ ok }) => ok === null) ? ['.NET Framework'] : []),
  ];
  if (parts.length === 0) return null;
  return {
    code: 'sensor-registry-unreadable',
    severity: 'warning',
    detail: `The registry could not be read for: ${parts.join(', ')}. What depends on it is unknown.`,
    remedy: 'Run the service as an account that may read there (LocalSystem may).',
  };
}

function serviceFindings(service: SensorServiceInfo, installed: boolean): readonly (Finding | null)[] {
  if (service.installed === false) return installed ? [missing(service)] : [];
  return [unexpectedAccount(service), disabled(service), notRunning(service)];
}

function missing({ name }: SensorServiceInfo): Finding {
  return {
    code: 'sensor-service-missing',
    severity: 'warning',
    detail: `The service ${name} is not there, though the other one of the sensor is.`,
    remedy: 'Repair the installation of the sensor, or install it anew.',
  };
}

function unexpectedAccount({ name, account, expectedAccount }: SensorServiceInfo): Finding | null {
  if (account === null || serviceAccountOf(account) === serviceAccountOf(expectedAccount)) return null;
  return {
    code: 'sensor-account-unexpected',
    severity: 'warning',
    detail: `${name} is set to run as ${shown(account)}, not as ${expectedAccount}: it uses the proxy of that account.`,
    remedy: `Copy the proxy to that account too, or have the service run as ${expectedAccount} again.`,
  };
}

function disabled({ name, startType }: SensorServiceInfo): Finding | null {
  if (startType !== 'disabled') return null;
  return {
    code: 'sensor-service-disabled',
    severity: 'warning',
    detail: `${name} is disabled: once stopped, it cannot be started.`,
    remedy: 'Set its start type to automatic.',
  };
}

function notRunning({ name, state }: SensorServiceInfo): Finding | null {
  if (state === null || state === 'unknown' || state === 'running') return null;
  return {
    code: 'sensor-service-not-running',
    severity: 'warning',
    detail: `${name} does not run; its state is ${state}.`,
    remedy:
      'Check the endpoints with GET /endpoints/health and the sensor’s own log, then restart it with POST /sensor/restart.',
  };
}

function configurationFindings({ configuration }: SensorFacts): readonly (Finding | null)[] {
  const { state, detail, endpoint, ownProxy } = configuration;
  const remedy = 'Look at SensorConfiguration.json in the sensor’s folder, or repair the installation.';
  switch (state) {
    case 'notInstalled':
      return [];
    case 'absent':
      return [
        {
          code: 'sensor-configuration-absent',
          severity: 'warning',
          detail: 'SensorConfiguration.json is not there, so that the sensor’s endpoint is not known.',
          remedy,
        },
      ];
    case 'unreadable':
      return [
        {
          code: 'sensor-configuration-unreadable',
          severity: 'warning',
          detail: `SensorConfiguration.json cannot be read. ${detail ?? ''}`.trim(),
          remedy,
        },
      ];
    case 'read':
      return [endpoint === null ? endpointInvalid(detail, remedy) : null, ownProxy === true ? own() : null];
  }
}

function endpointInvalid(detail: string | null, remedy: string): Finding {
  return {
    code: 'sensor-endpoint-invalid',
    severity: 'warning',
    detail: `SensorConfiguration.json names no endpoint that can be used. ${detail ?? ''}`.trim(),
    remedy,
  };
}

function own(): Finding {
  return {
    code: 'sensor-own-proxy',
    severity: 'warning',
    detail:
      'The sensor was given a proxy of its own (SensorProxyConfiguration) and does not use WinINET: a copy will not matter to it.',
    remedy:
      'Change that proxy with the vendor’s tools, or remove it there to have the sensor use the accounts’ proxy.',
  };
}

function v3({ v3: { present } }: SensorFacts): Finding | null {
  if (present !== true) return null;
  return {
    code: 'sensor-v3',
    severity: 'warning',
    detail:
      'The sensor of version 3 (SenseIdentity) runs here. It does not use WinINET: a copy will not matter to it.',
    remedy: 'Set its proxy as Defender for Endpoint has it.',
  };
}

function strongCrypto({ installed, strongCrypto: keys }: SensorFacts): Finding | null {
  const lacking = keys.filter(({ ok }) => ok === false).map(({ key }) => key);
  if (lacking.length === 0 || installed === false) return null;
  return {
    code: 'sensor-strong-crypto-missing',
    severity: 'warning',
    detail: `SystemDefaultTlsVersions and SchUseStrongCrypto are not both 1 in ${lacking.join(' and ')}.`,
    remedy: 'Set both to 1 (DWORD) there, then restart the machine: the sensor needs TLS 1.2.',
  };
}

/** An account's name is the registry's text: nothing in it may break the line it stands in. */
function shown(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 256);
}
