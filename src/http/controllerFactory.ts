import type { IocContainer } from '@tsoa/runtime';
import type { Request } from 'express';
import { factsOf } from './requestFacts';
import type { Services } from './services';

/**
 * tsoa's IoC module: makes a controller for each request, since one that is used again would carry headers and status
 * from call to call.
 */
export function iocContainer(request: Request): IocContainer {
  const { services } = factsOf(request);
  return {
    get: (controller) => new (controller as new (services: Services) => never)(services),
  };
}
