import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { allowlistOf } from '../../src/endpoints/allowlist/allowlist';
import { asSquid } from '../../src/endpoints/allowlist/squid';
import { type Endpoint, PING_PATH, selectEndpoints } from '../../src/endpoints/catalogue';
import { closedPort } from '../support/scriptedServer';
import { parseSquid, type Squid, startSquid } from './allowlistSquid';

/**
 * `format=squid` in Debian's own squid. Names are of its hosts file, so that all leads to loopback; what would go to a
 * certificate service by plain HTTP goes to a server here instead.
 */
const LISTED = 'xn--bcher-kva.example';
const UNLISTED = 'elsewhere.example';
const LISTED_ADDRESS = '127.0.0.2';
const DENIED = 403;

function at(host: string, port = 443): Endpoint {
  return { host, port, path: PING_PATH, region: 'Here', origin: 'file' };
}

const configurationOf = (endpoints: readonly Endpoint[]) => asSquid(allowlistOf(endpoints).items);

describe('squid -k parse', () => {
  const settings = { workspace: null, cloud: 'commercial', regions: null, endpoints: null } as const;

  it.each<[string, readonly Endpoint[]]>([
    ['the catalogue', selectEndpoints(settings)],
    ['no endpoint at all', []],
    ['an IDN and other ports', [at(LISTED), at(LISTED, 8443), at('a_b.example', 1)]],
    [
      'addresses',
      [at('192.0.2.1'), at('2001:db8::1'), at('::1', 8443), at('::ffff:192.0.2.7'), at('fe80::1')],
    ],
    ['hosts that look like options or words of squid’s', [at('-n'), at('-i.example'), at('none'), at('all')]],
    ['a name as long as names get', [at(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61))]],
    ['five hundred hosts', Array.from({ length: 500 }, (_, index) => at(`host${index}.example`))],
  ])('accepts the list of %s without a word of warning', (_name, endpoints) => {
    const { accepted, output } = parseSquid(configurationOf(endpoints));
    expect(output).not.toMatch(/WARNING|ERROR|FATAL|cannot|unrecognized/i);
    expect(accepted).toBe(true);
    for (const { host } of endpoints) expect(output).toContain(` -- ${host}\n`);
  });

  it('would say so if it did not', () => {
    expect(parseSquid('acl broken dstdomian x').accepted).toBe(false);
  });
});

describe('a squid that has the list and denies the rest', () => {
  const servers: Server[] = [];
  let squid: Squid;
  let port: number;

  beforeAll(async () => {
    port = await listening(
      createServer((socket) => socket.end()),
      '0.0.0.0',
    );
    const origin = await listening(
      createHttpServer((_request, response) => response.end('of the origin')),
      '127.0.0.1',
    );
    squid = await startSquid(
      await closedPort(),
      [
        configurationOf([at(LISTED, port), at(LISTED), at(LISTED_ADDRESS, port), at('::1', port)]),
        'http_access deny all',
        `cache_peer 127.0.0.1 parent ${origin} 0 no-query originserver no-digest`,
        'never_direct allow !CONNECT',
        'cache_peer_access 127.0.0.1 deny CONNECT',
      ].join('\n'),
      `127.0.0.1 ${LISTED} sub.${LISTED} ${UNLISTED}\n`,
    );
  });
  afterAll(async () => {
    await squid.stop();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  });

  async function listening(server: Server, address: string): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return (server.address() as AddressInfo).port;
  }

  /** The status of squid's answer; PORT stands for the endpoint's. */
  function ask(request: string): Promise<number> {
    const [method = '', target = ''] = request.replace('PORT', String(port)).split(' ');
    const host = target.replace(/^http:\/\//, '').replace(/\/.*/, '');
    return new Promise((resolve, reject) => {
      const socket = connect(squid.port, '127.0.0.1', () => {
        socket.write(
          `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        );
      });
      socket.once('data', (chunk: Buffer) => {
        resolve(Number(/^HTTP\/1\.\d (\d{3})/.exec(chunk.toString('latin1'))?.[1]));
        socket.destroy();
      });
      socket.once('error', reject);
      socket.once('close', () => {
        reject(new Error(`squid said nothing to ${request}`));
      });
    });
  }

  it.each([
    `CONNECT ${LISTED}:PORT`,
    `CONNECT ${LISTED.toUpperCase()}:PORT`,
    `CONNECT ${LISTED_ADDRESS}:PORT`,
    'GET http://crl.microsoft.com/pki/crl/products/x.crl',
    'HEAD http://crl.microsoft.com/pki/crl/products/x.crl',
    'GET http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/authrootstl.cab?1',
    'GET http://www.microsoft.com/pkiops/crl/x.crl',
    'GET http://www.microsoft.com/pki/certs/x.crt',
  ])('lets %s through', async (request) => {
    expect(await ask(request)).toBe(200);
  });

  // Nothing listens there: squid tries, and says that it could not.
  it.each([`CONNECT ${LISTED}:443`, 'CONNECT [::1]:PORT'])(
    'lets %s through, as far as it is up to it',
    async (request) => {
      expect([200, 503]).toContain(await ask(request));
    },
  );

  it.each([
    `CONNECT ${UNLISTED}:PORT`,
    `CONNECT sub.${LISTED}:PORT`,
    `CONNECT ${LISTED}:80`,
    `CONNECT ${LISTED}:8443`,
    `CONNECT ${LISTED_ADDRESS}:443`,
    'CONNECT crl.microsoft.com:80',
    'CONNECT www.microsoft.com:443',
    'CONNECT [::2]:PORT',
    `GET http://${LISTED}:PORT/`,
    `GET http://${UNLISTED}/`,
    `GET http://${UNLISTED}/pkiops/x`,
    'GET http://www.microsoft.com/',
    'GET http://www.microsoft.com/pkiops',
    'GET http://www.microsoft.com/x/pkiops/y',
    'GET http://www.microsoft.com/x?/pki/',
    'GET http://crl.microsoft.com:8080/x.crl',
    'GET ftp://crl.microsoft.com:80/x.crl',
    'POST http://crl.microsoft.com/x.crl',
    'GET http://sub.crl.microsoft.com/x.crl',
  ])('refuses %s', async (request) => {
    expect(await ask(request)).toBe(DENIED);
  });

  it('refuses an address that is not listed, though its name, looked up, is', async () => {
    expect(await ask('CONNECT 127.0.0.1:PORT')).toBe(DENIED);
  });

  it('refuses a name that is not listed, though it leads to a listed address', async () => {
    expect(await ask(`CONNECT ${UNLISTED}:PORT`)).toBe(DENIED);
  });
});
