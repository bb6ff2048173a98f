/** `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) on the operations that take it. docs/api.md describes it. */
import { hash } from 'node:crypto';
import type { Request } from 'express';
import { HttpProblem } from './httpProblem';
import type { StoredAnswer } from './idempotency/keyFiles';
import { PROBLEM_JSON, type Problem, toProblem } from './problems';
import { actorOf, factsOf } from './requestFacts';

/** The request's header. */
export const KEY_HEADER = 'Idempotency-Key';
/** On an answer that was given before. */
export const REPLAYED_HEADER = 'Idempotency-Replayed';

const MAX_KEY_LENGTH = 255;
/** Methods that can change something, so that a caller may rely on the key. */
const CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Refused because something else was under way: the remedy is to repeat the request as it is. */
const NOT_FINAL = new Set(['sensor-restart-running']);
/** It was done, and only its record is missing: it must not be done again. */
const FINAL_FAULTS = new Set(['sensor-restart-unrecorded']);

/** Who asks, and the id for the journal's entry where there is a key. */
type KeyedActor = ReturnType<typeof actorOf> & { readonly changeId?: string };

/**
 * Does `work` unless a request with the same key has done it: then that one's answer is given again. Without a key it is
 * just done. Resolves with undefined when the answer is on its way already. Errors: those of `work`, and
 * `idempotency-key-invalid`, `-in-use`, `-reused`, `-unrecorded`.
 */
export async function idempotently<Body extends object>(
  request: Request,
  header: string | undefined,
  work: (actor: KeyedActor) => Promise<Body>,
): Promise<Body | undefined> {
  const actor = actorOf(request);
  if (header === undefined) return work(actor);
  const { services, requestId } = factsOf(request);
  const begun = await services.idempotency.begin({
    key: parseKey(header),
    fingerprint: fingerprintOf(request, actor.name),
    actor: actor.name,
    body: request.body,
  });
  switch (begun.kind) {
    case 'replay':
      replay(request, begun.answer, requestId);
      return undefined;
    case 'inUse':
      throw inUse();
    case 'reused':
      throw reused();
    case 'new':
  }
  try {
    const body = await work({ ...actor, changeId: begun.changeId });
    await begun.finish({ status: 200, body });
    return body;
  } catch (error) {
    const problem = toProblem(error, requestId).body;
    await begun.finish(isFinal(problem) ? { status: problem.status, body: problem } : null);
    throw error;
  }
}

/** Refuses a key where it would be ignored although the caller may rely on it; reading twice does no harm. */
export function refuseUnexpectedKey(request: Request): void {
  if (request.headers[KEY_HEADER.toLowerCase()] === undefined || !CHANGING.has(request.method)) return;
  const detail = 'This operation takes no Idempotency-Key, which would be ignored. Send none.';
  throw new HttpProblem('idempotency-key-unexpected', detail);
}

/** A string of RFC 8941 (`"key"`), or the same without quotes. Errors: `idempotency-key-invalid`. */
function parseKey(header: string): string {
  const text = header.trim();
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (/^[^"\\,;]*$/.test(text) ? text : '');
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH) return key;
  throw new HttpProblem(
    'idempotency-key-invalid',
    `Idempotency-Key is 1 to ${MAX_KEY_LENGTH} visible ASCII characters, in double quotes (RFC 8941, section 3.3.3) or, where it has no comma, semicolon, quote or backslash, without. Send it once.`,
  );
}

function fingerprintOf({ method, originalUrl, body }: Request, actor: string): string {
  const text = JSON.stringify([method, originalUrl, actor, (body as unknown) ?? null]);
  return hash('sha256', text, 'hex');
}

/** What comes here has passed the checks of token and arguments: a 4xx is what the work itself has come to. */
function isFinal({ status, code }: Problem): boolean {
  return (status < 500 && !NOT_FINAL.has(code)) || FINAL_FAULTS.has(code);
}

function replay({ res: response }: Request, { status, body }: StoredAnswer, requestId: string): void {
  if (response === undefined) return;
  const isProblem = status >= 400;
  // `instance` names this occurrence, as X-Request-Id does.
  const shown = isProblem ? { ...body, instance: `urn:sensorproxy:request:${requestId}` } : body;
  const bytes = Buffer.from(JSON.stringify(shown));
  response.statusCode = status;
  response.setHeader(REPLAYED_HEADER, 'true');
  response.setHeader('Content-Type', isProblem ? PROBLEM_JSON : 'application/json; charset=utf-8');
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

function inUse(): HttpProblem {
  const detail = 'A request with this key is under way. Its answer will be given again; ask in a second.';
  return new HttpProblem('idempotency-key-in-use', detail, { headers: { 'Retry-After': '1' } });
}

function reused(): HttpProblem {
  const detail =
    'This key came with another request: another operation, another body, or another actor. Nothing was done. Use a new key for each thing to do.';
  return new HttpProblem('idempotency-key-reused', detail);
}
