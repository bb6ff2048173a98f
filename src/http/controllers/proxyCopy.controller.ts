import {
  Body,
  Controller,
  Header,
  Middlewares,
  OperationId,
  Post,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import type { ChangeOutcome, CopyRequest } from '../../proxy/model';
import { idempotently } from '../idempotency';
import { jsonBody } from '../jsonBody';
import type { Problem } from '../problems';
import type { Services } from '../services';

/** `/proxy/copy`: the documented job. */
@Route('proxy/copy')
@Tags('Proxy')
export class ProxyCopyController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * Copies `DefaultConnectionSettings`, byte for byte, from one account to others; without a body, from the account that
   * `SENSORPROXY_DRIFT_SOURCE` names, else the signed-in user who has a proxy, to LocalSystem and LocalService. What the
   * targets had is backed up first. Each write is read back; if a target fails, all are put back. A target that already has
   * the same settings in force is left alone; with `SENSORPROXY_ON_DRIFT=copy` they are written and recorded, once, where
   * self-repair might otherwise reverse them. Every program that uses WinINET as such an account gets the proxy, not the
   * sensor alone. With `dryRun`, nothing is written and the answer says what would be. With `restartSensor`, the sensor is
   * restarted once something has changed; `sensorRestart` says how that ended, and the copy stands either way.
   * @param idempotencyKey A name of your choice for this request, in double quotes: asked again with it, within 24 hours, the
   * request is not done again; its answer is given again, with `Idempotency-Replayed: true`.
   * @maxLength idempotencyKey 512
   * @summary Copy a user's proxy to the sensor's accounts
   */
  @Post()
  @Security('bearer', ['operate'])
  @OperationId('copyProxy')
  @Middlewares(jsonBody)
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(400, 'id-invalid')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured registry-changed')
  @Response<Problem>(422, 'source-malformed ticket-required')
  @Response<Problem>(
    503,
    'backup-failed write-failed journal-unavailable recovery-pending registry-unavailable registry-access-denied',
  )
  copy(
    @Request() request: ExpressRequest,
    @Body() body?: CopyRequest,
    @Header('Idempotency-Key') idempotencyKey?: string,
  ): Promise<ChangeOutcome | undefined> {
    return idempotently(request, idempotencyKey, (actor) => this.services.proxy.copy(body ?? {}, actor));
  }
}
