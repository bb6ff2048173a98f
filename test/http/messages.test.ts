import express from 'express';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messagesOf } from '../../src/http/messages';

it('a request and its response have the prototypes of Express before Express sees them, and the same after it', async () => {
  const app = express();
  const own = { request: app.request, response: app.response };
  app.get('/', (request, response) => {
    response.json({ host: request.get('host'), hostname: request.hostname });
  });
  const seen: object[][] = [];
  const prototypes = (...all: readonly object[]) => all.map((one) => Object.getPrototypeOf(one) as object);
  const server = createServer(messagesOf(app), (request: IncomingMessage, response: ServerResponse) => {
    seen.push(prototypes(request, response));
    app(request, response);
    seen.push(prototypes(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.json()).toEqual({ host: `127.0.0.1:${port}`, hostname: '127.0.0.1' });
    expect(seen).toHaveLength(2);
    for (const [request, response] of seen) {
      expect(request).toBe(app.request);
      expect(response).toBe(app.response);
    }
    // What the application had set on its own prototypes is still there.
    expect(prototypes(app.request, app.response)).toEqual([own.request, own.response]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
