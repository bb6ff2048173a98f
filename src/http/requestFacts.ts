import type { Request } from 'express';
import type { Services, TokenHolder } from './services';

/** What this layer knows about a request besides what Express knows. */
export interface RequestFacts {
  readonly services: Services;
  readonly requestId: string;
  /** Who asks; null until (and unless) a token was checked. */
  holder: TokenHolder | null;
}

const facts = new WeakMap<object, RequestFacts>();

/** Attaches the facts: the first middleware does this once for each request. */
export function setFacts(request: Request, value: RequestFacts): void {
  facts.set(request, value);
}

/** The facts of a request that went through the first middleware. */
export function factsOf(request: Request): RequestFacts {
  const found = facts.get(request);
  if (found === undefined) throw new Error('the request did not go through requestId');
  return found;
}

/** The actor of a change, as the journal names it. Only for operations that need a token. */
export function actorOf(request: Request): { readonly name: string; readonly requestId: string } {
  const { holder, requestId } = factsOf(request);
  if (holder === null) throw new Error('the operation changes something without asking for a token');
  return { name: holder.name, requestId };
}
