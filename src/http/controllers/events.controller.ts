import { Controller, Get, OperationId, Queries, Response, Route, Tags } from '@tsoa/runtime';
import type { EventType, ServiceEvent } from '../../events/event';
import type { Problem } from '../problems';
import type { Services } from '../services';

/** One page of events, newest first. */
export interface EventList {
  readonly items: readonly ServiceEvent[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** Which events to give. */
export interface EventQuery {
  /**
   * How many to give at most.
   * @isInt
   * @minimum 1
   * @maximum 200
   * @default 50
   */
  readonly limit?: number;
  /**
   * `next` of the last page; without it, the first page.
   * @maxLength 256
   */
  readonly cursor?: string;
  /**
   * Only events of this type; may be given several times. Of 5000 events a page, so that it may hold fewer than
   * `limit`, even none, though `next` is not null.
   * @minItems 1
   * @maxItems 7
   */
  readonly type?: EventType[];
}

/** `/events`: what has happened. */
@Route('events')
@Tags('Events')
export class EventsController extends Controller {
  constructor(private readonly services: Services) {
    super();
  }

  /**
   * What has happened, newest first: changes of proxy settings that this service made and, while it watches
   * (`SENSORPROXY_WATCH=on`), where an account's settings began and ceased to differ from the source's, where an endpoint
   * could no longer or again be reached, and what has changed about the sensor. Transitions, not samples: what was seen
   * once, or comes and goes, makes no event. The oldest are dropped when there are forty to sixty thousand, by their length.
   * @summary What has happened
   */
  @Get()
  @OperationId('listEvents')
  @Response<Problem>(400, 'cursor-invalid')
  async list(@Queries() query: EventQuery): Promise<EventList> {
    const { limit = 50, cursor, type } = query;
    return this.services.events.page({ limit, cursor, types: type });
  }
}
