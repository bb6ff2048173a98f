import type { Exchange } from '../../../src/webhooks/exchange';
import { openPracticeWebhooks, realTime, webhookActor } from '../../support/practiceWebhooks';
import { eventually } from '../../support/receiver';
import { drift } from '../../support/ticketDesk';

it('a webhook that waits for its turn at a ticket can be deleted', async () => {
  let asked = 0;
  const silent: Exchange = (_request, signal) => {
    asked += 1;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  };
  const practice = await openPracticeWebhooks({ exchange: silent, time: realTime });
  try {
    const wanted = { preset: 'servicenow', credentials: { secret: 'x' } } as const;
    await practice.create(wanted);
    practice.feed.record(drift);
    await eventually(() => asked === 1);
    const second = await practice.create(wanted);
    practice.feed.record(drift);
    await eventually(() => practice.webhooks.get(second.id).pending === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await practice.webhooks.remove(second.id, webhookActor)).toMatchObject({ pending: 1 });
    expect(asked).toBe(1);
  } finally {
    await practice.close();
  }
});
