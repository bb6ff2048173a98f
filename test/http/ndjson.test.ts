import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { JsonLines } from '../../src/http/ndjson';

describe('a reader that does not read', () => {
  const line = { filler: 'x'.repeat(10_000) };

  /** Writes 3000 lines to a client, and resolves to how it went when the client has done what it does. */
  async function writeTo(client: (response: IncomingMessage) => Promise<unknown>) {
    const app = express();
    const outcome = new Promise<{ readonly most: number; readonly cut: boolean }>((resolve) => {
      app.get('/', (_request, response) => {
        const answer = new JsonLines(response, 300);
        let most = 0;
        const watch = setInterval(() => (most = Math.max(most, response.writableLength)), 1);
        for (let count = 0; count < 3000; count += 1) answer.write(line);
        void answer.end().then(() => {
          clearInterval(watch);
          resolve({ most, cut: !response.writableFinished });
        });
      });
    });
    const listening = createServer(app).listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const call = request({ port: (listening.address() as AddressInfo).port, agent: false });
    call.on('error', () => undefined).end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    const [result] = await Promise.all([outcome, client(response)]);
    call.destroy();
    listening.close();
    return result;
  }

  it('has no more than a little waiting for it, and is cut off', async () => {
    const { most, cut } = await writeTo((response) => Promise.resolve(response.pause()));
    expect(cut).toBe(true);
    expect(most).toBeLessThan(200_000);
  });

  it('is not one that reads', async () => {
    let received = 0;
    const { cut } = await writeTo(async (response) => {
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      await once(response, 'end');
    });
    expect(cut).toBe(false);
    expect(received).toBe(3000 * (JSON.stringify(line).length + 1));
  });
});
