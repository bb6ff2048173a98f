/** Templates: JSON in whose texts placeholders stand. They are checked when they are saved. */
import type { ServiceEvent } from '../../events/event';
import { jsonText, problemKey } from './requests';

/** What placeholders may name besides `data.…`. */
export const TEMPLATE_FIELDS = [
  'id',
  'type',
  'at',
  'subject',
  'problem',
  'resolved',
  'severity',
  'summary',
  'machine',
  'key',
  'action',
  'data',
] as const;

/** What an event's data may hold, by any type; a placeholder for what this event's has not is null, or nothing within text. */
export const TEMPLATE_DATA_FIELDS = [
  'account',
  'actor',
  'backupId',
  'begunAt',
  'begunBy',
  'changeId',
  'changes',
  'code',
  'comparison',
  'context',
  'contexts',
  'host',
  'kind',
  'phase',
  'port',
  'probed',
  'proxy',
  'region',
  'remedy',
  'restoredBackupId',
  'sid',
  'source',
  'status',
  'test',
  'ticket',
  'via',
] as const;

/** What is wrong with a template. The message names the place in it. */
export class TemplateRefused extends Error {
  override readonly name = 'TemplateRefused';
}

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
const WHOLE = /^\{\{([^{}]*)\}\}$/;
const MAX_DEPTH = 16;
/** Each may stand for all that an event has. */
const MAX_PLACEHOLDERS = 100;
const KNOWN: ReadonlySet<string> = new Set([
  ...TEMPLATE_FIELDS,
  ...TEMPLATE_DATA_FIELDS.map((name) => `data.${name}`),
]);

/**
 * Checks a template. Throws {@link TemplateRefused}: no JSON, a field that is not known, braces that are no placeholder, a
 * number that would be sent as another.
 */
export function checkTemplate(text: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new TemplateRefused('It is not JSON. Placeholders stand within its texts, in double quotes.');
  }
  let placeholders = 0;
  walk(parsed, '', (leaf, pointer) => {
    if (typeof leaf === 'number') return checkedNumber(leaf, pointer);
    for (const [, name = ''] of leaf.matchAll(PLACEHOLDER)) {
      placeholders += 1;
      if (placeholders > MAX_PLACEHOLDERS)
        throw new TemplateRefused(`It has more than ${MAX_PLACEHOLDERS} placeholders.`);
      if (KNOWN.has(name.trim())) continue;
      const shown = /^[\w.-]{1,64}$/.test(name.trim()) ? ` ${name.trim()}` : ' of that name';
      throw new TemplateRefused(
        `There is no field${shown} (at ${pointer || 'the top'}). docs/webhooks.md lists the fields.`,
      );
    }
    if (/\{\{|\}\}/.test(leaf.replace(PLACEHOLDER, '')))
      throw new TemplateRefused(`There are braces that are no placeholder (at ${pointer || 'the top'}).`);
    return leaf;
  });
}

function checkedNumber(value: number, pointer: string): number {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  const where = pointer || 'the top';
  throw new TemplateRefused(
    `A number there would not arrive as it stands (at ${where}): it is too large. Write it as text, in double quotes.`,
  );
}

/**
 * The body for an event. A text that is one placeholder becomes the value itself (text, true or false, null, an object); in
 * a longer text a value stands as text. Values are encoded as JSON, so that none can break out of its place.
 */
export function fillTemplate(template: string, event: ServiceEvent, machine: string): string {
  const valueOf = (field: string): unknown => fieldOf(field.trim(), event, machine);
  const filled = walk(JSON.parse(template), '', (text) => {
    if (typeof text === 'number') return text;
    const whole = WHOLE.exec(text)?.[1];
    if (whole !== undefined) return valueOf(whole) ?? null;
    return text.replace(PLACEHOLDER, (_all, name: string) => asText(valueOf(name)));
  });
  return jsonText(filled);
}

function fieldOf(field: string, event: ServiceEvent, machine: string): unknown {
  if (field.startsWith('data.')) {
    const name = field.slice('data.'.length);
    return Object.hasOwn(event.data, name) ? event.data[name] : undefined;
  }
  switch (field as (typeof TEMPLATE_FIELDS)[number]) {
    case 'machine':
      return machine;
    case 'key':
      return problemKey(machine, event.problem ?? `event/${event.id}`);
    case 'action':
      return event.resolved ? 'close' : 'open';
    default:
      return event[field as Exclude<keyof ServiceEvent, symbol>];
  }
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A copy with each text and number changed; names of members stay, and may hold no placeholder. */
function walk(
  value: unknown,
  pointer: string,
  change: (leaf: string | number, pointer: string) => unknown,
): unknown {
  if (pointer.split('/').length > MAX_DEPTH)
    throw new TemplateRefused(`It is nested deeper than ${MAX_DEPTH} levels.`);
  if (typeof value === 'string' || typeof value === 'number') return change(value, pointer);
  if (Array.isArray(value)) return value.map((each, nth) => walk(each, `${pointer}/${nth}`, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (/\{\{|\}\}/.test(name))
        throw new TemplateRefused(`The name of a member holds braces (at ${pointer || 'the top'}).`);
      return [name, walk(each, `${pointer}/${escaped(name)}`, change)];
    }),
  );
}

function escaped(name: string): string {
  const plain = /^[\w.-]{1,64}$/.test(name) ? name : '?';
  return plain.replace(/~/g, '~0').replace(/\//g, '~1');
}
