import type { NewWebhook } from '../../../src/webhooks/model';
import { type EventsV2StandIn, routingKey, startEventsV2 } from '../../support/eventsV2StandIn';
import { webhookActor } from '../../support/practiceWebhooks';
import { TicketDesk, cleared, drift } from '../../support/ticketDesk';

const desk = new TicketDesk();
let system: { close(): Promise<void> };

afterEach(async () => {
  await desk.close();
  await system.close();
});

describe('a template', () => {
  let alerts: EventsV2StandIn;
  const template = {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: '{{key}}',
    payload: {
      summary: '{{machine}}: {{summary}}',
      source: '{{machine}}',
      severity: '{{severity}}',
      custom_details: '{{data}}',
    },
  };
  const webhook = (): Partial<NewWebhook> => ({
    url: `${alerts.url}/v2/enqueue`,
    preset: 'template',
    template: JSON.stringify(template),
    closeTemplate: JSON.stringify({ routing_key: routingKey, event_action: 'resolve', dedup_key: '{{key}}' }),
  });

  beforeEach(async () => {
    system = alerts = await startEventsV2();
  });

  it('makes one ticket for a problem where the system joins by key, and closes it on recovery', async () => {
    await desk.make(webhook());
    await desk.happens(drift);
    await desk.happens(drift);
    await desk.happens({ ...drift, problem: 'drift/LocalSystem' });
    await desk.happens(cleared);
    expect(alerts.alerts.map(({ triggers, open }) => [triggers, open])).toEqual([
      [2, false],
      [1, true],
    ]);
    await desk.happens(drift);
    expect(alerts.alerts).toHaveLength(3);
  });

  it('is signed, and takes events that are no problem too', async () => {
    await desk.make(webhook());
    await desk.happens({ type: 'proxy.changed', problem: null });
    expect(alerts.received[0]?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
  });

  it('whose event the system refuses holds up no other', async () => {
    await desk.make(webhook());
    desk.record({ problem: 'p/1', severity: 'fatal' as 'info' });
    await desk.happens({ problem: 'p/2' });
    expect(desk.practice.webhooks.get(desk.id)).toMatchObject({
      retrying: 1,
      failing: { detail: 'the receiver answered 400' },
    });
  });

  it('with a field that there is not is refused when it is made', async () => {
    await desk.make(webhook());
    const wrong = { ...webhook(), template: '{"text": "{{sumary}}"}', closeTemplate: '{{' };
    await expect(desk.practice.create(wrong)).rejects.toMatchObject({
      code: 'webhook-invalid',
      extensions: {
        errors: [
          { pointer: '/template', detail: expect.stringContaining('sumary (at /text)') },
          { pointer: '/closeTemplate', detail: expect.stringContaining('not JSON') },
        ],
      },
    });
    expect(desk.practice.webhooks.page({ limit: 50 }).items).toHaveLength(1);
    expect(await desk.practice.webhooks.remove(desk.id, webhookActor)).toMatchObject({ pending: 0 });
  });
});
