/** The shapes that the contract fixes for `/webhooks`. They are plain data: the OpenAPI document is made from these comments. */
import type { EventType } from '../events/event';

/**
 * How an event becomes requests. `cloudevents`: one signed CloudEvents 1.0 document. `template`: a signed body of your own.
 * `servicenow` and `jira`: one ticket for each problem, closed on recovery.
 */
export type WebhookPreset = 'cloudevents' | 'template' | 'servicenow' | 'jira';

/** `paused`: by a caller. `disabled`: by the receiver, which answered 410 Gone. */
export type WebhookStatus = 'active' | 'paused' | 'disabled';

/** What `Authorization` says to the receiver. No answer shows it. */
export interface WebhookCredentials {
  /**
   * The user of HTTP Basic (for Jira the account's mail address). Without it, the secret is a bearer token.
   * @minLength 1
   * @maxLength 200
   * @pattern ^[^\x00-\x1f\x7f:]+$
   */
  readonly user?: string;
  /**
   * The password or token, in visible ASCII.
   * @minLength 1
   * @maxLength 2000
   * @pattern ^[\x21-\x7e]+$
   */
  readonly secret: string;
}

/** What tickets in ServiceNow look like. */
export interface ServiceNowOptions {
  /**
   * The table.
   * @maxLength 80
   * @pattern ^[a-z][a-z0-9_]*$
   * @default "incident"
   */
  readonly table?: string;
  /**
   * `caller_id` of a new ticket: the sys_id of a user, 32 hexadecimal digits. Many instances ask for one.
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   */
  readonly callerId?: string;
  /**
   * `assignment_group` of a new ticket: the sys_id of a group, 32 hexadecimal digits.
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   */
  readonly assignmentGroup?: string;
  /**
   * `close_code` on recovery, as the instance spells it.
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   * @default "Solution provided"
   */
  readonly closeCode?: string;
  /**
   * `state` on recovery: 6 is Resolved in the table incident.
   * @isInt
   * @minimum 1
   * @maximum 999
   * @default 6
   */
  readonly resolvedState?: number;
}

/** What issues in Jira look like. */
export interface JiraOptions {
  /**
   * The project's key.
   * @maxLength 80
   * @pattern ^[A-Za-z][A-Za-z0-9_]+$
   * @example "OPS"
   */
  readonly project: string;
  /**
   * The issue type's name.
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   * @default "Task"
   */
  readonly issueType?: string;
  /**
   * The name of the transition that closes an issue. Without it, the first that leads to a status of the category Done.
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   */
  readonly doneTransition?: string;
}

/** A webhook to be made. */
export interface NewWebhook {
  /**
   * What people call it.
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\x00-\x1f\x7f]+$
   * @example "Service desk"
   */
  readonly name: string;
  /**
   * Where to: the receiver's address, or with `servicenow` and `jira` the instance's. Its host must be on the allow-list
   * (`SENSORPROXY_WEBHOOK_HOSTS`). No user name, password or fragment.
   * @minLength 1
   * @maxLength 2048
   * @example "https://hooks.contoso.com/sensorproxy"
   */
  readonly url: string;
  /**
   * Which events; all unless stated.
   * @minItems 1
   * @maxItems 32
   */
  readonly eventTypes?: EventType[];
  /** @default "cloudevents" */
  readonly preset?: WebhookPreset;
  readonly credentials?: WebhookCredentials;
  /**
   * With the preset `template`, the body that is sent: JSON, in whose texts placeholders such as `{{summary}}` stand
   * (docs/webhooks.md lists them).
   * @minLength 1
   * @maxLength 16384
   */
  readonly template?: string;
  /**
   * With the preset `template`, the body for an event that ends its problem; `template` unless stated.
   * @minLength 1
   * @maxLength 16384
   */
  readonly closeTemplate?: string;
  readonly serviceNow?: ServiceNowOptions;
  readonly jira?: JiraOptions;
}

/** A change to a webhook. */
export interface WebhookPatch {
  /** True: it sends nothing until it is resumed; events wait. False: it goes on, also when its receiver had disabled it. */
  readonly paused: boolean;
}

/** A webhook. No secret, credential or path of its address is shown. */
export interface Webhook {
  readonly id: string;
  readonly name: string;
  /** Scheme, host and port of its address. The rest may be a secret. */
  readonly target: string;
  readonly eventTypes: readonly EventType[];
  readonly preset: WebhookPreset;
  readonly status: WebhookStatus;
  /** Why it is disabled; null unless it is. */
  readonly statusReason: string | null;
  /** When it was made, RFC 3339 UTC. */
  readonly createdAt: string;
  /** Who made it, by the token's name. */
  readonly createdBy: string;
  /** Whether it sends `Authorization`. */
  readonly hasCredentials: boolean;
  /**
   * Deliveries that are to be made; more events may wait behind them.
   * @isInt
   */
  readonly pending: number;
  /**
   * Those of them that have failed, and are tried again.
   * @isInt
   */
  readonly retrying: number;
  /**
   * Deliveries that were given up.
   * @isInt
   */
  readonly dead: number;
  /**
   * Dead deliveries that were dropped, oldest first, since only 500 are kept.
   * @isInt
   */
  readonly deadDropped: number;
  /**
   * Events, of all types, that the service no longer had, or could not read, when this webhook could have taken them over:
   * it was paused, or its receiver failed, for too long.
   * @isInt
   */
  readonly missed: number;
  /** What fails: the receiver, or the delivery that has failed longest while others go through; null when all goes well. */
  readonly failing: WebhookFailing | null;
}

/** A failure that lasts. */
export interface WebhookFailing {
  /** Since when, RFC 3339 UTC. */
  readonly since: string;
  readonly detail: string;
  /** When it is tried next, RFC 3339 UTC. */
  readonly nextAttemptAt: string;
}

/** A webhook that was made, with its secret, which no later answer shows. */
export interface CreatedWebhook extends Webhook {
  /** With which deliveries are signed (Standard Webhooks, `whsec_…`); null for presets that are not. Keep it now. */
  readonly secret: string | null;
}

/** All webhooks, oldest first. */
export interface WebhookPage {
  readonly items: readonly Webhook[];
  /** Ids of webhooks, on no page, whose files cannot be used: they send nothing. The log says why. */
  readonly damaged: readonly string[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** A webhook that is gone. */
export interface DeletedWebhook {
  readonly id: string;
  readonly name: string;
  /**
   * Deliveries that will not be made.
   * @isInt
   */
  readonly pending: number;
}

/** `dead`: given up after three days, or since the receiver answered 410 to it. It can be replayed. */
export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** One event on its way to one receiver. */
export interface Delivery {
  /** The same at each attempt and replay: the header `webhook-id`. */
  readonly id: string;
  readonly eventId: string;
  readonly type: EventType;
  readonly state: DeliveryState;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  /**
   * How often it was tried, since it was last replayed.
   * @isInt
   */
  readonly attempts: number;
  /** RFC 3339 UTC; null before the first. */
  readonly lastAttemptAt: string | null;
  /** RFC 3339 UTC; null unless it is pending. The receiver's failure may hold it up longer. */
  readonly nextAttemptAt: string | null;
  /** The last answer's status; null without one. */
  readonly status: number | null;
  /** What the last attempt came to, for a person. */
  readonly detail: string | null;
}

/** One page of deliveries, newest event first. */
export interface DeliveryPage {
  readonly items: readonly Delivery[];
  /** Pass as `cursor` for the next page; null on the last. */
  readonly next: string | null;
}

/** What a test came to. It is tried once and kept nowhere. */
export interface WebhookTest {
  readonly delivered: boolean;
  /** The events that were sent, in order; a ticket is opened, then closed. */
  readonly steps: readonly WebhookTestStep[];
}

/** One event of a test. */
export interface WebhookTestStep {
  readonly action: 'open' | 'close';
  readonly delivered: boolean;
  /** The last answer's status; null without one. */
  readonly status: number | null;
  /** What was done or has failed, for a person. */
  readonly detail: string | null;
}

/** What was done to a webhook. `replayed`: a dead delivery of it was put back into the queue. */
export type WebhookAction = 'created' | 'paused' | 'resumed' | 'deleted' | 'replayed';

/**
 * The journal's entry of what a caller did to a webhook. It is written before it is done. No secret, credential or path of
 * its address is in it.
 */
export interface WebhookChange {
  readonly id: string;
  /** When, RFC 3339 UTC. */
  readonly at: string;
  readonly kind: 'webhook';
  readonly action: WebhookAction;
  readonly actor: string;
  readonly requestId: string | null;
  readonly ticket: string | null;
  readonly reason: string | null;
  readonly outcome: 'applied';
  readonly webhookId: string;
  /** What people call it. */
  readonly name: string;
  /** The host of its address, with the port unless it is the scheme's own. The rest may be a secret. */
  readonly host: string;
  readonly preset: WebhookPreset;
  readonly eventTypes: readonly EventType[];
  /** The delivery that was replayed; null unless one was. */
  readonly deliveryId: string | null;
}
