/** What a preset is: how one event becomes requests. */
import type { ServiceEvent } from '../../events/event';
import type { Exchange } from '../exchange';
import type { JiraOptions, ServiceNowOptions, WebhookCredentials } from '../model';

/** What the presets need of a webhook. */
export interface PresetSettings {
  /** As {@link webhookUrl} spells it. */
  readonly url: string;
  /** Null: nothing is signed. */
  readonly secret: string | null;
  readonly credentials: WebhookCredentials | null;
  readonly template: string | null;
  readonly closeTemplate: string | null;
  readonly serviceNow: ServiceNowOptions | null;
  readonly jira: JiraOptions | null;
}

/** One event to be sent. */
export interface Message {
  /** The delivery's id. */
  readonly id: string;
  readonly event: ServiceEvent;
  /** When this attempt is made, RFC 3339 UTC. */
  readonly at: string;
  /** This machine's name. */
  readonly machine: string;
  /** The id of the ticket that was made for this problem, as far as that is remembered. */
  readonly ticket: string | null;
}

/** What was done. */
export interface Delivered {
  /** The last answer's. */
  readonly status: number;
  /** For a person; null where the status says it all. */
  readonly detail: string | null;
  /** The ticket that is open now for the problem; null: none. Left out by presets without tickets. */
  readonly ticket?: string | null;
}

/** Sends with bounds on the time of all requests of one attempt together. */
export type Send = (request: Parameters<Exchange>[0]) => ReturnType<Exchange>;

/** What an attempt goes by. */
export interface Attempt {
  readonly send: Send;
  /** Ends it. Whoever waits for anything else than what it sends looks at it. */
  readonly signal: AbortSignal;
}

/** A preset. */
export interface Preset {
  /** Whether it takes events that belong to no problem. */
  readonly takesAll: boolean;
  /** Milliseconds for which what was made may not be found yet: after an attempt of unknown end, nothing is tried before. */
  readonly settleMs: number;
  /** Makes the requests for one event. Rejects with `DeliveryFailure`, or with the signal's reason. */
  deliver(message: Message, settings: PresetSettings, attempt: Attempt): Promise<Delivered>;
}
