/** A receiver of webhooks, and what must hold of what it has got. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Received, type Receiver, eventually, startReceiver } from '../support/receiver';
import { feedOf } from './evidence';

/** A receiver that takes `thinkMs()` for each answer, which is 204. */
export function startSlowReceiver(thinkMs: () => number): Promise<Receiver> {
  return startReceiver((_, response) => {
    void delay(thinkMs()).then(() => response.writeHead(204).end());
    return null;
  });
}

/** The events that came, in the order in which each came first. */
export function eventsAt({ received }: Receiver): readonly string[] {
  return [...new Set(received.map(({ body }) => eventId(body)))];
}

/**
 * Fails unless every event of the feed has come, in its order, whenever that was, and each time with the same id and the same
 * body. Gives how many came more than once.
 */
export async function expectDelivered(dataDir: string, receiver: Receiver): Promise<number> {
  const feed = (await feedOf(dataDir)).map(({ id }) => id);
  await eventually(() => feed.every((id) => eventsAt(receiver).includes(id)), 'an event of the feed').catch(
    () => undefined,
  );
  expect(eventsAt(receiver)).toEqual(feed);
  const first = new Map<string, Received>();
  const again = new Set<string>();
  for (const one of receiver.received) {
    const id = String(one.headers['webhook-id']);
    const known = first.get(id);
    expect({ id, body: one.body }).toEqual({ id, body: known?.body ?? one.body });
    if (known !== undefined) again.add(id);
    first.set(id, known ?? one);
  }
  // One id for each event.
  expect(first.size).toBe(feed.length);
  return again.size;
}

function eventId(body: string): string {
  return (JSON.parse(body) as { readonly id: string }).id;
}
