import { Controller, Get, OperationId, Path, Query, Request, Response, Route, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import { DomainError } from '../../lib/errors';
import { HttpProblem } from '../httpProblem';
import { recordAsMarkdown } from '../journalRecord';
import type { Problem } from '../problems';
import type { JournalRecord, Services } from '../services';

/** One page of the journal, newest first. */
export interface JournalPage {
  readonly items: readonly JournalRecord[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** `/changes`: the journal. */
@Route('changes')
@Tags('Changes')
export class ChangesController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * The journal, newest first: each change with who, when, why, the ticket, and what each account had before and after.
   * Restarts of the sensor are there too, as entries of the kind `sensorRestart`, deletions of backups by rule
   * (`backupsDeleted`), what was done to webhooks (`webhook`), and changes that failed and were rolled back; dry runs and
   * writes that changed nothing are not.
   * @summary The journal
   * @param limit How many to give at most.
   * @isInt limit
   * @minimum limit 1
   * @maximum limit 200
   * @param cursor `next` of the last page; without it, the first page.
   * @maxLength cursor 256
   * @param ticket Only what was done for this ticket, to the letter. A page may then have fewer entries than `limit`, even none:
   * go on while `next` is not null.
   * @maxLength ticket 200
   */
  @Get()
  @OperationId('listChanges')
  @Response<Problem>(400, 'cursor-invalid')
  async list(@Query() limit = 50, @Query() cursor?: string, @Query() ticket?: string): Promise<JournalPage> {
    const accepts = ticket === undefined ? undefined : (entry: JournalRecord) => entry.ticket === ticket;
    return this.services.changes.page({ limit, cursor, accepts });
  }

  /**
   * One entry of the journal. With `Accept: text/markdown` it comes as a page of Markdown, ready to be pasted into a ticket.
   * @summary One change
   * @param id The change's id, as the answer to the change named it.
   * @maxLength id 64
   * @example id "20261124T061512350Z-2c26b46b"
   */
  @Get('{id}')
  @OperationId('getChange')
  @Response<Problem>(404, 'change-not-found')
  @Response<Problem>(406, 'not-acceptable')
  @Response<Problem>(503, 'journal-unavailable')
  async get(@Path() id: string, @Request() request: ExpressRequest): Promise<JournalRecord> {
    const change = await this.services.changes.find(id);
    if (change === undefined) {
      throw new DomainError(
        'notFound',
        'change-not-found',
        'The journal has no change with this id. GET /changes lists them.',
      );
    }
    this.setHeader('Vary', 'Accept');
    switch (request.accepts(['application/json', 'text/markdown'])) {
      case 'application/json':
        return change;
      case 'text/markdown':
        request.res?.vary('Accept').type('text/markdown').send(recordAsMarkdown(change));
        return change;
      default:
        throw new HttpProblem('not-acceptable', 'A change comes as application/json or text/markdown.');
    }
  }
}
