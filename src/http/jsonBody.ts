import express, { type NextFunction, type Request, type RequestHandler } from 'express';
import { HttpProblem } from './httpProblem';

/** Largest request body, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
/** Deeper nesting than any body of the contract needs; bounds what walks the value recursively. */
const MAX_DEPTH = 16;

const readBytes: RequestHandler = express.raw({ limit: MAX_BODY_BYTES, inflate: false, type: () => true });
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON body into `request.body`; undefined when there is none. It stands on the operations that take a body, behind
 * authentication. Errors: `body-too-large`, `content-type-unsupported`, `content-encoding-unsupported`, `json-malformed`.
 */
export const jsonBody: RequestHandler = (request, response, next) => {
  if (!hasBody(request)) {
    request.body = undefined;
    next();
    return;
  }
  const unfit = contentTypeProblem(request.headers['content-type']);
  if (unfit) {
    next(unfit);
    return;
  }
  readBytes(request, response, (error?: unknown) => {
    if (error !== undefined) {
      next(error);
      return;
    }
    parseInto(request, next);
  });
};

/** Whether the request brings a body, as its headers tell (RFC 9112, section 6.3). */
export function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** RFC 8259, section 8.1: JSON between systems is UTF-8. */
function contentTypeProblem(header: string | undefined): HttpProblem | undefined {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (type !== 'application/json') {
    return new HttpProblem(
      'content-type-unsupported',
      'Send the body as JSON, with Content-Type: application/json.',
    );
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset === undefined || /^"?utf-?8"?$/.test(charset)) return undefined;
  return new HttpProblem('content-type-unsupported', 'JSON is UTF-8: send it so, and leave the charset out.');
}

function parseInto(request: Request, next: NextFunction): void {
  const bytes: unknown = request.body;
  try {
    request.body = bytes instanceof Uint8Array && bytes.length > 0 ? parse(bytes) : undefined;
  } catch (error) {
    next(error);
    return;
  }
  next();
}

function parse(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new HttpProblem('json-malformed', 'The body is not JSON (RFC 8259) in UTF-8.');
  }
  if (isOutlandish(value)) {
    throw new HttpProblem(
      'json-malformed',
      `The body is nested deeper than ${MAX_DEPTH} levels, or has a name such as __proto__.`,
    );
  }
  return value;
}

/** No field of the contract is named like a member of Object.prototype: such names upset code that asks objects for theirs. */
function isOutlandish(root: unknown): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    const objects = level.filter((value) => typeof value === 'object' && value !== null);
    if (objects.some((value) => Object.keys(value).some((name) => name in Object.prototype))) return true;
    level = objects.flatMap((value): unknown[] => Object.values(value));
  }
  return false;
}
