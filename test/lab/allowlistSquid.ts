import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Debian's squid, listening on loopback. */
export interface Squid {
  readonly port: number;
  stop(): Promise<void>;
}

const BINARY = '/usr/sbin/squid';
const ADDRESS = '127.0.0.1';
const START_MS = 15_000;

/** What `squid -k parse` says of a configuration: whether it accepts it, and all that it writes. */
export function parseSquid(rules: string): { readonly accepted: boolean; readonly output: string } {
  const folder = makeFolder();
  try {
    const config = writeConfig(folder, 3128, rules);
    const { status, stdout, stderr } = spawnSync(binary(), ['-k', 'parse', '-f', config], {
      encoding: 'utf8',
    });
    return { accepted: status === 0, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts squid with some rules on a port, and waits until it takes connections. `hosts` is its hosts file. */
export async function startSquid(port: number, rules: string, hosts: string): Promise<Squid> {
  const folder = makeFolder();
  const hostsFile = path.join(folder, 'hosts');
  writeFileSync(hostsFile, hosts);
  const config = writeConfig(folder, port, `hosts_file ${hostsFile}\n${rules}`);
  const child = spawn(binary(), ['-N', '-f', config, '-n', `lab${process.pid}p${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_MS;
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`squid does not listen: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port, stop };
}

function binary(): string {
  if (!existsSync(BINARY))
    throw new Error(`${BINARY} is missing: install Debian's package squid (apt-get install squid)`);
  return BINARY;
}

function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'sensorproxy-squid-'));
  chmodSync(folder, 0o777);
  return folder;
}

function writeConfig(folder: string, port: number, rules: string): string {
  const config = path.join(folder, 'squid.conf');
  const lines = [
    `http_port ${ADDRESS}:${port}`,
    'pid_filename none',
    'cache_log /dev/null',
    'access_log none',
    'cache deny all',
    'shutdown_lifetime 0 seconds',
    'visible_hostname lab.invalid',
    `coredump_dir ${folder}`,
    rules,
    '',
  ];
  writeFileSync(config, lines.join('\n'));
  return config;
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, ADDRESS);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
