import { type Receiver, type ReceiverAnswer, startReceiver } from '../support/receiver';
import { type Service, bodyOf, openService } from './service';

/** Its methods are numbers: whoever makes a text of it throws. */
const BAIT = { toString: 1, valueOf: 1, toJSON: 1, length: 1e9, constructor: null };

let answer: ReceiverAnswer;
let receiver: Receiver;
let service: Service;

beforeAll(async () => {
  receiver = await startReceiver(() => answer);
  service = await openService({ SENSORPROXY_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}` });
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

describe('a test of a webhook is answered whatever its receiver says', () => {
  it.each([
    ['jira', { errors: { x: BAIT, y: 'It is broken.' } }, 'the receiver answered 400: y: It is broken.'],
    ['jira', { errorMessages: [BAIT, 'It is broken.'] }, 'the receiver answered 400: It is broken.'],
    ['servicenow', { error: { message: BAIT, detail: BAIT } }, 'the receiver answered 400'],
  ])('%s', async (preset, body, detail) => {
    answer = { status: 400, body };
    const made = await service.call('POST', '/webhooks', {
      body: {
        name: 'hostile',
        url: receiver.url,
        preset,
        credentials: { user: 'ops', secret: 'a-secret' },
        ...(preset === 'jira' ? { jira: { project: 'OPS' } } : {}),
      },
    });
    const { id } = bodyOf(made) as { readonly id: string };
    const response = await service.call('POST', `/webhooks/${id}/test`);
    expect([response.status, bodyOf(response)]).toEqual([
      200,
      { delivered: false, steps: [{ action: 'open', delivered: false, status: 400, detail }] },
    ]);
  });
});
