/** What a firewall or proxy must let through for the sensor: its endpoints, and the services that prove certificates. */
import type { Endpoint } from '../catalogue';
import type { EndpointOrigin } from '../report';

/** What the firewall or proxy must let through. */
export interface Allowlist {
  /** The service tag that stands for the sensor's endpoints in Azure's own firewalls and network security groups. */
  serviceTag: string;
  /** Each host and port once, sorted by host, then port. */
  items: AllowlistItem[];
}

/** One host and port to let through. */
export interface AllowlistItem {
  /** A name in lower-case ASCII, or an address; IPv6 without brackets. */
  host: string;
  /**
   * TCP port.
   * @isInt
   */
  port: number;
  protocol: 'tcp';
  /**
   * `sensor`: an endpoint of the sensor, spoken to over TLS, which a proxy must tunnel (CONNECT) and not inspect.
   * `certificates`: revocation lists and roots, fetched by plain HTTP with GET.
   */
  purpose: 'sensor' | 'certificates';
  /** The only paths that are needed, `*` for anything; null for all. Paths of endpoints are inside TLS, so always null. */
  paths: string[] | null;
  /** The endpoint's region, as `GET /endpoints` names it; null for certificate services. */
  region: string | null;
  /** Where the endpoint comes from; null for certificate services. */
  origin: EndpointOrigin | null;
}

/** The service tag of domain facts, section 5. */
export const SERVICE_TAG = 'AzureAdvancedThreatProtection';

const HTTP_PORT = 80;

/**
 * The certificate services of domain facts, section 5. Port 80 alone: they serve revocation lists, roots and intermediate
 * certificates, whose addresses in certificates are `http:` because fetching them over TLS would need the very check that
 * they serve (RFC 5280, section 8); the vendor's lists for Defender for Endpoint give 80 for the same four.
 */
const CERTIFICATE_SERVICES: readonly { readonly host: string; readonly paths: readonly string[] | null }[] = [
  { host: 'crl.microsoft.com', paths: null },
  { host: 'ctldl.windowsupdate.com', paths: null },
  { host: 'www.microsoft.com', paths: ['/pki/*', '/pkiops/*'] },
];

/**
 * The list for some endpoints. Of endpoints with the same host and port the first stands; a certificate service stands
 * before an endpoint, for that port of it speaks plain HTTP whatever an endpoints file says.
 */
export function allowlistOf(endpoints: readonly Endpoint[]): Allowlist {
  const all = [...CERTIFICATE_SERVICES.map(certificateItem), ...endpoints.map(sensorItem)];
  const items = new Map<string, AllowlistItem>();
  for (const item of all) {
    const key = `${item.host} ${item.port}`;
    if (!items.has(key)) items.set(key, item);
  }
  return { serviceTag: SERVICE_TAG, items: [...items.values()].sort(byHostAndPort) };
}

function certificateItem({ host, paths }: (typeof CERTIFICATE_SERVICES)[number]): AllowlistItem {
  return {
    host,
    port: HTTP_PORT,
    protocol: 'tcp',
    purpose: 'certificates',
    paths: paths === null ? null : [...paths],
    region: null,
    origin: null,
  };
}

function sensorItem({ host, port, region, origin }: Endpoint): AllowlistItem {
  return { host, port, protocol: 'tcp', purpose: 'sensor', paths: null, region, origin };
}

/** Hosts are ASCII: by code units, so that it is the same everywhere. */
function byHostAndPort(a: AllowlistItem, b: AllowlistItem): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.port - b.port;
}
