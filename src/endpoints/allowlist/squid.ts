/**
 * The list as squid's configuration. Three things are deliberate. `-n`: squid would otherwise look up the name of an
 * address that is asked for, and whoever holds that address decides what its name is; so too `dst` takes addresses as they
 * stand in the request alone. `--`: a value may begin with a hyphen. One value a line: squid cuts lines at 2048 characters.
 */
import { isIP } from 'node:net';
import type { AllowlistItem } from './allowlist';

const HEAD = `# What the Defender for Identity sensor must reach: made by sensorproxy, GET /endpoints/allowlist?format=squid.
#
# How to place it: save it as a file of its own and name it in squid.conf with "include", above the first http_access
# line that would refuse any of it ("deny CONNECT !SSL_ports" too, when a port below is not 443; "deny all" in any case)
# and above lines that ask for authentication, which the sensor's accounts can seldom give. squid takes the first
# http_access line that fits. Every client of this proxy may then reach what is listed, and nothing else is changed by
# it: to narrow it to some clients, add an acl of the type src to each http_access line. Check it with "squid -k parse".
# The tunnels must not be inspected (no ssl_bump).
`;

/** Access lists and `http_access allow` lines, and a comment that says where to put them. */
export function asSquid(items: readonly AllowlistItem[]): string {
  const tunnelled = items.filter(({ purpose }) => purpose === 'sensor');
  const fetched = items.filter(({ purpose }) => purpose === 'certificates');
  const ports = [...new Set(tunnelled.map(({ port }) => port))].sort((a, b) => a - b);
  const sections = [
    ...ports.map((port) =>
      tunnels(
        port,
        tunnelled.filter((item) => item.port === port),
      ),
    ),
    ...(fetched.length === 0 ? [] : [plainFetches(fetched)]),
  ];
  const connect = ports.length === 0 ? [] : ['acl sensorproxy_connect method CONNECT'];
  return [HEAD, ...[connect, ...sections].map((lines) => lines.map((line) => `${line}\n`).join(''))].join(
    '\n',
  );
}

/** CONNECT to the endpoints that are on one port. */
function tunnels(port: number, items: readonly AllowlistItem[]): readonly string[] {
  const names = items.filter(({ host }) => isIP(host) === 0).map(({ host }) => host);
  const addresses = items.filter(({ host }) => isIP(host) !== 0).map(({ host }) => host);
  const portAcl = `sensorproxy_port_${port}`;
  const allow = (acl: string) => `http_access allow sensorproxy_connect ${portAcl} ${acl}`;
  const nameAcl = `sensorproxy_endpoints_${port}`;
  const addressAcl = `sensorproxy_addresses_${port}`;
  return [
    `# The sensor's endpoints on port ${port}: tunnels.`,
    `acl ${portAcl} port ${port}`,
    ...names.map((host) => `acl ${nameAcl} dstdomain -n -- ${host}`),
    ...addresses.map((host) => `acl ${addressAcl} dst -n -- ${host}`),
    ...(names.length === 0 ? [] : [allow(nameAcl)]),
    ...(addresses.length === 0 ? [] : [allow(addressAcl)]),
  ];
}

/** GET of revocation lists and roots, by plain HTTP. */
function plainFetches(items: readonly AllowlistItem[]): readonly string[] {
  const conditions = 'sensorproxy_read sensorproxy_http';
  return [
    '# Certificate services: plain HTTP, reading alone.',
    'acl sensorproxy_read method GET HEAD',
    'acl sensorproxy_http proto HTTP',
    ...items.flatMap(({ host, port, paths }, index) => {
      const acl = `sensorproxy_certificates_${index + 1}`;
      return [
        `acl ${acl} dstdomain -n -- ${host}`,
        `acl ${acl}_port port ${port}`,
        ...(paths ?? []).map((path) => `acl ${acl}_paths urlpath_regex ${patternOf(path)}`),
        `http_access allow ${conditions} ${acl} ${acl}_port${paths === null ? '' : ` ${acl}_paths`}`,
      ];
    }),
  ];
}

/** A path whose `*` stands for anything, as a regular expression (POSIX, extended). */
function patternOf(path: string): string {
  const parts = path.split('*').map((part) => part.replace(/[.[\]{}()\\+?^$|]/g, '\\$&'));
  return `^${parts.join('.*')}$`;
}
