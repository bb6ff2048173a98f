/**
 * The cloud endpoints of the sensor, and which of them are probed. Source: the vendor's proxy documentation as published
 * from 2018-04 to 2021-11 (domain facts, section 5); today each workspace has a host of its own.
 */
import { DomainError } from '../lib/errors';
import { type EndpointDefinition, PING_PATH } from './endpointsFile';
import type { EndpointEntry, EndpointList, EndpointOrigin } from './report';

export { type EndpointDefinition, PING_PATH, parseEndpointsFile } from './endpointsFile';

/** An endpoint that may be contacted. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly region: string;
  readonly origin: EndpointOrigin;
}

/** Where the sensor on this machine reports to, as its configuration says. */
export interface SensorEndpoint {
  /** As {@link Endpoint}'s: a name in lower-case ASCII, or an address. */
  readonly host: string;
  readonly port: number;
}

/** The settings that decide which endpoints are probed. */
export interface EndpointSettings {
  /** First part of the workspace's host name; null when none is configured. */
  readonly workspace: string | null;
  readonly cloud: 'commercial' | 'gcc' | 'gcc-high';
  /** Catalogue regions; null for all. */
  readonly regions: readonly string[] | null;
  /** Entries of the endpoints file, in place of the catalogue; null without one. */
  readonly endpoints: readonly EndpointDefinition[] | null;
}

interface CatalogueRow {
  readonly region: string;
  readonly host: string;
  readonly from: string;
  readonly until: string;
  readonly current: boolean;
}

const COMMERCIAL = 'sensorapi.atp.azure.com';
const GOVERNMENT = 'sensorapi.atp.azure.us';
const CLOUD_SUFFIX = {
  commercial: COMMERCIAL,
  gcc: 'sensorapi.gcc.atp.azure.com',
  'gcc-high': GOVERNMENT,
} as const;
const HTTPS_PORT = 443;
const SENSOR_REGION = 'sensor';
const FIRST = { from: '2018-04', until: '2020-07', current: false } as const;
const SECOND = { from: '2020-07', until: '2021-11', current: true } as const;

const CATALOGUE: readonly CatalogueRow[] = [
  ...rows('US', ['triprd1wcusw1', 'triprd1wcuswb1', 'triprd1wcuse1'], FIRST),
  ...rows('US', ['triprd1wcusw2', 'triprd1wcuswb3', 'triprd1wcuse3'], SECOND),
  ...rows('Europe', ['triprd1wceun1', 'triprd1wceuw1'], FIRST),
  ...rows('Europe', ['triprd1wceun2', 'triprd1wceuw3'], SECOND),
  ...rows('Asia', ['triprd1wcasse1'], FIRST),
  ...rows('Asia', ['triprd1wcasse2'], SECOND),
  ...rows('UK', ['triprd1wcuks2'], SECOND),
  { region: 'US GCC High', host: `triff1wcva1${GOVERNMENT}`, ...FIRST, from: '2019-10' },
  { region: 'US GCC High', host: `triff1wcva2${GOVERNMENT}`, ...SECOND },
];

/** The catalogue's regions. */
export const REGIONS: readonly string[] = [...new Set(CATALOGUE.map((row) => row.region))];

/** A catalogue region as the catalogue writes it, whatever the case. Throws `DomainError` `region-unknown`. */
export function knownRegion(text: string): string {
  return regionAmong(REGIONS, text);
}

/**
 * The endpoints to probe: the configured workspace alone if there is one; else the endpoints file's entries; else the
 * current rows of the configured regions. The endpoint that the sensor on this machine is configured for comes first where
 * it is known, and takes the catalogue's place. `asked` narrows a file or the catalogue to some of its regions; the region
 * of a workspace or a sensor is not known, so that nothing narrows those. Throws `DomainError` `region-unknown`, naming
 * those there are.
 */
export function selectEndpoints(
  settings: EndpointSettings,
  asked: readonly string[] = [],
  sensor: SensorEndpoint | null = null,
): readonly Endpoint[] {
  const configured = narrowed(settings, asked, sensor !== null);
  if (sensor === null) return configured;
  const own = sensorEndpoint(sensor);
  return [own, ...configured.filter((endpoint) => !isCatalogue(endpoint) && !isSamePlace(endpoint, own))];
}

function narrowed(
  settings: EndpointSettings,
  asked: readonly string[],
  hasSensor: boolean,
): readonly Endpoint[] {
  const configured = configuredEndpoints(settings);
  if (asked.length === 0) return configured;
  const ofCatalogue = settings.workspace !== null || (hasSensor && settings.endpoints === null);
  const there = ofCatalogue ? REGIONS : [...new Set(configured.map((endpoint) => endpoint.region))];
  const known = hasSensor ? [SENSOR_REGION, ...there] : there;
  const wanted = new Set(asked.map((region) => regionAmong(known, region)));
  return ofCatalogue ? configured : configured.filter((endpoint) => wanted.has(endpoint.region));
}

/** Everything that is known: what is configured, then the catalogue's rows; `probed` tells which the health check uses. */
export function listEndpoints(
  settings: EndpointSettings,
  sensor: SensorEndpoint | null = null,
): EndpointList {
  const selected = selectEndpoints(settings, [], sensor);
  const own = selected.filter((endpoint) => !isCatalogue(endpoint));
  const fromFile = settings.workspace === null ? [] : fileEndpoints(settings.endpoints ?? []);
  const items: EndpointEntry[] = [
    ...own.map((endpoint) => entry(endpoint, true)),
    ...fromFile.map((endpoint) => entry(endpoint, false)),
    ...CATALOGUE.map((row) => ({
      ...entry(catalogueEndpoint(row), own.length === 0 && selected.some(({ host }) => host === row.host)),
      from: row.from,
      until: row.until,
      current: row.current,
    })),
  ];
  return { items };
}

function configuredEndpoints({
  workspace,
  cloud,
  regions,
  endpoints,
}: EndpointSettings): readonly Endpoint[] {
  if (workspace !== null) {
    const host = `${workspace.toLowerCase()}${CLOUD_SUFFIX[cloud]}`;
    return [{ host, port: HTTPS_PORT, path: PING_PATH, region: 'workspace', origin: 'workspace' }];
  }
  if (endpoints !== null) return fileEndpoints(endpoints);
  const wanted = regions === null ? null : new Set(regions.map(knownRegion));
  return CATALOGUE.filter((row) => row.current && (wanted === null || wanted.has(row.region))).map(
    catalogueEndpoint,
  );
}

function sensorEndpoint({ host, port }: SensorEndpoint): Endpoint {
  return { host, port, path: PING_PATH, region: SENSOR_REGION, origin: 'sensor' };
}

function isCatalogue({ origin }: Endpoint): boolean {
  return origin === 'catalogue';
}

function isSamePlace(a: Endpoint, b: Endpoint): boolean {
  return a.host === b.host && a.port === b.port;
}

function fileEndpoints(definitions: readonly EndpointDefinition[]): readonly Endpoint[] {
  return definitions.map((definition) => ({ ...definition, origin: 'file' }));
}

function catalogueEndpoint({ host, region }: CatalogueRow): Endpoint {
  return { host, port: HTTPS_PORT, path: PING_PATH, region, origin: 'catalogue' };
}

function entry(endpoint: Endpoint, probed: boolean): EndpointEntry {
  const { host, port, path, region, origin } = endpoint;
  return { host, port, path, region, origin, from: null, until: null, current: true, probed };
}

function regionAmong(there: readonly string[], text: string): string {
  const wanted = text.trim().toLowerCase();
  const found = there.find((region) => region.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const detail = `there is no such region; known here: ${there.join(', ')}.`;
  throw new DomainError('invalid', 'region-unknown', detail);
}

function rows(
  region: string,
  names: readonly string[],
  years: { readonly from: string; readonly until: string; readonly current: boolean },
): readonly CatalogueRow[] {
  return names.map((name) => ({ region, host: `${name}${COMMERCIAL}`, ...years }));
}
