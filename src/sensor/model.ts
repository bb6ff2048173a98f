/** The shapes of `/sensor`, as callers see them. They are plain data: the OpenAPI document is made from these comments. */
import type { Finding } from '../wininet/findings';
import type { ServiceState } from './serviceControl';

/** The sensor as this machine has it. What is absent or cannot be read says so, and fails nothing. */
export interface Sensor {
  /** Whether the registry has one of the sensor's services; null when that cannot be read. */
  readonly installed: boolean | null;
  /** The version, from the name of the folder that the service runs from; null when it cannot be told. */
  readonly version: string | null;
  /** The folder that the sensor runs from; null when it cannot be told. */
  readonly path: string | null;
  /** The sensor, then its updater. */
  readonly services: readonly SensorServiceInfo[];
  readonly configuration: SensorConfiguration;
  readonly v3: SensorV3;
  /** What .NET Framework is told about TLS: the 64-bit key, then the 32-bit one. */
  readonly strongCrypto: readonly StrongCrypto[];
  readonly findings: readonly Finding[];
}

/** One of the sensor's services. */
export interface SensorServiceInfo {
  readonly name: 'AATPSensor' | 'AATPSensorUpdater';
  /** Whether the registry has it; null when that cannot be read. */
  readonly installed: boolean | null;
  /** The account that the vendor has it run as. */
  readonly expectedAccount: 'NT AUTHORITY\\LocalService' | 'LocalSystem';
  /** The account that it is set to run as, as the registry writes it; null when not installed or not readable. */
  readonly account: string | null;
  /** How it is started; null when not installed or not readable. */
  readonly startType: ServiceStartType | null;
  /** `unknown`: it cannot be told, and `detail` says why. Null: not installed. */
  readonly state: ServiceState | 'unknown' | null;
  /**
   * The process that it runs in; null when none does, or which one cannot be told.
   * @isInt
   */
  readonly processId: number | null;
  /** What could not be told, and why; null when all could. */
  readonly detail: string | null;
}

/** How Windows starts a service. */
export type ServiceStartType = 'boot' | 'system' | 'automatic' | 'automaticDelayed' | 'manual' | 'disabled';

/** What the sensor's `SensorConfiguration.json` says. */
export interface SensorConfiguration {
  readonly state: 'read' | 'absent' | 'unreadable' | 'notInstalled';
  /** Why it is not `read`, or what in it cannot be used; null when there is nothing to say. */
  readonly detail: string | null;
  /** The endpoint that the sensor really uses, and that `GET /endpoints/health` probes; null when it cannot be told. */
  readonly endpoint: SensorEndpoint | null;
  /**
   * Whether the sensor was given a proxy of its own, so that it does not use WinINET's; null when it cannot be told. That
   * proxy itself is not shown: it may come with credentials.
   */
  readonly ownProxy: boolean | null;
}

/** An endpoint that the sensor's configuration names. */
export interface SensorEndpoint {
  readonly host: string;
  /**
   * TCP port.
   * @isInt
   */
  readonly port: number;
}

/** The sensor of version 3, which is a part of Defender for Endpoint and does not use WinINET. */
export interface SensorV3 {
  /** Whether its process `SenseIdentity` runs; null when that cannot be told. */
  readonly present: boolean | null;
  /** What was looked at. */
  readonly detail: string;
}

/** One of .NET Framework's two keys; the sensor needs both values to be 1. */
export interface StrongCrypto {
  readonly key: string;
  /**
   * Null when absent, not a DWORD, or not readable.
   * @isInt
   */
  readonly systemDefaultTlsVersions: number | null;
  /**
   * Null when absent, not a DWORD, or not readable.
   * @isInt
   */
  readonly schUseStrongCrypto: number | null;
  /** Both are 1; null when the key cannot be read. */
  readonly ok: boolean | null;
  /** Why the key cannot be read; null when it can. */
  readonly detail: string | null;
}

/** How, and why, to restart the sensor. */
export interface RestartRequest {
  /**
   * The ticket that the restart belongs to.
   * @maxLength 200
   * @pattern ^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$
   * @example "CHG0031337"
   */
  readonly ticket?: string;
  /**
   * Why, in a sentence.
   * @maxLength 2000
   * @pattern ^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$
   * @example "The sensor shall notice its new proxy."
   */
  readonly reason?: string;
  /**
   * Say what would be stopped and started, and do nothing.
   * @default false
   */
  readonly dryRun?: boolean;
  /**
   * Time for all of it, in milliseconds. What has to be started again after a failure gets 15 seconds more.
   * @isInt
   * @minimum 1000
   * @maximum 300000
   * @default 120000
   */
  readonly timeoutMs?: number;
}

/** One step of a restart. */
export interface RestartStep {
  /** `stop` and `start` ask the service; `wait` is for the state that was asked for. */
  readonly action: 'stop' | 'start' | 'wait';
  readonly service: string;
  /** The service's state after the step; on a dry run, its state now. `unknown`: it could not be told. */
  readonly state: ServiceState | 'unknown';
  /**
   * Milliseconds; 0 on a dry run.
   * @isInt
   */
  readonly durationMs: number;
}

/** The answer to a restart. */
export interface SensorRestart {
  /** The journal's entry; null on a dry run. */
  readonly changeId: string | null;
  /** Whether this only says what would happen. */
  readonly dryRun: boolean;
  /** Whether the sensor was restarted, and runs. */
  readonly restarted: boolean;
  /**
   * Milliseconds; 0 on a dry run.
   * @isInt
   */
  readonly durationMs: number;
  readonly steps: readonly RestartStep[];
  /** What is in the way of a sensor that shall notice its new proxy: a proxy of its own, another account, version 3. */
  readonly findings: readonly Finding[];
}

/** The journal's entry of a restart. It is there whether or not the restart worked. */
export interface SensorRestartRecord {
  readonly id: string;
  /** When it began, RFC 3339 UTC. */
  readonly at: string;
  readonly kind: 'sensorRestart';
  readonly actor: string;
  readonly requestId: string | null;
  readonly ticket: string | null;
  readonly reason: string | null;
  /** The change that it came with; null when it was asked for by itself. */
  readonly changeId: string | null;
  readonly outcome: 'applied' | 'failed';
  /** What failed, and what is left; null when it was applied. */
  readonly failure: string | null;
  /**
   * Milliseconds.
   * @isInt
   */
  readonly durationMs: number;
  /** What was done, in order; after a failure, what was started again too. */
  readonly steps: readonly RestartStep[];
}
