/** The domains in which this machine looks for names without a dot, best first: WPAD begins with them. */
import { open } from 'node:fs/promises';
import { type Registry, stringValue } from '../../registry/registry';
import { hostName } from '../../wininet/hostName';

const POLICIES = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft';
const CLIENT_POLICY = `${POLICIES}\\Windows NT\\DNSClient`;
/** Where the policy "Primary DNS Suffix" writes (DnsClient.admx). */
const SUFFIX_POLICY = `${POLICIES}\\System\\DNSClient`;
const TCPIP = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';
const MAX_INTERFACES = 64;
const MAX_DOMAINS = 32;
const MAX_FILE = 64 * 1024;

/**
 * The search domains of this machine: what the registry says, also an embedded one that stands for Windows', else what the
 * system's own file says. Never rejects.
 */
export async function machineSearchDomains(
  registry: Registry,
  file = '/etc/resolv.conf',
): Promise<readonly string[]> {
  const domains = await windowsSearchDomains(registry);
  return domains.length > 0 ? domains : fileSearchDomains(file);
}

/**
 * Windows' search domains: the list of the policy, else the list of the machine, else the primary suffix and then those of
 * the connections. What cannot be read is left out. Never rejects.
 */
export async function windowsSearchDomains(registry: Registry): Promise<readonly string[]> {
  const read = (key: string, name: string) => domainsAt(registry, key, name);
  const policy = await read(CLIENT_POLICY, 'SearchList');
  if (policy.length > 0) return policy;
  const machine = await read(TCPIP, 'SearchList');
  if (machine.length > 0) return machine;
  const primary = await firstOf([
    () => read(SUFFIX_POLICY, 'NV PrimaryDnsSuffix'),
    () => read(CLIENT_POLICY, 'NV PrimaryDnsSuffix'),
    () => read(TCPIP, 'NV Domain'),
    () => read(TCPIP, 'Domain'),
  ]);
  const connections = await connectionDomains(registry);
  const fromDhcp = await read(TCPIP, 'DhcpDomain');
  return distinct([...primary, ...connections, ...fromDhcp]);
}

async function connectionDomains(registry: Registry): Promise<readonly string[]> {
  const interfaces = `${TCPIP}\\Interfaces`;
  const names = await registry.listSubkeys(interfaces).catch(() => undefined);
  const found = await Promise.all(
    (names ?? []).slice(0, MAX_INTERFACES).map((name) => {
      const key = `${interfaces}\\${name}`;
      return firstOf([
        () => domainsAt(registry, key, 'Domain'),
        () => domainsAt(registry, key, 'DhcpDomain'),
      ]);
    }),
  );
  return found.flat();
}

async function domainsAt(registry: Registry, key: string, name: string): Promise<readonly string[]> {
  try {
    return domainsIn(stringValue(await registry.readValue(key, name)) ?? '');
  } catch {
    return [];
  }
}

async function firstOf(reads: readonly (() => Promise<readonly string[]>)[]): Promise<readonly string[]> {
  for (const read of reads) {
    const found = await read();
    if (found.length > 0) return found;
  }
  return [];
}

/** The search domains of a text in the form of resolv.conf(5): of `search` and `domain` the last one wins. Never throws. */
export function resolvConfSearchDomains(text: string): readonly string[] {
  let found: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [, keyword, rest = ''] = /^(search|domain)[ \t]+(.*)$/.exec(line.replace(/\r$/, '')) ?? [];
    if (keyword === 'search') found = domainsIn(rest);
    if (keyword === 'domain') found = domainsIn(rest).slice(0, 1);
  }
  return found;
}

/** The search domains in a file of that form; none when it cannot be read. Never rejects. */
export async function fileSearchDomains(file: string): Promise<readonly string[]> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FILE), 0, MAX_FILE, 0);
      return resolvConfSearchDomains(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return [];
  }
}

/** Names by commas or white space, those that are none left out, each once, without a dot at the end. */
function domainsIn(text: string): readonly string[] {
  const names = text.split(/[\s,]+/).map((name) => hostName(name)?.replace(/\.$/, '') ?? '');
  return distinct(names.filter((name) => name !== '')).slice(0, MAX_DOMAINS);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
