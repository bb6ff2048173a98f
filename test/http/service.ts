import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Express } from 'express';
import request, { type Response } from 'supertest';
import { type Machine, compose } from '../../src/compose';
import { readConfig } from '../../src/config';
import { createApp } from '../../src/http/app';
import type { Services } from '../../src/http/services';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { memoryLogger } from '../support/memoryLogger';
import { temporaryFolder } from '../support/temporaryFolder';
import { expectToFit } from './contract';

/** What a call may bring. */
export interface CallOptions {
  /** The token; null for none. By default the administrator's. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; text is sent as it is, as `application/json` unless a header says otherwise. */
  readonly body?: object | string;
}

/** The service as `main.ts` composes it, over a practice DC in a folder of its own. */
export interface Service {
  readonly app: Express;
  readonly services: Services;
  readonly token: string;
  readonly dataDir: string;
  readonly lines: readonly string[];
  /** Calls, and checks that the answer fits the contract (`openapi.json`). */
  call(method: string, location: string, options?: CallOptions): Promise<Response>;
  close(): Promise<void>;
}

/**
 * Opens a service. `settings` are further environment variables; `change` may replace services; `machine` stands for what
 * the machine has beside the registry.
 */
export async function openService(
  settings: Readonly<Record<string, string>> = {},
  change: (services: Services) => Services = (services) => services,
  machine?: Machine,
): Promise<Service> {
  const folder = await temporaryFolder();
  const regfile = path.join(folder.path, 'dc01.reg');
  const endpoints = path.join(folder.path, 'endpoints.json');
  const dataDir = settings.SENSORPROXY_DATA_DIR ?? path.join(folder.path, 'data');
  await writeFile(regfile, practiceDomainController());
  // Nothing listens on TCP port 1: checks fail at once, and nothing leaves the machine.
  await writeFile(endpoints, JSON.stringify([{ host: '127.0.0.1', port: 1, region: 'Here' }]));
  const logger = memoryLogger();
  const { services, close } = await compose(
    readConfig({
      SENSORPROXY_DATA_DIR: dataDir,
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
      SENSORPROXY_ENDPOINTS_FILE: endpoints,
      SENSORPROXY_RESOLVE: 'proxy.contoso.com:8080:127.0.0.1',
      ...settings,
    }),
    logger,
    machine,
  );
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  const app = createApp(change({ ...services, logger }));
  return {
    app,
    services,
    token,
    dataDir,
    lines: logger.lines,
    call: async (method, location, options = {}) => {
      const response = await send(app, method, location, { token, ...options });
      expectToFit(method, location, response);
      return response;
    },
    close: async () => {
      await close();
      await folder.remove();
    },
  };
}

async function send(app: Express, method: string, location: string, options: CallOptions): Promise<Response> {
  const verb = method.toLowerCase() as 'get' | 'put' | 'post' | 'delete' | 'head' | 'patch' | 'options';
  let call = request(app)[verb](location);
  if (options.token) call = call.set('Authorization', `Bearer ${options.token}`);
  if (options.body !== undefined) call = call.set('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(options.headers ?? {})) call = call.set(name, value);
  if (options.body === undefined) return call;
  return call.send(typeof options.body === 'string' ? options.body : JSON.stringify(options.body));
}

/** The body of an answer, as JSON whatever its media type says. */
export function bodyOf(response: Response): unknown {
  return JSON.parse(response.text);
}
