import express from 'express';
import { docsRoutes } from './docs';
import { errorHandler, notFound, otherMethods } from './errorHandler';
import { RegisterRoutes } from './generated/routes';
import { refuseWhenFull } from './inFlight';
import { hostCheck } from './hostCheck';
import { problemRoutes } from './problemPages';
import { refuseLongUri, requestId } from './requestId';
import { securityHeaders } from './securityHeaders';
import type { Services } from './services';
import { inOrder } from './steps';

/** The application. The order in which it is put together here is the order in which a request goes through it. */
export function createApp(services: Services): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  // Express answers 304 to `If-None-Match: *` whatever there is. An operation that has entity tags compares them itself.
  Object.defineProperty(app.request, 'fresh', { value: false });
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);

  app.use(
    inOrder(
      // 1. Every answer: an id, a log line when it is done, headers.
      requestId(services),
      securityHeaders,
      // 2. Nothing that is too long, or too much, before any work.
      refuseLongUri,
      refuseWhenFull,
      // 3. Nothing for another host, or for another origin's page.
      hostCheck(services.hosts),
    ),
  );

  // 4. What there is. A generated route checks the token (authentication.ts), reads the body if it takes one, checks the arguments, and calls
  //    its controller: see operationHandler.ts.
  RegisterRoutes(app);
  docsRoutes(app);
  problemRoutes(app);

  // 5. The same paths with other methods; then what there is not; then whatever went wrong.
  for (const [path, methods] of methodsByPath(app.router)) app.all(path, otherMethods(methods));
  app.use(notFound);
  app.use(errorHandler);
  return app;
}

/** Which methods each route's path has; GET brings HEAD along. */
function methodsByPath(router: express.Router): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { route } of router.stack) {
    if (route === undefined) continue;
    const methods = found.get(route.path) ?? [];
    for (const { method } of route.stack) {
      const name = method.toUpperCase();
      for (const each of name === 'GET' ? ['GET', 'HEAD'] : [name])
        if (!methods.includes(each)) methods.push(each);
    }
    found.set(route.path, methods);
  }
  return found;
}
