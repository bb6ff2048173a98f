import {
  Body,
  Controller,
  Delete,
  Get,
  Middlewares,
  OperationId,
  Patch,
  Path,
  Post,
  Query,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import type {
  CreatedWebhook,
  DeletedWebhook,
  Delivery,
  DeliveryPage,
  DeliveryState,
  NewWebhook,
  Webhook,
  WebhookPage,
  WebhookPatch,
  WebhookTest,
} from '../../webhooks/model';
import { jsonBody } from '../jsonBody';
import type { Problem } from '../problems';
import { actorOf } from '../requestFacts';
import type { Services } from '../services';

/** `/webhooks`: whom events are sent to. */
@Route('webhooks')
@Tags('Webhooks')
export class WebhooksController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * The webhooks, oldest first, each with what waits, what was given up, and what fails where something does. Secrets,
   * credentials and paths of addresses are not shown.
   * @summary The webhooks
   * @param limit How many to give at most.
   * @isInt limit
   * @minimum limit 1
   * @maximum limit 200
   * @param cursor `next` of the last page; without it, the first page.
   * @maxLength cursor 256
   */
  @Get()
  @OperationId('listWebhooks')
  @Response<Problem>(400, 'cursor-invalid')
  async list(@Query() limit = 50, @Query() cursor?: string): Promise<WebhookPage> {
    return Promise.resolve(this.services.webhooks.page({ limit, cursor }));
  }

  /**
   * Makes a webhook, for events from now on. Its host must be listed in `SENSORPROXY_WEBHOOK_HOSTS`. With the presets
   * `cloudevents` and `template` the answer has the secret that deliveries are signed with (Standard Webhooks): it is shown
   * this once. There is no Idempotency-Key here, since that would keep the secret with the answer; when no answer came, look
   * at the list and delete what is there.
   * @summary Make a webhook
   */
  @Post()
  @Security('bearer', ['admin'])
  @OperationId('createWebhook')
  @Middlewares(jsonBody)
  @SuccessResponse(201, 'Made.')
  @Response<Problem>(409, 'too-many-webhooks')
  @Response<Problem>(422, 'webhook-invalid webhook-host-not-allowed')
  @Response<Problem>(503, 'webhook-unrecorded journal-unavailable')
  async create(@Body() body: NewWebhook, @Request() request: ExpressRequest): Promise<CreatedWebhook> {
    const webhook = await this.services.webhooks.create(body, actorOf(request));
    this.setStatus(201);
    this.setHeader('Location', `/webhooks/${webhook.id}`);
    return webhook;
  }

  /**
   * One webhook, with what waits, what was given up, and what fails where something does.
   * @summary One webhook
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Get('{id}')
  @OperationId('getWebhook')
  @Response<Problem>(404, 'webhook-not-found')
  async get(@Path() id: string): Promise<Webhook> {
    return Promise.resolve(this.services.webhooks.get(id));
  }

  /**
   * Pauses a webhook, or has it go on. While it is paused, events wait, for as long as the service keeps events (`missed`). One that
   * its receiver has disabled (410 Gone) goes on likewise. What waited is then tried at once, for three days anew.
   * @summary Pause or resume a webhook
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Patch('{id}')
  @Security('bearer', ['admin'])
  @OperationId('patchWebhook')
  @Middlewares(jsonBody)
  @Response<Problem>(404, 'webhook-not-found')
  @Response<Problem>(503, 'webhook-unrecorded journal-unavailable')
  patch(
    @Path() id: string,
    @Body() body: WebhookPatch,
    @Request() request: ExpressRequest,
  ): Promise<Webhook> {
    return this.services.webhooks.patch(id, body, actorOf(request));
  }

  /**
   * Deletes a webhook with its secret and all of its deliveries, also those that wait. Tickets that are open stay so.
   * @summary Delete a webhook
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Delete('{id}')
  @Security('bearer', ['admin'])
  @OperationId('deleteWebhook')
  @Response<Problem>(404, 'webhook-not-found')
  @Response<Problem>(503, 'webhook-unrecorded journal-unavailable')
  remove(@Path() id: string, @Request() request: ExpressRequest): Promise<DeletedWebhook> {
    return this.services.webhooks.remove(id, actorOf(request));
  }

  /**
   * Sends a test at once, past the queue, and tells what came of it. With tickets it opens one and closes it again, so that
   * rights, required fields and the closing are seen to work. It is tried once; `data.test` is true in it. Also for a webhook
   * that is paused. A failed test is no error: `delivered` is false, and the last step says why. After one
   * that succeeds, all that waits is tried at once.
   * @summary Send a test
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Post('{id}/test')
  @Security('bearer', ['admin'])
  @OperationId('testWebhook')
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(404, 'webhook-not-found')
  @Response<Problem>(503, 'stopping')
  test(@Path() id: string): Promise<WebhookTest> {
    return this.services.webhooks.test(id);
  }

  /**
   * What is to be sent, what was sent (the last 100) and what was given up (the last 500), newest event first. Events wait
   * behind these while more than 50 are to be sent, besides those that have failed three times and what waits for these.
   * @summary A webhook's deliveries
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   * @param limit How many to give at most.
   * @isInt limit
   * @minimum limit 1
   * @maximum limit 200
   * @param cursor `next` of the last page; without it, the first page.
   * @maxLength cursor 256
   * @param state Only those in this state.
   */
  @Get('{id}/deliveries')
  @OperationId('listDeliveries')
  @Response<Problem>(400, 'cursor-invalid')
  @Response<Problem>(404, 'webhook-not-found')
  async deliveries(
    @Path() id: string,
    @Query() limit = 50,
    @Query() cursor?: string,
    @Query() state?: DeliveryState,
  ): Promise<DeliveryPage> {
    return Promise.resolve(this.services.webhooks.deliveries(id, { limit, cursor, state }));
  }

  /**
   * Puts a dead delivery back into the queue, with the id and the place that it had, and tries it for three days anew. But for
   * `cloudevents`, it is refused once something later of the same problem was delivered.
   * @summary Replay a dead delivery
   * @param id The webhook's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   * @param deliveryId The delivery's id.
   * @maxLength deliveryId 128
   * @example deliveryId "msg_20261124T070000000Z-5d41402a_20261124T061512345Z-9f86d081"
   */
  @Post('{id}/deliveries/{deliveryId}/replay')
  @Security('bearer', ['admin'])
  @OperationId('replayDelivery')
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(404, 'webhook-not-found delivery-not-found')
  @Response<Problem>(409, 'delivery-not-dead delivery-superseded webhook-queue-full')
  @Response<Problem>(503, 'webhook-unrecorded journal-unavailable')
  replay(
    @Path() id: string,
    @Path() deliveryId: string,
    @Request() request: ExpressRequest,
  ): Promise<Delivery> {
    return this.services.webhooks.replay(id, deliveryId, actorOf(request));
  }
}
