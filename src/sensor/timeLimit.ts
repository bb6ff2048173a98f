/** Calls that may not answer, and what bounds them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceControl, serviceManagerUnavailable } from './serviceControl';

/** Resolves after `ms` milliseconds, or at once when the signal is aborted. Never rejects. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** {@link Pause} by the machine's clock. */
export const realPause: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/** Milliseconds for one look at a service. */
const LOOK_MS = 10_000;

/** What a call answers; null when `ms` milliseconds are over or `signal` is aborted first. Rejects as the call does. */
export async function withinTime<T>(
  call: Promise<T>,
  limit: { readonly ms: number; readonly pause: Pause; readonly signal?: AbortSignal },
): Promise<{ readonly answer: T } | null> {
  const over = new AbortController();
  const end = () => {
    over.abort();
  };
  if (limit.signal?.aborted === true) end();
  limit.signal?.addEventListener('abort', end);
  try {
    const timeOver = limit.pause(limit.ms, over.signal).then(() => null);
    return await Promise.race([call.then((answer) => ({ answer })), timeOver]);
  } finally {
    limit.signal?.removeEventListener('abort', end);
    end();
  }
}

/** A service manager whose looks (not its stops and starts) end with `service-manager-unavailable` after ten seconds. */
export function withBoundedLooks(control: ServiceControl, pause: Pause): ServiceControl {
  const look = async <T>(call: Promise<T>): Promise<T> => {
    const first = await withinTime(call, { ms: LOOK_MS, pause });
    if (first === null) throw serviceManagerUnavailable('The service manager does not answer.');
    return first.answer;
  };
  return {
    query: (name) => look(control.query(name)),
    activeDependents: (name) => look(control.activeDependents(name)),
    stop: (name) => control.stop(name),
    start: (name) => control.start(name),
  };
}
