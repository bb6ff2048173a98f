/** Signatures after Standard Webhooks 1.0 (https://www.standardwebhooks.com), symmetric: HMAC-SHA256. */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** What is signed. */
export interface SignedMessage {
  /** The delivery's id, the same at each attempt. */
  readonly id: string;
  /** When this attempt is made, RFC 3339. */
  readonly at: string;
  readonly body: string;
}

/** The headers `webhook-id`, `webhook-timestamp` (seconds of the epoch) and `webhook-signature` (`v1,<base64>`). */
export function signatureHeaders(secret: string, { id, at, body }: SignedMessage): Record<string, string> {
  const timestamp = String(Math.floor(Date.parse(at) / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
