import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  Middlewares,
  OperationId,
  Path,
  Put,
  Queries,
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
  ChangeOutcome,
  ContextId,
  ProxyContext,
  ProxyContexts,
  PutSettingsRequest,
  RestoreRequest,
} from '../../proxy/model';
import { matchesTag } from '../entityTags';
import { jsonBody } from '../jsonBody';
import type { Problem } from '../problems';
import { actorOf } from '../requestFacts';
import type { Services } from '../services';

/** `/proxy/contexts`: the accounts whose proxy matters. */
@Route('proxy/contexts')
@Tags('Proxy')
export class ProxyContextsController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * Every account whose proxy matters on this machine: LocalSystem, LocalService, NetworkService and each signed-in user,
   * with its settings decoded, compared with the source, and with findings that say what is wrong and what to do.
   * `inSync` tells in one word whether the documented job is done.
   * @summary The accounts and their proxies
   * @param source Whom the others are compared with. Without it: the account that `SENSORPROXY_DRIFT_SOURCE` names; where
   * that is not set, the service's own account when that is a person's, else the one signed-in user that has a proxy
   * configured.
   * @example source "CurrentUser"
   */
  @Get()
  @OperationId('listContexts')
  @Response<Problem>(400, 'id-invalid')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(503, 'registry-unavailable registry-access-denied')
  list(@Query() source?: ContextId): Promise<ProxyContexts> {
    return this.services.proxy.contexts(source);
  }

  /**
   * One account's proxy. The `ETag` header holds its entity tag: send it as `If-Match` to change the account, or as
   * `If-None-Match` to be told cheaply that nothing has changed.
   * @summary One account's proxy
   * @param id `LocalSystem`, `LocalService`, `NetworkService`, `CurrentUser`, or a SID.
   * @example id "LocalSystem"
   * @param ifNoneMatch An entity tag seen before: when the account still has it, the answer is 304 without a body.
   * @maxLength ifNoneMatch 4096
   */
  @Get('{id}')
  @OperationId('getContext')
  @Response(304, 'Not modified: the account still has the entity tag that If-None-Match names.')
  @Response<Problem>(400, 'id-invalid')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured')
  @Response<Problem>(503, 'registry-unavailable registry-access-denied')
  async get(
    @Path() id: ContextId,
    @Header('If-None-Match') ifNoneMatch?: string,
  ): Promise<ProxyContext | undefined> {
    const context = await this.services.proxy.context(id);
    this.setHeader('ETag', context.etag);
    if (!matchesTag(ifNoneMatch, context.etag)) return context;
    this.setStatus(304);
    return undefined;
  }

  /**
   * Sets one account's proxy from named settings. What the request leaves out is switched off. Fields that have no name
   * here (the change counter, what auto-detect remembers) are kept. The old value is backed up first, the new one read back.
   * Settings that are in force already are left alone: `changed` is false. With `SENSORPROXY_ON_DRIFT=copy` they are written
   * and recorded, once, where self-repair might otherwise reverse them. The answer's `ETag` header is the account's new
   * entity tag.
   * @summary Set one account's proxy
   * @param id `LocalSystem`, `LocalService`, `NetworkService`, `CurrentUser`, or a SID.
   * @example id "LocalService"
   * @param ifMatch The `ETag` of the account as you have read it: without it 428, with an old one 412. `*`: whatever value is there.
   * @maxLength ifMatch 4096
   */
  @Put('{id}')
  @Security('bearer', ['operate'])
  @OperationId('putContext')
  @Middlewares(jsonBody)
  @Response<Problem>(400, 'id-invalid')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured registry-changed')
  @Response<Problem>(412, 'etag-stale')
  @Response<Problem>(422, 'settings-invalid ticket-required')
  @Response<Problem>(428, 'if-match-required')
  @Response<Problem>(
    503,
    'backup-failed write-failed journal-unavailable recovery-pending registry-unavailable registry-access-denied',
  )
  async put(
    @Path() id: ContextId,
    @Body() body: PutSettingsRequest,
    @Request() request: ExpressRequest,
    @Header('If-Match') ifMatch?: string,
  ): Promise<ChangeOutcome> {
    const { outcome, etag } = await this.services.proxy.put(id, body, ifMatch, actorOf(request));
    this.setHeader('ETag', etag);
    return outcome;
  }

  /**
   * Removes one account's `DefaultConnectionSettings`, so that its programs find no proxy configured. The old value is
   * backed up first. An account that has none is left alone, as with PUT: `changed` is false. Options are query parameters; a body is
   * refused.
   * @summary Remove one account's proxy settings
   * @param id `LocalSystem`, `LocalService`, `NetworkService`, `CurrentUser`, or a SID.
   * @example id "LocalService"
   * @param ifMatch The `ETag` of the account as you have read it: without it 428, with an old one 412. `*`: whatever value is there.
   * @maxLength ifMatch 4096
   */
  @Delete('{id}')
  @Security('bearer', ['operate'])
  @OperationId('deleteContext')
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(400, 'id-invalid body-unexpected')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured registry-changed')
  @Response<Problem>(412, 'etag-stale')
  @Response<Problem>(422, 'ticket-required')
  @Response<Problem>(428, 'if-match-required')
  @Response<Problem>(
    503,
    'backup-failed write-failed journal-unavailable recovery-pending registry-unavailable registry-access-denied',
  )
  remove(
    @Path() id: ContextId,
    @Queries() options: RestoreRequest,
    @Request() request: ExpressRequest,
    @Header('If-Match') ifMatch?: string,
  ): Promise<ChangeOutcome> {
    return this.services.proxy.remove(id, options, ifMatch, actorOf(request));
  }
}
