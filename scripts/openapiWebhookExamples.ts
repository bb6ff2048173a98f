/** Examples of `/webhooks`. */
import { EVENT_TYPES } from '../src/events/event';
import type {
  CreatedWebhook,
  DeletedWebhook,
  Delivery,
  DeliveryPage,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookPage,
  WebhookPatch,
  WebhookTest,
} from '../src/webhooks/model';

const ID = '20261124T061512345Z-9f86d081';
const EVENT_ID = '20261124T070000000Z-5d41402a';

const webhook: Webhook = {
  id: ID,
  name: 'Service desk',
  target: 'https://hooks.contoso.com',
  eventTypes: [...EVENT_TYPES],
  preset: 'cloudevents',
  status: 'active',
  statusReason: null,
  createdAt: '2026-11-24T06:15:12.345Z',
  createdBy: 'admin',
  hasCredentials: false,
  pending: 1,
  retrying: 1,
  dead: 0,
  deadDropped: 0,
  missed: 0,
  failing: {
    since: '2026-11-24T07:00:00.120Z',
    detail: 'the receiver answered 503',
    nextAttemptAt: '2026-11-24T07:00:03.400Z',
  },
};

const delivery: Delivery = {
  id: `msg_${EVENT_ID}_${ID}`,
  eventId: EVENT_ID,
  type: 'proxy.drift.detected',
  state: 'pending',
  createdAt: '2026-11-24T07:00:00.010Z',
  attempts: 1,
  lastAttemptAt: '2026-11-24T07:00:00.120Z',
  nextAttemptAt: '2026-11-24T07:00:03.400Z',
  status: 503,
  detail: 'the receiver answered 503',
};

/** The journal's entry of the webhook's making. */
export function webhookChangeExample(requestId: string): WebhookChange {
  const { id: webhookId, name, preset, eventTypes } = webhook;
  return {
    id: '20261124T061512350Z-4e07408c',
    at: '2026-11-24T06:15:12.350Z',
    kind: 'webhook',
    action: 'created',
    actor: 'admin',
    requestId,
    ticket: null,
    reason: null,
    outcome: 'applied',
    webhookId,
    name,
    host: 'hooks.contoso.com',
    preset,
    eventTypes,
    deliveryId: null,
  };
}

/** Bodies of successful answers. */
export const webhookAnswerExamples = {
  listWebhooks: { items: [webhook], damaged: [], next: null } satisfies WebhookPage,
  createWebhook: {
    ...webhook,
    pending: 0,
    retrying: 0,
    failing: null,
    secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
  } satisfies CreatedWebhook,
  getWebhook: webhook,
  patchWebhook: { ...webhook, status: 'paused' } satisfies Webhook,
  deleteWebhook: { id: ID, name: webhook.name, pending: 1 } satisfies DeletedWebhook,
  testWebhook: {
    delivered: true,
    steps: [{ action: 'open', delivered: true, status: 200, detail: null }],
  } satisfies WebhookTest,
  listDeliveries: { items: [delivery], next: null } satisfies DeliveryPage,
  replayDelivery: {
    ...delivery,
    attempts: 0,
    nextAttemptAt: '2026-11-27T08:00:00.000Z',
  } satisfies Delivery,
} as const;

/** Bodies of requests. */
export const webhookRequestExamples = {
  createWebhook: {
    name: 'Service desk',
    url: 'https://hooks.contoso.com/sensorproxy',
    eventTypes: ['proxy.drift.detected', 'proxy.drift.cleared'],
  } satisfies NewWebhook,
  patchWebhook: { paused: true } satisfies WebhookPatch,
} as const;
