/** The shapes of the health report and of the endpoint list, as callers see them. They become the OpenAPI document. */

import type { Finding } from '../wininet/findings';

/**
 * `healthy`: the endpoint answered as it should over a trusted chain. `degraded`: it did, but `warnings` says what is
 * wrong. `unhealthy`: a phase failed. `unknown`: it cannot be told, because the settings cannot be read or because the
 * endpoint talks only to the holder of a client certificate.
 */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';

/** The steps of a check, in the order in which they are taken. */
export type PhaseName = 'route' | 'resolve' | 'connect' | 'proxyConnect' | 'tls' | 'request';

/** `skipped`: not needed on this route, or a phase before it failed. */
export type PhaseStatus = 'pass' | 'warn' | 'fail' | 'skipped';

/**
 * Where an endpoint comes from: the built-in catalogue, the configured workspace, the operator's endpoints file, or the
 * configuration of the sensor on this machine.
 */
export type EndpointOrigin = 'catalogue' | 'workspace' | 'file' | 'sensor';

/** The health of the endpoints, each through the proxy of each account. */
export interface HealthReport {
  /** The worst of the checks: unhealthy, then unknown, then degraded, then healthy. `unknown` without any check. */
  status: HealthStatus;
  /** When the checks began, RFC 3339 UTC. */
  checkedAt: string;
  /** How long they took together, in milliseconds. They run side by side. */
  durationMs: number;
  /** One for each context and endpoint, in the order of the contexts asked for, then of the endpoints. */
  checks: EndpointCheck[];
  /** What the machine as a whole lacks, such as a root that the endpoints' certificates hang from. */
  findings: Finding[];
}

/** One endpoint through one account's proxy. */
export interface EndpointCheck {
  /** The account: `LocalSystem`, `LocalService`, `NetworkService`, or a SID. */
  context: string;
  endpoint: CheckedEndpoint;
  status: HealthStatus;
  /** When the check was done, RFC 3339 UTC. */
  checkedAt: string;
  /** All its phases together, in milliseconds, and the ways that were tried before. */
  durationMs: number;
  route: CheckRoute;
  /** All six, whatever happened. */
  phases: CheckPhase[];
  /** The first phase that failed; null when none did. */
  failure: CheckVerdict | null;
  /** What is wrong although it may work. */
  warnings: CheckVerdict[];
  /** The ways that a PAC file named before the one told of here, and that could not be taken. */
  failedOver: FailedTry[];
  /** What the TLS handshake showed, also when the chain is not trusted; null when there was none. */
  tls: TlsReport | null;
  /** The endpoint's answer; null when there was none. */
  http: HttpReport | null;
}

/** The endpoint that was checked. */
export interface CheckedEndpoint {
  host: string;
  /**
   * TCP port.
   * @isInt
   */
  port: number;
  /** The catalogue's region, `workspace`, `sensor`, or the region that the endpoints file names. */
  region: string;
  origin: EndpointOrigin;
}

/** The way that programs of the account take to the endpoint. */
export interface CheckRoute {
  /** What decides: `pac` and `autoDetect` are scripts, `proxy` the static proxy; `unknown` when the settings cannot be read. */
  via: 'direct' | 'proxy' | 'pac' | 'autoDetect' | 'unknown';
  /** `host:port` of the proxy; null when there is none or it cannot be told. */
  proxy: string | null;
  /** Why, down to the entry of the proxy list or bypass list that matched. */
  because: string;
  /** All ways, in the order in which they are tried, as a PAC file writes them: `PROXY proxy.contoso.com:8080`, `DIRECT`. */
  candidates: string[];
}

/** A way that was tried and could not be taken, so that the next one was. */
export interface FailedTry {
  /** As in `route.candidates`. */
  way: string;
  /** Without `route`. */
  phases: CheckPhase[];
  failure: CheckVerdict;
}

/** One step of a check. */
export interface CheckPhase {
  name: PhaseName;
  status: PhaseStatus;
  /** Milliseconds; 0 when skipped. */
  durationMs: number;
  /** What was seen, for a person. */
  detail: string;
}

/** Why a check failed, or what it warns of. */
export interface CheckVerdict {
  /** A stable slug, such as `proxy-auth-required`; docs/health.md lists them. */
  code: string;
  /** The phase that it is said of. */
  phase: PhaseName;
  /** What happened, for a person. */
  detail: string;
  /** What to do about it. */
  remedy: string;
}

/** What the TLS handshake with the endpoint showed. */
export interface TlsReport {
  /** Such as `TLSv1.3`. */
  protocol: string;
  /** The cipher suite's IANA name. */
  cipher: string;
  /** The certificate's issuer. */
  issuer: string;
  /** The certificate's subject. */
  subject: string;
  /** From when the certificate is valid, RFC 3339 UTC. */
  validFrom: string;
  /** When the certificate expires, RFC 3339 UTC. */
  validTo: string;
  /** Whole days until then by this machine's clock; negative when it has expired. */
  daysLeft: number;
  /** SHA-256 of the certificate, lower-case hex. */
  fingerprint256: string;
  /**
   * What the chain ends in: `public`, a root that Node.js brings with it or that the vendor names; `private`, a root that only this machine or
   * SENSORPROXY_EXTRA_CA names; `untrusted`, neither. Dates and names are judged apart: see `failure`.
   */
  trust: 'public' | 'private' | 'untrusted';
  /**
   * `suspected` unless the chain ends in a public root: the vendor's endpoints have public certificates, so that
   * something on the way may be opening the traffic. Said of roots that SENSORPROXY_EXTRA_CA names as well.
   */
  inspection: 'none' | 'suspected';
  /** Whether the endpoint asked for a client certificate; null when that could not be seen. */
  clientCertificateRequested: boolean | null;
  /** The chain as it was shown and completed from the trusted roots: the endpoint's certificate first. */
  chain: ChainCertificate[];
}

/** One certificate of the chain. */
export interface ChainCertificate {
  subject: string;
  issuer: string;
  validFrom: string;
  validTo: string;
  /** SHA-256, lower-case hex. */
  fingerprint256: string;
}

/** The endpoint's answer to the ping. */
export interface HttpReport {
  /** 200 and 503 are healthy. */
  status: number;
  /**
   * How far the answer's Date is ahead of this machine's clock, in milliseconds (to about a second); null when it had none.
   */
  clockOffsetMs: number | null;
}

/** The endpoints that are known, and which of them are probed. */
export interface EndpointList {
  items: EndpointEntry[];
}

/** One known endpoint. */
export interface EndpointEntry {
  host: string;
  /**
   * TCP port.
   * @isInt
   */
  port: number;
  /** Path of the ping. */
  path: string;
  /** The catalogue's region, `workspace`, `sensor`, or the region that the endpoints file names. */
  region: string;
  origin: EndpointOrigin;
  /** Month in which it was published, `YYYY-MM`; null when it is not from the catalogue. */
  from: string | null;
  /** Month in which the vendor's documentation moved on, `YYYY-MM`; null when it is not from the catalogue. */
  until: string | null;
  /** Whether it is the latest published of its region; always true outside the catalogue. */
  current: boolean;
  /** Whether `GET /endpoints/health` probes it with the present settings. */
  probed: boolean;
}
