/** What the presets with tickets have in common: one ticket for each problem, found again by its key, closed on recovery. */
import { DeliveryFailure } from '../exchange';
import type { Delivered, Message } from './preset';
import { problemKey } from './requests';
import { inTurn } from './turns';

/** A ticket that was found. */
export interface Ticket {
  readonly id: string;
  /** Whether it is still worked on. */
  readonly open: boolean;
}

/** A ticket system, for one problem. Each rejects with `DeliveryFailure`. */
export interface TicketDesk<T extends Ticket> {
  /** What it calls a ticket. */
  readonly noun: string;
  /** What it calls the end of one: `closed`, say. */
  readonly closed: string;
  /** The tickets that have the problem's key, open or not, newest first. */
  readonly find: () => Promise<readonly T[]>;
  /** Whether the ticket tells of the event already: of an attempt whose answer was lost, or by another webhook. */
  readonly tells: (ticket: T) => Promise<boolean>;
  readonly open: () => Promise<Delivered>;
  readonly update: (ticket: T) => Promise<Delivered>;
  /** Leads to the last answer's status. */
  readonly close: (ticket: T) => Promise<number>;
}

/** The problem's key, for an event of a problem. */
export function keyOf({ machine, event }: Message): string {
  return problemKey(machine, event.problem ?? event.id);
}

/**
 * Sees to the ticket of an event's problem, while no other delivery to the same `target` sees to the same problem. A ticket
 * that is gone between being found and being changed is looked for once more.
 */
export function seeTo<T extends Ticket>(
  desk: TicketDesk<T>,
  message: Message,
  { target, signal }: { readonly target: string; readonly signal: AbortSignal },
): Promise<Delivered> {
  const twice = async (): Promise<Delivered> => {
    try {
      return await once(desk, message);
    } catch (error) {
      if (!(error instanceof DeliveryFailure && error.facts.ofTheEvent && error.facts.status === 404))
        throw error;
    }
    return once(desk, message);
  };
  return inTurn(`${target}\n${keyOf(message)}`, twice, signal);
}

/** The oldest open ticket is the one that is kept up to date; on recovery all are closed, whoever has made them. */
async function once<T extends Ticket>(
  desk: TicketDesk<T>,
  { event, ticket: known }: Message,
): Promise<Delivered> {
  const { noun, closed } = desk;
  const found = await desk.find();
  const open = found.filter((ticket) => ticket.open);
  const oldest = open.at(-1);
  if (event.resolved) {
    if (oldest === undefined) {
      const none = found.length === 0 && known !== null ? lost(noun, known) : `no ${noun} was open`;
      return { status: 200, detail: none, ticket: null };
    }
    const status = await closeAll(desk, open);
    const detail = open.length === 1 ? `the ${noun} was ${closed}` : `${open.length} ${noun}s were ${closed}`;
    return { status, detail, ticket: null };
  }
  for (const ticket of oldest === undefined ? found.slice(0, 1) : open) {
    if (!(await desk.tells(ticket))) continue;
    return { status: 200, detail: `the ${noun} tells of it already`, ticket: oldest?.id ?? null };
  }
  return oldest === undefined ? desk.open() : desk.update(oldest);
}

function lost(noun: string, known: string): string {
  return `no ${noun} was found, though ${known} was opened: it was deleted or moved, or this user may not read it; see to it`;
}

/** One that cannot be closed does not keep the others open. */
async function closeAll<T extends Ticket>(desk: TicketDesk<T>, open: readonly T[]): Promise<number> {
  let status = 200;
  const failures: unknown[] = [];
  for (const ticket of open) {
    try {
      status = await desk.close(ticket);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return status;
}
