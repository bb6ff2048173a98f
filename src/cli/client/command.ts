import { randomUUID } from 'node:crypto';
import type { Options } from '../commands';
import { misuse } from './failure';
import type { HttpClient } from './httpClient';
import type { Screen } from './screen';

/** What a command works with. */
export interface ClientParts {
  readonly client: HttpClient;
  readonly screen: Screen;
  /** The name or id behind the command; empty for none. */
  readonly subject: string;
  readonly options: Options;
}

/** Asks, shows, and resolves with the exit code: 0, or 1 where something is not as it should be. */
export type ClientCommandRun = (parts: ClientParts) => Promise<0 | 1>;

/** The part of a change's body that says why, and whether it is a dry run. */
export function changeBody({ ticket, reason, 'dry-run': dryRun }: Options) {
  return { ticket, reason, dryRun };
}

/** The key that was typed, or a new one; none for a dry run, which may be done as often as one likes. */
export function keyOf({ 'idempotency-key': typed, 'dry-run': dryRun }: Options): string | undefined {
  if (typed !== undefined && !/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(typed)) {
    throw misuse('--idempotency-key takes 1 to 255 visible ASCII characters, without " and \\.');
  }
  return typed ?? (dryRun === true ? undefined : randomUUID());
}

/** A segment of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
