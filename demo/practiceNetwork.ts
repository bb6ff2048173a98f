import { createAuthority } from '../test/support/certificates';
import { startForwardProxy } from '../test/support/forwardProxy';
import { startTlsEndpoint } from '../test/support/tlsEndpoint';

/** The two endpoints of the region Europe, as the built-in catalogue has them. */
const HOSTS = ['triprd1wceun2sensorapi.atp.azure.com', 'triprd1wceuw3sensorapi.atp.azure.com'];

/** What stands between a DC and its cloud service, on loopback. */
export interface PracticeNetwork {
  /** The name under which the practice DC's user has the proxy. */
  readonly proxyName: string;
  readonly proxyPort: number;
  /** PEM of the root that the endpoints' certificates hang from. */
  readonly authority: string;
  /** Entries of SENSORPROXY_RESOLVE: without the proxy, the endpoints are where nothing listens. */
  readonly blocked: readonly string[];
  close(): Promise<void>;
}

/** Starts the endpoints and a forward proxy that leads their real names to them. */
export async function startPracticeNetwork(): Promise<PracticeNetwork> {
  const authority = await createAuthority('Sensorproxy demo root');
  const endpoints = await Promise.all(
    HOSTS.map(async (host) => startTlsEndpoint({ certificate: await authority.issue({ hosts: [host] }) })),
  );
  const map = Object.fromEntries(
    HOSTS.map((host, index) => [`${host}:443`, `127.0.0.1:${endpoints[index]?.port ?? 0}`]),
  );
  const proxy = await startForwardProxy({ map });
  return {
    proxyName: 'proxy.contoso.com',
    proxyPort: proxy.port,
    authority: authority.cert,
    blocked: HOSTS.map((host) => `${host}:443:127.0.0.1`),
    close: async () => {
      await proxy.close();
      await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    },
  };
}
