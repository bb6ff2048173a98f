/** How many requests are worked on at a time. What is too much is refused before any work. */
import type { Request } from 'express';
import { DomainError } from '../lib/errors';
import { factsOf } from './requestFacts';
import type { Step } from './steps';

/** Requests that share their room. Changes wait for each other, and health checks for the network: neither may shut reads out. */
type Pool = 'reads' | 'changes' | 'health';

/** How many requests of each kind may be worked on at a time. */
export type InFlightRoom = Readonly<Record<Pool, number>>;

/** More than any hundred callers at once need. Health checks run eight at a time (`compose.ts`), with any number of callers each. */
export const IN_FLIGHT_ROOM: InFlightRoom = { reads: 128, changes: 128, health: 64 };

/** What is worked on. */
export interface InFlight {
  /** Throws `too-busy` when there is no room for such a request. */
  refuseWhenFull(request: Request): void;
  /** Takes room (`too-busy` when there is none), which the caller gives back with `leave` when the work is done. */
  enter(request: Request): Pool | null;
  leave(pool: Pool | null): void;
}

/** Counts what is worked on, from when the request is there, body included, until its answer is handed over. */
export function createInFlight(room: InFlightRoom = IN_FLIGHT_ROOM): InFlight {
  const used: Record<Pool, number> = { reads: 0, changes: 0, health: 0 };
  const poolWithRoom = (request: Request): Pool | null => {
    const pool = poolOf(request);
    if (pool !== null && used[pool] >= room[pool]) throw tooBusy();
    return pool;
  };
  return {
    refuseWhenFull: poolWithRoom,
    enter: (request) => {
      const pool = poolWithRoom(request);
      if (pool !== null) used[pool] += 1;
      return pool;
    },
    leave: (pool) => {
      if (pool !== null) used[pool] -= 1;
    },
  };
}

/** Refuses a request that there is no room for, before its token is looked at and its body is read. */
export const refuseWhenFull: Step = (request) => {
  factsOf(request).services.inFlight.refuseWhenFull(request);
};

/** Null for `/livez`, which is always answered: a service that is busy is alive. */
function poolOf({ method, path }: Request): Pool | null {
  if (path === '/livez') return null;
  if (path === '/endpoints/health') return 'health';
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'reads' : 'changes';
}

function tooBusy(): DomainError {
  const detail = 'As many requests as this service takes are under way. Nothing was done; ask again soon.';
  return new DomainError('unavailable', 'too-busy', detail);
}
