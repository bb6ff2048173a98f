/** The product as it is built, run as a process, and asked over HTTP: everything between is real. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EndpointCheck, HealthReport } from '../../src/endpoints/report';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { RegistryType } from '../../src/registry/registry';
import { connectionsKey, localService } from '../support/practice';
import { settingsBytes } from '../support/settingsBytes';
import { binary, type Lab, run } from './processes';

const BUILT = path.join(__dirname, '..', '..', 'dist', 'main.js');

/** An endpoint that the product is told to probe. */
export interface ProductEndpoint {
  readonly host: string;
  readonly region: string;
}

/** The product's settings. */
export interface ProductOptions {
  readonly namespace: string;
  readonly endpoints: readonly ProductEndpoint[];
  /** PEM of the root that the endpoints' certificates hang from. */
  readonly extraCa: string;
}

/** The product, running. */
export interface Product {
  /** Sets an account's proxy, as an administrator does. */
  set(context: string, settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** The check of the region's one endpoint through the account's proxy. */
  check(context: string, region: string, timeoutMs?: number): Promise<EndpointCheck>;
}

/**
 * A registry file of a practice domain controller. LocalService has no proxy, NetworkService has a value that cannot be
 * decoded.
 */
async function writeRegistry(lab: Lab): Promise<string> {
  const file = lab.write('registry.reg', practiceDomainController());
  const registry = await openRegFile(file);
  for (const [sid, data] of [
    [localService, settingsBytes({ flags: 1 })],
    ['S-1-5-20', Buffer.from('46000000ff', 'hex')],
  ] as const) {
    const key = connectionsKey(sid);
    await registry.createKey(key);
    await registry.writeValue(key, 'DefaultConnectionSettings', { type: RegistryType.binary, data });
  }
  await registry.close();
  return file;
}

/** Starts the product in the namespace. */
export async function startProduct(lab: Lab, options: ProductOptions): Promise<Product> {
  if (!existsSync(BUILT)) {
    throw new Error(`${BUILT} is missing: run "npm run build", or the suite by "npm run test:lab"`);
  }
  const { namespace, endpoints, extraCa } = options;
  const dataDir = path.join(lab.folder, 'data');
  const regfile = await writeRegistry(lab);
  const service = await lab.start({
    file: process.execPath,
    args: [BUILT],
    ready: /"listening"/,
    namespace,
    env: {
      SENSORPROXY_PORT: '0',
      SENSORPROXY_DATA_DIR: dataDir,
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
      SENSORPROXY_ENDPOINTS_FILE: lab.write('endpoints.json', JSON.stringify(endpoints)),
      SENSORPROXY_EXTRA_CA: lab.write('extra.crt', extraCa),
    },
  });
  const url = /"url":"([^"]+)"/.exec(service.output())?.[1] ?? '';
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  const curl = (...args: readonly string[]) =>
    run(
      binary('/usr/bin/curl', 'curl'),
      [
        '-sS',
        '--fail-with-body',
        '--max-time',
        '15',
        '--noproxy',
        '*',
        '-H',
        `Authorization: Bearer ${token}`,
        ...args,
      ],
      namespace,
    );
  return {
    set: async (context, settings) => {
      const json = ['-H', 'Content-Type: application/json', '-d', JSON.stringify(settings)];
      await curl('-X', 'PUT', '-H', 'If-Match: *', ...json, `${url}/proxy/contexts/${context}`);
    },
    check: async (context, region, timeoutMs = 10_000) => {
      const query = new URLSearchParams({
        context,
        region,
        timeoutMs: String(timeoutMs),
        // How long it takes is nobody's business here: the machine may be busy.
        slowMs: '60000',
      });
      const report = JSON.parse(await curl(`${url}/endpoints/health?${query.toString()}`)) as HealthReport;
      const [check] = report.checks;
      if (check === undefined || report.checks.length !== 1) throw new Error('one check was expected');
      return check;
    },
  };
}
