import {
  type AdditionalProps,
  ExpressTemplateService,
  type TsoaRoute,
  ValidateError,
  ValidationService,
} from '@tsoa/runtime';
import type { Request, Response } from 'express';
import { HttpProblem } from './httpProblem';
import { KEY_HEADER, refuseUnexpectedKey } from './idempotency';
import { hasBody } from './jsonBody';
import { factsOf } from './requestFacts';
import { type Fault, MAX_FAULTS, type Place, faultsOf, pointerTo } from './validation';

type Schemas = Readonly<Record<string, TsoaRoute.ParameterSchema>>;

/**
 * How a generated route checks its arguments and sends its answer: tsoa's way, but stricter (no coercion in bodies, no
 * unknown query parameter, no body where none is taken) and leaner. `scripts/finishOpenapi.ts` puts it into the routes.
 */
export class OperationHandler extends ExpressTemplateService {
  private readonly taken = new WeakMap<Schemas, Taken>();

  constructor(models: TsoaRoute.Models, config: AdditionalProps) {
    const strict = { ...config, bodyCoercion: false };
    super(models, strict);
    this.validationService = new StrictValidation(models, strict);
  }

  /** The work begins here: the token and the body have been checked. */
  override async apiHandler(call: Parameters<ExpressTemplateService['apiHandler']>[0]): Promise<void> {
    const { response, next } = call;
    const request = response.req as Request;
    const { inFlight } = factsOf(request).services;
    let pool;
    try {
      pool = inFlight.enter(request);
    } catch (error) {
      next(error);
      return;
    }
    // Hands errors to `next` itself.
    await super.apiHandler(call).finally(() => {
      inFlight.leave(pool);
    });
  }

  override getValidatedArgs(call: {
    args: Record<string, TsoaRoute.ParameterSchema>;
    request: Request;
    response: Response;
  }): unknown[] {
    this.refuseWhatWouldBeIgnored(call.args, call.request);
    try {
      return super.getValidatedArgs(call);
    } catch (error) {
      if (!(error instanceof ValidateError)) throw error;
      throw validationFailed(faultsOf(error.fields, (name) => placeOf(call.args, name)));
    }
  }

  protected override returnHandler({ response, headers, statusCode, data }: Answer): void {
    if (response.headersSent) return;
    for (const [name, value] of Object.entries(headers ?? {})) {
      if (value !== undefined) response.setHeader(name, value);
    }
    if (data instanceof Uint8Array) {
      send(response, statusCode ?? 200, data);
    } else if (data === undefined || data === null) {
      response.statusCode = statusCode ?? 204;
      response.end();
    } else {
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      send(response, statusCode ?? 200, jsonOf(data));
    }
  }

  private refuseWhatWouldBeIgnored(args: Schemas, request: Request): void {
    let taken = this.taken.get(args);
    if (taken === undefined) this.taken.set(args, (taken = takenBy(args)));
    if (!taken.body && hasBody(request)) {
      throw new HttpProblem('body-unexpected', 'This operation takes no body. Send none.');
    }
    if (!taken.key) refuseUnexpectedKey(request);
    if (!request.url.includes('?')) return;
    const known = taken.queryNames;
    if (known === null) return;
    const faults = Object.keys(request.query)
      .filter((name) => !known.has(name))
      .map((name): Fault => ({
        detail: 'There is no such parameter.',
        in: 'query',
        pointer: pointerTo(name),
      }));
    if (faults.length > 0) throw validationFailed(faults.slice(0, MAX_FAULTS));
  }
}

/** What an operation takes, of what would otherwise be ignored. */
interface Taken {
  readonly body: boolean;
  /** An Idempotency-Key. */
  readonly key: boolean;
  /** Null: they come as one object (`@Queries`), which tsoa checks itself. */
  readonly queryNames: ReadonlySet<string> | null;
}

function takenBy(args: Schemas): Taken {
  const parameters = Object.values(args);
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place);
  return {
    body: of('body').length > 0,
    key: parameters.some(({ name }) => name === KEY_HEADER),
    queryNames: of('queries').length > 0 ? null : new Set(of('query').map(({ name }) => name)),
  };
}

interface Answer {
  response: Response;
  headers: Record<string, string | string[] | undefined> | undefined;
  statusCode?: number;
  data?: unknown;
}

/** tsoa compares enumerated values as text, so that `["null"]` would pass for null, and an object can make it throw. */
class StrictValidation extends ValidationService {
  override validateEnum(
    ...[name, value, errors, members, parent]: Parameters<ValidationService['validateEnum']>
  ): unknown {
    const scalar = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    const isNull = members?.length === 1 && members[0] === null;
    if (!scalar || (isNull && value !== null)) {
      errors[`${parent ?? ''}${name}`] = {
        message: `should be one of the following; [${(members ?? []).map(String).join(', ')}]`,
      };
      return undefined;
    }
    return super.validateEnum(name, value, errors, members, parent);
  }
}

function validationFailed(errors: readonly Fault[]): HttpProblem {
  const detail = 'The request does not fit the contract; errors lists what is wrong.';
  return new HttpProblem('validation-failed', detail, { extensions: { errors } });
}

function placeOf(args: Schemas, name: string): Place {
  const parameters = Object.values(args);
  const parameter = parameters.find((candidate) => candidate.name === name);
  switch (parameter?.in) {
    case 'query':
    case 'path':
    case 'header':
      return { in: parameter.in, isContainer: false };
    case 'queries':
      return { in: 'query', isContainer: true };
    case undefined:
      // tsoa leaves the container's name out before the elements of a list.
      return {
        in: parameters.some(({ in: where }) => where === 'body') ? 'body' : 'query',
        isContainer: false,
      };
    default:
      return { in: 'body', isContainer: true };
  }
}

/** Longer texts are not kept: the report of a health check of many endpoints is a megabyte, and is asked for once. */
const MAX_KEPT_LENGTH = 64 * 1024;

let lastJson: { readonly data: unknown; readonly text: string } = { data: undefined, text: '' };

/** The JSON of an answer; a service that answers with the very same (immutable) object again gets the same text. */
function jsonOf(data: unknown): string {
  if (lastJson.data === data) return lastJson.text;
  const text = JSON.stringify(data);
  if (text.length <= MAX_KEPT_LENGTH) lastJson = { data, text };
  return text;
}

/** A text goes out in one write with its headers, which bytes do not; and cheapest where it is plain ASCII. */
function send(response: Response, status: number, body: string | Uint8Array): void {
  const length = Buffer.byteLength(body);
  response.statusCode = status;
  response.setHeader('Content-Length', length);
  if (typeof body === 'string') response.end(body, length === body.length ? 'latin1' : 'utf8');
  else response.end(body);
}
