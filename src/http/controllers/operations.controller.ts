import { Controller, Get, NoSecurity, OperationId, Produces, Response, Route, Tags } from '@tsoa/runtime';
import type { Readiness, Services } from '../services';

/** That the process answers. */
export interface Liveness {
  readonly alive: boolean;
}

/** `/livez`, `/readyz` and `/metrics`: for whoever runs the service. */
@Route('')
export class OperationsController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * That the process answers. It touches nothing: a registry that is down is no reason to restart the service.
   * @summary Liveness
   */
  @Get('livez')
  @OperationId('getLiveness')
  @Tags('Operations')
  @NoSecurity()
  livez(): Liveness {
    return { alive: true };
  }

  /**
   * Whether the service can do its work: the registry answers, the data folder takes files, the journal is open, no
   * interrupted change waits, the tokens can be read. 503 when it cannot, with the same body, which names the part and why.
   * The disk is written to at most every five seconds.
   * @summary Readiness
   */
  @Get('readyz')
  @OperationId('getReadiness')
  @Tags('Operations')
  @NoSecurity()
  @Response<Readiness>(503, 'A part does not work.')
  async readyz(): Promise<Readiness> {
    const readiness = await this.services.readiness();
    if (!readiness.ready) this.setStatus(503);
    return readiness;
  }

  /**
   * What the service does, and the last result of each endpoint and account, as Prometheus reads it (text format 0.0.4);
   * docs/metrics.md lists the metrics. Reading it probes nothing: have something ask `GET /endpoints/health` from time to
   * time. Values of checks stay until the next one or a restart; `sensorproxy_probe_last_run_timestamp_seconds` tells how
   * old they are. The accounts are compared and the backups counted at most every ten seconds.
   * @summary Metrics for Prometheus
   */
  @Get('metrics')
  @OperationId('getMetrics')
  @Tags('Metrics')
  @Produces('text/plain')
  async metrics(): Promise<Buffer> {
    const { contentType, text } = await this.services.metrics();
    this.setHeader('Content-Type', contentType);
    return Buffer.from(text);
  }
}
