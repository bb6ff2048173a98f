import type { Request } from 'express';
import type { TokenHolder } from '../auth/tokenStore';
import type { Services } from './services';

/** What this layer knows about a request besides what Express knows. */
export interface RequestFacts {
  readonly services: Services;
  readonly requestId: string;
  /** Who asks; null until (and unless) a token was checked. */
  holder: TokenHolder | null;
}

/** A property, since a WeakMap of requests costs the garbage collector more than all else on a short request's way. */
const FACTS = Symbol('facts');

interface WithFacts {
  [FACTS]?: RequestFacts;
}

/** Attaches the facts: the first middleware does this once for each request. */
export function setFacts(request: Request, value: RequestFacts): void {
  (request as WithFacts)[FACTS] = value;
}

/** The facts of a request that went through the first middleware. */
export function factsOf(request: Request): RequestFacts {
  const found = (request as WithFacts)[FACTS];
  if (found === undefined) throw new Error('the request did not go through requestId');
  return found;
}

/** The actor of a change, as the journal names it. Only for operations that need a token. */
export function actorOf(request: Request): { readonly name: string; readonly requestId: string } {
  const { holder, requestId } = factsOf(request);
  if (holder === null) throw new Error('the operation changes something without asking for a token');
  return { name: holder.name, requestId };
}
