import type { Express } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Node's request and response, made from the start with the prototypes that an application of Express gives to each of them.
 * Express sets the prototype of objects that stand, after which V8 gives each a hidden class of its own, and copies that with
 * every property that is added: half of what a short request allocates. Where the prototype is there already, it sets nothing.
 */
export function messagesOf(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class Request extends IncomingMessage {}
  class Response<T extends IncomingMessage> extends ServerResponse<T> {}
  app.request = Object.setPrototypeOf(Request.prototype, app.request) as Express['request'];
  app.response = Object.setPrototypeOf(Response.prototype, app.response) as Express['response'];
  return { IncomingMessage: Request, ServerResponse: Response };
}
