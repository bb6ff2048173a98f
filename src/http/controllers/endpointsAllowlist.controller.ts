import { Controller, Get, OperationId, Query, Request, Response, Route, Tags } from '@tsoa/runtime';
import type { Request as ExpressRequest } from 'express';
import type { Allowlist } from '../../endpoints/allowlist/allowlist';
import type { AllowlistDocument, AllowlistFormat } from '../../endpoints/allowlist/answer';
import type { ContextId } from '../../proxy/model';
import { HttpProblem } from '../httpProblem';
import type { Problem } from '../problems';
import type { Services } from '../services';
import type { Fault } from '../validation';

/** `/endpoints/allowlist`: what the firewall or proxy must let through. */
@Route('endpoints/allowlist')
@Tags('Endpoints')
export class EndpointsAllowlistController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * What the firewall or proxy must let through: the endpoints that `GET /endpoints` shows as probed, and the services that
   * Windows asks about certificates (plain HTTP, port 80). `format` alone decides how it comes; `Accept` is not looked at.
   * `pac` gives each listed host the route that one account's own settings give, and every other host DIRECT. `csv` and
   * `pac` come with a file name (`Content-Disposition`).
   * @summary What to let through
   * @param format How the list comes; JSON unless stated. `text` and `squid` are text/plain.
   * @param context The account whose routes `pac` gives; LocalService unless stated. Refused with another format.
   */
  @Get()
  @OperationId('getAllowlist')
  @Response<Problem>(400, 'id-invalid')
  @Response<Problem>(404, 'context-not-found')
  @Response<Problem>(409, 'source-ambiguous source-not-configured')
  @Response<Problem>(422, 'route-unknown')
  @Response<Problem>(503, 'registry-unavailable registry-access-denied')
  async get(
    @Request() request: ExpressRequest,
    @Query() format: AllowlistFormat = 'json',
    @Query() context?: ContextId,
  ): Promise<Allowlist> {
    if (context !== undefined && format !== 'pac') throw contextUnused();
    const caller = new AbortController();
    request.res?.once('close', () => {
      caller.abort();
    });
    const { list, document } = await this.services.allowlist({ format, context }, caller.signal);
    if (document !== null) send(request, document);
    return list;
  }
}

function send(request: ExpressRequest, { mediaType, fileName, text }: AllowlistDocument): void {
  request.res?.set('Content-Type', mediaType);
  if (fileName !== null) request.res?.set('Content-Disposition', `attachment; filename="${fileName}"`);
  // Bytes: to a text, express would add its own idea of a charset.
  request.res?.send(Buffer.from(text));
}

function contextUnused(): HttpProblem {
  const fault: Fault = {
    detail: 'It is for format=pac alone: leave it out, or ask for pac.',
    in: 'query',
    pointer: '/context',
  };
  const detail = 'The request does not fit the contract; errors lists what is wrong.';
  return new HttpProblem('validation-failed', detail, { extensions: { errors: [fault] } });
}
