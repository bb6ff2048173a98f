import {
  Body,
  Controller,
  Get,
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
import type { RestartRequest, Sensor, SensorRestart } from '../../sensor/model';
import { idempotently } from '../idempotency';
import { jsonBody } from '../jsonBody';
import type { Problem } from '../problems';
import type { Services } from '../services';

/** `/sensor`: the sensor on this machine. */
@Route('sensor')
@Tags('Sensor')
export class SensorController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * The sensor as the registry, the service manager and its `SensorConfiguration.json` have it: whether it is installed,
   * its version and folder, both services with account, start type and state, the endpoint that it is configured for (which
   * is then the one that `GET /endpoints/health` probes), whether it was given a proxy of its own, and what .NET Framework
   * is told about TLS. The findings say what is not as it should be. A part that is absent or cannot be read says so; it
   * fails nothing.
   * @summary The sensor on this machine
   */
  @Get()
  @OperationId('getSensor')
  show(): Promise<Sensor> {
    return this.services.sensor.show();
  }

  /**
   * Stops the sensor's updater with the services that depend on it, starts the updater, and waits until the sensor runs
   * again: a running sensor may notice a new proxy only then. Nothing else ever restarts it, but a copy with
   * `restartSensor`. It is bounded by `timeoutMs`; what ran and was stopped is started again when a step fails. The journal
   * has the restart, also one that failed. With `dryRun`, nothing is stopped and the answer says what would be. It goes on
   * when the caller goes away.
   * @param idempotencyKey A name of your choice for this request, in double quotes: asked again with it, within 24 hours, the
   * request is not done again; its answer is given again, with `Idempotency-Replayed: true`.
   * @maxLength idempotencyKey 512
   * @summary Restart the sensor
   */
  @Post('restart')
  @Security('bearer', ['operate'])
  @OperationId('restartSensor')
  @Middlewares(jsonBody)
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(409, 'sensor-not-installed sensor-disabled sensor-restart-running')
  @Response<Problem>(422, 'ticket-required')
  @Response<Problem>(
    503,
    'sensor-restart-failed sensor-restart-unrecorded service-manager-unavailable service-access-denied stopping',
  )
  restart(
    @Request() request: ExpressRequest,
    @Body() body?: RestartRequest,
    @Header('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SensorRestart | undefined> {
    return idempotently(request, idempotencyKey, (actor) => this.services.sensor.restart(body ?? {}, actor));
  }
}
