import { Controller, Get, OperationId, Queries, Query, Request, Response, Route, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import type { HealthHistoryPage } from '../../endpoints/history/healthResult';
import type { EndpointList, HealthReport, HealthStatus } from '../../endpoints/report';
import type { ContextId } from '../../proxy/model';
import { streamHealth } from '../healthStream';
import { HttpProblem } from '../httpProblem';
import { NDJSON } from '../ndjson';
import type { Problem } from '../problems';
import type { Services } from '../services';
import type { Fault } from '../validation';

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
   * Answer 503, with the same report, unless all is healthy: for monitors that look at the status alone. Not for a stream,
   * whose status is sent before the result is known.
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
  /**
   * A check that works but takes longer than this, in milliseconds, is `degraded`.
   * @isInt
   * @minimum 100
   * @maximum 60000
   * @default 3000
   */
  readonly slowMs?: number;
  /**
   * Take the last result of an equal request if it is not older than this, in milliseconds, counted from its `checkedAt`.
   * With 0, nothing older than a run under way.
   * @isInt
   * @minimum 0
   * @maximum 3600000
   * @default 0
   */
  readonly maxAgeMs?: number;
}

/** Returned once the answer has gone out in another way; nothing is sent of it. */
const SENT = undefined as never;

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
   *
   * With `Accept: application/x-ndjson` each check is sent as it ends, one JSON object a line: `check` lines, and at the end
   * one `summary`, or one `problem` when the run failed on its way. A stream without either broke off.
   *
   * Equal requests share one run. A caller that goes away ends the probes, unless another waits for them.
   * @summary Probe the endpoints through each account's proxy
   */
  @Get('health')
  @OperationId('checkHealth')
  @Response<Problem>(400, 'id-invalid region-unknown')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured')
  @Response<Problem>(406, 'not-acceptable')
  @Response<HealthReport>(503, 'With `strict`: the report of a check that is not healthy.')
  async health(@Queries() query: HealthQuery, @Request() request: ExpressRequest): Promise<HealthReport> {
    const response = responseTo(request);
    response.vary('Accept');
    switch (request.accepts(['application/json', NDJSON])) {
      case 'application/json': {
        const report = await this.services.health(asked(query), untilClosed(response));
        if (query.strict === true && report.status !== 'healthy') this.setStatus(503);
        return report;
      }
      case NDJSON:
        if (query.strict === true) throw strictStream();
        await streamHealth(request, response, (watcher) =>
          this.services.health(asked(query), untilClosed(response), watcher),
        );
        return SENT;
      default:
        throw new HttpProblem('not-acceptable', `Health comes as application/json or ${NDJSON}.`);
    }
  }

  /**
   * The results of the checks that were done, newest first: of each endpoint and account the last 100, and of those before
   * them up to 100 that failed. Checks that a stream or a report showed are in it once. It is kept in memory: a restart of
   * the service empties it.
   * @summary The last results of the health check
   * @param limit How many to give at most.
   * @isInt limit
   * @minimum limit 1
   * @maximum limit 200
   * @param cursor `next` of the last page; without it, the first page. A restart of the service makes it invalid.
   * @maxLength cursor 256
   * @param context Only the results of this account.
   * @param status Only the results with this status.
   */
  @Get('health/history')
  @OperationId('listHealthHistory')
  @Response<Problem>(400, 'cursor-invalid')
  history(
    @Query() limit = 50,
    @Query() cursor?: string,
    @Query() context?: ContextId,
    @Query() status?: HealthStatus,
  ): Promise<HealthHistoryPage> {
    return this.services.healthHistory.page({ limit, cursor, context, status });
  }
}

function asked({ context, region, timeoutMs, slowMs, maxAgeMs }: HealthQuery) {
  const regions = region === undefined ? undefined : [region];
  return { contexts: context, regions, timeoutMs, slowMs, maxAgeMs };
}

function responseTo({ res }: ExpressRequest): ExpressResponse {
  if (res === undefined) throw new Error('the request has no response');
  return res;
}

/** Aborted when the answer is out, or when whoever asked has gone. */
function untilClosed(response: ExpressResponse): AbortSignal {
  const caller = new AbortController();
  response.once('close', () => {
    caller.abort();
  });
  return caller.signal;
}

function strictStream(): HttpProblem {
  const fault: Fault = {
    detail: `It cannot be true with Accept: ${NDJSON}: the status of a stream is sent before the result is known.`,
    in: 'query',
    pointer: '/strict',
  };
  const detail = 'The request does not fit the contract; errors lists what is wrong.';
  return new HttpProblem('validation-failed', detail, { extensions: { errors: [fault] } });
}
