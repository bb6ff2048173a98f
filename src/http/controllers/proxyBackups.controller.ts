import {
  Body,
  Controller,
  Get,
  Header,
  Middlewares,
  OperationId,
  Path,
  Post,
  Produces,
  Query,
  Request,
  Response,
  Route,
  Security,
  SuccessResponse,
  Tags,
} from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import type { Backup, BackupPage, ChangeOutcome, RestoreRequest } from '../../proxy/model';
import { idempotently } from '../idempotency';
import { jsonBody } from '../jsonBody';
import type { Problem } from '../problems';
import type { Services } from '../services';

/** `/proxy/backups`: what was saved before each change, and its way back. */
@Route('proxy/backups')
@Tags('Backups')
export class ProxyBackupsController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * What was saved, newest first. One backup is made before each change; it holds the values of all accounts that the change
   * wrote to.
   * @summary The backups
   * @param limit How many to give at most.
   * @isInt limit
   * @minimum limit 1
   * @maximum limit 200
   * @param cursor `next` of the last page; without it, the first page.
   * @maxLength cursor 256
   */
  @Get()
  @OperationId('listBackups')
  @Response<Problem>(400, 'cursor-invalid')
  list(@Query() limit = 50, @Query() cursor?: string): Promise<BackupPage> {
    return this.services.proxy.backups({ limit, cursor });
  }

  /**
   * One backup's manifest: which accounts' values it holds, for which change it was made, and its file's SHA-256.
   * @summary One backup
   * @param id The backup's id, as a change's `backupId` names it.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Get('{id}')
  @OperationId('getBackup')
  @Response<Problem>(404, 'backup-not-found')
  @Response<Problem>(422, 'backup-damaged')
  get(@Path() id: string): Promise<Backup> {
    return this.services.proxy.backup(id);
  }

  /**
   * The backup as a `.reg` file (version 5.00, UTF-16LE with BOM) that `reg import` replays on Windows, without this
   * service. A value that was absent is deleted by it. Its SHA-256 is checked before it is sent.
   * @summary A backup's .reg file
   * @param id The backup's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Get('{id}/file')
  @OperationId('getBackupFile')
  @Produces('application/octet-stream')
  @Response<Problem>(404, 'backup-not-found')
  @Response<Problem>(422, 'backup-damaged')
  async file(@Path() id: string): Promise<Buffer> {
    const file = await this.services.proxy.backupFile(id);
    this.setHeader('Content-Type', 'application/octet-stream');
    // The id is one that this service made, or there would be no file.
    this.setHeader('Content-Disposition', `attachment; filename="sensorproxy-${id}.reg"`);
    return file;
  }

  /**
   * Puts back exactly what was there before the change that this backup was made for, absence included. It is a change of
   * its own: what is there now is backed up first, and the journal names both. With `dryRun`, nothing is written.
   * @param idempotencyKey A name of your choice for this request, in double quotes: asked again with it, within 24 hours, the
   * request is not done again; its answer is given again, with `Idempotency-Replayed: true`.
   * @maxLength idempotencyKey 512
   * @summary Put a backup back
   * @param id The backup's id.
   * @maxLength id 64
   * @example id "20261124T061512345Z-9f86d081"
   */
  @Post('{id}/restore')
  @Security('bearer', ['operate'])
  @OperationId('restoreBackup')
  @Middlewares(jsonBody)
  @SuccessResponse(200, 'Ok')
  @Response<Problem>(404, 'backup-not-found context-not-found')
  @Response<Problem>(409, 'registry-changed')
  @Response<Problem>(422, 'backup-damaged ticket-required')
  @Response<Problem>(
    503,
    'backup-failed write-failed journal-unavailable recovery-pending registry-unavailable registry-access-denied',
  )
  restore(
    @Path() id: string,
    @Request() request: ExpressRequest,
    @Body() body?: RestoreRequest,
    @Header('Idempotency-Key') idempotencyKey?: string,
  ): Promise<ChangeOutcome | undefined> {
    return idempotently(request, idempotencyKey, (actor) =>
      this.services.proxy.restore(id, body ?? {}, actor),
    );
  }
}
