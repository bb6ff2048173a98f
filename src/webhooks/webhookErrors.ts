/** What `/webhooks` refuses, and why. */
import { DomainError, systemCodeOf } from '../lib/errors';

/** What a write of a webhook gives. Errors: `webhook-unrecorded`, or the journal's. */
export async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    if (cause instanceof DomainError) throw cause;
    const reason = systemCodeOf(cause) ?? 'unknown reason';
    const detail = `The webhook could not be written (${reason}), so nothing has changed. Make room and check the rights on the data folder, then repeat.`;
    throw new DomainError('unavailable', 'webhook-unrecorded', detail, { cause });
  }
}

export function stopping(): DomainError {
  const detail = 'The service is stopping. The test was not finished; ask again later.';
  return new DomainError('unavailable', 'stopping', detail);
}

export function webhookDamaged(): DomainError {
  const detail =
    'The file of this webhook cannot be used, so that it sends nothing; the log says why. Restore webhooks/<id>.json of the data folder from a backup, or take it away and make the webhook anew, then restart the service.';
  return new DomainError('notFound', 'webhook-not-found', detail);
}

export function webhookNotFound(): DomainError {
  const detail = 'There is no webhook with this id. GET /webhooks lists them.';
  return new DomainError('notFound', 'webhook-not-found', detail);
}

export function deliveryNotFound(): DomainError {
  const detail =
    'This webhook has no delivery with this id, or no longer. GET /webhooks/{id}/deliveries lists them.';
  return new DomainError('notFound', 'delivery-not-found', detail);
}

export function notDead(): DomainError {
  const detail = 'The delivery was made or is still being tried. Only dead ones are replayed.';
  return new DomainError('conflict', 'delivery-not-dead', detail);
}

export function superseded(): DomainError {
  const detail =
    'Something later of the same problem was delivered since: sent now, this would open a ticket that nothing closes, or close one too early. GET /events has what it says; bring the ticket up by hand if that is wanted.';
  return new DomainError('conflict', 'delivery-superseded', detail);
}

export function queueFull(most: number): DomainError {
  const detail = `As many deliveries as may wait (${most}) do so already. Replay it once some are through.`;
  return new DomainError('conflict', 'webhook-queue-full', detail);
}

export function tooMany(most: number): DomainError {
  const detail = `There are ${most} webhooks, and no more may be. Delete one first.`;
  return new DomainError('conflict', 'too-many-webhooks', detail);
}
