/** The lab's small network: what its DNS knows, who listens where, and the product in it. */
import { type Authority, createAuthority } from '../support/certificates';
import { createNamespace, type Namespace } from './namespace';
import { binary, type Lab, run, type Running } from './processes';
import { type Product, startProduct } from './product';
import { dnsmasqProgram, startNginx, writeCertificate } from './servers';
import { startSquid } from './squid';

/** Who is where. The documentation nets (RFC 5737) stand for what cannot be reached. */
const AT = {
  dns: '127.0.0.1',
  innerDns: '10.77.0.53',
  web: '10.77.0.1',
  endpoint: '10.77.0.10',
  squid: '10.77.0.20',
  nobody: '10.77.0.30',
  silent: '198.51.100.2',
  unreachable: '192.0.2.1',
  prohibited: '203.0.113.1',
} as const;

/** What the DNS knows. `inner` is known to the proxy's DNS alone. */
const NAMES: Readonly<Record<string, string>> = {
  'up.contoso.test': AT.endpoint,
  'squid.contoso.test': AT.squid,
  'refused.contoso.test': AT.nobody,
  'dropped.contoso.test': AT.silent,
  'unreachable.contoso.test': AT.unreachable,
  'prohibited.contoso.test': AT.prohibited,
};

/** The endpoints, by their region: those with an address, and what the DNS says of the others. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  up: 'up.contoso.test',
  refused: 'refused.contoso.test',
  dropped: 'dropped.contoso.test',
  unreachable: 'unreachable.contoso.test',
  prohibited: 'prohibited.contoso.test',
  inner: 'inner.contoso.test',
  nowhere: 'nowhere.contoso.test',
  // Nobody is asked about this domain, so that dnsmasq answers REFUSED.
  foreign: 'sensor.foreign.test',
  // The server that is asked about this domain is silent.
  silent: 'sensor.silent.test',
};

/** The domain of the machine on which the product runs. */
export const SEARCH_DOMAIN = 'sub.corp.contoso.test';

/** The network, and the product in it. */
export interface LabNetwork {
  readonly product: Product;
  /** Starts the DNS anew, with further names, and gives it, so that its log can be read. */
  restartDns(names?: Readonly<Record<string, string>>): Promise<Running>;
  /** Ends every connection to the silent address that is being made, until the signal is aborted. */
  killConnections(signal: AbortSignal): Promise<void>;
  /** The address of the web server. */
  readonly web: string;
  /** What the proxy is called. */
  readonly squid: string;
  close(): Promise<void>;
}

/** Makes the network in a namespace. When that fails, nothing of it stays. */
export async function createNetwork(lab: Lab): Promise<LabNetwork> {
  const namespace = await createNamespace({
    resolvConf: `nameserver ${AT.dns}\nsearch ${SEARCH_DOMAIN}\n`,
    addresses: [AT.innerDns, AT.web, AT.endpoint, AT.squid, AT.nobody],
    silentNet: { own: '198.51.100.1', silent: AT.silent },
    routes: ['route add unreachable 192.0.2.0/24', 'route add prohibit 203.0.113.0/24'],
  });
  try {
    return await fill(lab, namespace);
  } catch (error) {
    await namespace.remove();
    throw error;
  }
}

async function fill(lab: Lab, { name: namespace, remove }: Namespace): Promise<LabNetwork> {
  const authority = await createAuthority('Contoso Test Root');
  let dns: Running | undefined;
  const restartDns = async (names: Readonly<Record<string, string>> = {}): Promise<Running> => {
    await dns?.stop();
    dns = await lab.start(
      dnsmasqProgram(
        lab,
        'dns',
        [...records({ ...NAMES, ...names }), 'local=/contoso.test/', `server=/silent.test/${AT.silent}`],
        {
          namespace,
          address: AT.dns,
          port: 53,
        },
      ),
    );
    return dns;
  };
  await restartDns();
  const inner = records({ ...NAMES, 'inner.contoso.test': AT.endpoint });
  const place = { namespace, address: AT.innerDns, port: 53 };
  await lab.start(dnsmasqProgram(lab, 'inner-dns', [...inner, 'local=/contoso.test/'], place));
  await startEndpoint(lab, namespace, authority);
  await startNginx(lab, 'web', [`root ${lab.folder}/web;`], { namespace, address: AT.web, port: 80 });
  const rules = [`dns_nameservers ${AT.innerDns}`, 'connect_timeout 2 seconds', 'http_access allow all'];
  await startSquid(lab, 'squid', rules, { namespace, address: AT.squid, port: 3128 });
  const endpoints = Object.entries(ENDPOINTS).map(([region, host]) => ({ region, host }));
  const product = await startProduct(lab, { namespace, endpoints, extraCa: authority.cert });
  const killConnections = async (signal: AbortSignal): Promise<void> => {
    const ss = binary('/usr/bin/ss', 'iproute2');
    while (!signal.aborted) await run(ss, ['-Ktn', 'dst', AT.silent], namespace);
  };
  return {
    product,
    restartDns,
    killConnections,
    web: AT.web,
    squid: 'squid.contoso.test:3128',
    close: remove,
  };
}

async function startEndpoint(lab: Lab, namespace: string, authority: Authority): Promise<void> {
  const hosts = ['up.contoso.test', 'inner.contoso.test'];
  const tls = writeCertificate(lab, 'endpoint', await authority.issue({ hosts }));
  const rules = ['default_type text/plain;', 'return 200 Ok;'];
  await startNginx(lab, 'endpoint', rules, { namespace, address: AT.endpoint, port: 443, tls });
}

function records(names: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(names).map(([name, address]) => `host-record=${name},${address}`);
}
