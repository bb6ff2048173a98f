import type { Problem } from '../../http/problems';
import { faultsAnswer, problemAnswer } from './answers';
import { ClientExit, ClientFailure } from './failure';
import { parseJson } from './json';

const STANDARD = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'errors']);
const MAX_MEMBER = 400;

/** A problem document of the service as a failure, or undefined when it is none. `service`: the URL of its pages. */
export function refusal(text: string, service: string): ClientFailure | undefined {
  try {
    return refusalOf(parseJson(text), service);
  } catch {
    return undefined;
  }
}

/** {@link refusal} of a document that was parsed. */
export function refusalOf(document: unknown, service: string): ClientFailure | undefined {
  if (!isProblem(document)) return undefined;
  const { title, status, detail, code, type, errors } = document;
  const faults = errors ?? [];
  const members = Object.entries(document).filter(([name]) => !STANDARD.has(name));
  const lines = [
    `${title} (${status}, ${code})`,
    detail,
    ...faults.map(({ in: part = 'body', pointer, detail: why }) => `${part} ${pointer}: ${why}`),
    ...members.map(([name, value]) => `${name}: ${JSON.stringify(value).slice(0, MAX_MEMBER)}`),
    `What helps: ${type.startsWith('/') ? service : ''}${type}`,
  ];
  return new ClientFailure(ClientExit.refused, lines, document);
}

function isProblem(document: unknown): document is Problem {
  if (problemAnswer.fault(document, '') !== null) return false;
  const { errors } = document as { readonly errors?: unknown };
  return errors === undefined || faultsAnswer.fault(errors, '') === null;
}
