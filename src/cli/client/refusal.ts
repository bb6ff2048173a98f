import type { Problem } from '../../http/problems';
import { ClientExit, ClientFailure } from './failure';

const STANDARD = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'errors']);
const MAX_MEMBER = 400;

/** A problem document of the service as a failure, or undefined when it is none. `service`: the URL of its pages. */
export function refusal(text: string, service: string): ClientFailure | undefined {
  try {
    return refusalOf(JSON.parse(text), service);
  } catch {
    return undefined;
  }
}

/** {@link refusal} of a document that was parsed. */
export function refusalOf(document: unknown, service: string): ClientFailure | undefined {
  if (!isProblem(document)) return undefined;
  const { title, status, detail, code, type, errors } = document;
  const faults = Array.isArray(errors) ? errors : [];
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
  if (typeof document !== 'object' || document === null) return false;
  const { title, status, detail, code, type } = document as Partial<Record<string, unknown>>;
  return [title, detail, code, type].every((text) => typeof text === 'string') && typeof status === 'number';
}
