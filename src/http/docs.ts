import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import { HttpProblem } from './httpProblem';

/** Swagger UI sets styles from its scripts and shows images from data URLs; scripts and requests stay with this service. */
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page asks for. The package holds more, which is nobody's business. */
const PAGE_FILE = /^\/docs\/[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:js|css|png)$/i;

/** `/openapi.json` and Swagger UI at `/docs`. Neither is loaded before somebody asks for it. They need no token. */
export function docsRoutes(router: Router): void {
  const description = memoized(async () => {
    const { default: text } = await import('./generated/openapiText.json');
    return text;
  });
  const swaggerUi = memoized(loadSwaggerUi);

  router.get('/openapi.json', async (_request, response) => {
    response.type('json').send(await description());
  });
  router.get('/docs', (_request, response) => {
    // The page's own links are relative to the folder.
    response.redirect(308, '/docs/');
  });
  router.get('/docs/{*file}', async (request, response, next) => {
    const isPage = request.path === '/docs/';
    if (!isPage && !PAGE_FILE.test(request.path)) throw noSuchFile();
    const { page, files } = await swaggerUi();
    response.setHeader('Content-Security-Policy', DOCS_POLICY);
    if (isPage) {
      page(request, response, next);
      return;
    }
    response.setHeader('Cache-Control', 'no-cache');
    serveFile(files, request, response, next);
  });
}

/** The page's handler, and those of its files: the initializer, then what swagger-ui-dist brings. */
async function loadSwaggerUi(): Promise<{
  readonly page: RequestHandler;
  readonly files: readonly RequestHandler[];
}> {
  const { default: ui } = await import('swagger-ui-express');
  const options = {
    customSiteTitle: 'sensorproxy',
    swaggerUrl: '/openapi.json',
    swaggerOptions: {
      url: '/openapi.json',
      displayRequestDuration: true,
      validatorUrl: null,
      tryItOutEnabled: false,
    },
  };
  return { page: ui.setup(undefined, options), files: ui.serveFiles(undefined, options) };
}

/** The files' handlers look at the path below `/docs`. */
function serveFile(
  handlers: readonly RequestHandler[],
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  const url = request.url;
  request.url = url.slice('/docs'.length);
  const run = (index: number): void => {
    const handler = handlers[index];
    if (handler === undefined) {
      request.url = url;
      next(noSuchFile());
      return;
    }
    void handler(request, response, (error?: unknown) => {
      if (error === undefined) run(index + 1);
      else next(error);
    });
  };
  run(0);
}

function noSuchFile(): HttpProblem {
  return new HttpProblem('path-not-found', 'Swagger UI has no such file. Its page is /docs.');
}

function memoized<T>(make: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () =>
    (value ??= make().catch((error: unknown) => {
      value = undefined; // the next call tries again
      throw error;
    }));
}
