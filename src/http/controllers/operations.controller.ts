import { Controller, Get, NoSecurity, OperationId, Response, Route, Tags } from '@tsoa/runtime';
import type { Readiness, Services } from '../services';

/** That the process answers. */
export interface Liveness {
  readonly alive: boolean;
}

/** `/livez` and `/readyz`: for whoever runs the service. */
@Route('')
@Tags('Operations')
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
  @NoSecurity()
  livez(): Liveness {
    return { alive: true };
  }

  /**
   * Whether the service can do its work: the registry opens, the data folder can be written. 503 when it cannot, with the
   * same body, which names the part.
   * @summary Readiness
   */
  @Get('readyz')
  @OperationId('getReadiness')
  @NoSecurity()
  @Response<Readiness>(503, 'A part does not work.')
  async readyz(): Promise<Readiness> {
    const readiness = await this.services.readiness();
    if (!readiness.ready) this.setStatus(503);
    return readiness;
  }
}
