/** Debian's squid and tinyproxy, with some rules; everything that they write stays in the lab's folder. */
import { closedPort } from '../support/scriptedServer';
import { ADDRESS, binary, type Lab } from './processes';

/** A server of the lab's. */
export interface Listening {
  readonly port: number;
}

/** Where a server listens. */
export interface Place {
  /** The network namespace; this machine's unless stated. */
  readonly namespace?: string;
  /** Loopback unless stated. */
  readonly address?: string;
  /** A free one unless stated. */
  readonly port?: number;
}

const SQUID = '/usr/sbin/squid';

/** A squid with some rules, on plain HTTP. */
export function startSquid(
  lab: Lab,
  name: string,
  rules: readonly string[],
  place: Place = {},
): Promise<Listening> {
  return squid(lab, name, (address, port) => [`http_port ${address}:${port}`, ...rules], place);
}

/** A squid that is spoken to over TLS, and lets everything pass. */
export function startTlsSquid(
  lab: Lab,
  name: string,
  files: { readonly cert: string; readonly key: string },
): Promise<Listening> {
  return squid(lab, name, (address, port) => [
    `https_port ${address}:${port} tls-cert=${files.cert} tls-key=${files.key}`,
    'http_access allow all',
  ]);
}

async function squid(
  lab: Lab,
  name: string,
  rules: (address: string, port: number) => readonly string[],
  { namespace, address = ADDRESS, port: wanted }: Place = {},
): Promise<Listening> {
  const port = wanted ?? (await closedPort());
  const config = lab.write(
    `${name}.conf`,
    [
      'pid_filename none',
      'cache_log /dev/null',
      'access_log none',
      'cache deny all',
      'pinger_enable off',
      'shutdown_lifetime 0 seconds',
      'visible_hostname lab.invalid',
      `coredump_dir ${lab.folder}`,
      ...rules(address, port),
      '',
    ].join('\n'),
  );
  await lab.start({
    file: binary(SQUID, 'squid'),
    // -d1: what is wrong with the settings is said on standard error.
    args: ['-N', '-d1', '-f', config, '-n', `lab${process.pid}${name.replaceAll(/[^a-z0-9]/gi, '')}`],
    ready: port,
    namespace,
  });
  return { port };
}

/** The program of squid's that checks one kind of credentials. */
export function squidHelper(name: string): string {
  return binary(`/usr/lib/squid/${name}`, 'squid');
}

/** A tinyproxy with some rules. */
export async function startTinyproxy(lab: Lab, name: string, rules: readonly string[]): Promise<Listening> {
  const port = await closedPort();
  const config = lab.write(
    `${name}.conf`,
    [
      `Port ${port}`,
      `Listen ${ADDRESS}`,
      'Timeout 30',
      'MaxClients 20',
      'LogLevel Critical',
      ...rules,
      '',
    ].join('\n'),
  );
  const file = binary('/usr/bin/tinyproxy', 'tinyproxy-bin');
  await lab.start({ file, args: ['-d', '-c', config], ready: port });
  return { port };
}
