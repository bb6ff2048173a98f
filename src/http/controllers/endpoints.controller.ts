import { Controller, Get, OperationId, Queries, Request, Response, Route, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import type { EndpointList, HealthReport } from '../../endpoints/report';
import type { ContextId } from '../../proxy/model';
import type { Problem } from '../problems';
import type { Services } from '../services';

/** What to probe, and how. */
export interface HealthQuery {
  /**
   * The accounts through whose proxy to probe; may be given several times.
   * @minItems 1
   * @maxItems 16
   * @default ["LocalSystem", "LocalService"]
   */
  readonly context?: ContextId[];
  /**
   * Only the endpoints of this region, as `GET /endpoints` names it. The sensor's own and a workspace are probed always.
   * @minLength 1
   * @maxLength 64
   * @example "Europe"
   */
  readonly region?: string;
  /**
   * Answer 503, with the same report, unless all is healthy: for monitors that look at the status alone.
   * @default false
   */
  readonly strict?: boolean;
  /**
   * Time for each endpoint, in milliseconds, all phases together.
   * @isInt
   * @minimum 100
   * @maximum 60000
   * @default 10000
   */
  readonly timeoutMs?: number;
}

/** `/endpoints`: the cloud endpoints, and how each account reaches them. */
@Route('endpoints')
@Tags('Endpoints')
export class EndpointsController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * The endpoints that are known, where each comes from, and which of them the health check probes with the present
   * settings: the one that the sensor on this machine is configured for, if it can be read, and what is configured here (a
   * workspace, or else an endpoints file). Without either, the current rows of the configured regions.
   * @summary The endpoints in force
   */
  @Get()
  @OperationId('listEndpoints')
  list(): Promise<EndpointList> {
    return this.services.endpoints();
  }

  /**
   * Probes the endpoints as the sensor's accounts reach them, through each account's own proxy: choose the route, resolve,
   * connect, CONNECT, TLS, `GET /tri/sensor/api/ping`. Each phase is timed; the first that fails is named with a stable code
   * and a remedy. Checks run side by side. Only the endpoints that `GET /endpoints` shows as probed are contacted.
   * @summary Probe the endpoints through each account's proxy
   */
  @Get('health')
  @OperationId('checkHealth')
  @Response<Problem>(400, 'id-invalid region-unknown')
  @Response<Problem>(404, 'context-not-found')
  @Response<HealthReport>(503, 'With `strict`: the report of a check that is not healthy.')
  async health(@Queries() query: HealthQuery, @Request() request: ExpressRequest): Promise<HealthReport> {
    const caller = new AbortController();
    request.res?.once('close', () => {
      caller.abort();
    });
    const report = await this.services.health(
      {
        contexts: query.context,
        regions: query.region === undefined ? undefined : [query.region],
        timeoutMs: query.timeoutMs,
      },
      caller.signal,
    );
    if (query.strict === true && report.status !== 'healthy') this.setStatus(503);
    return report;
  }
}
