/**
 * How an issue in Jira is closed: by a transition, with what its screen asks for. A screen's fields are told by
 * `GET …/transitions?expand=transitions.fields`; a field that is not on the screen must not be sent.
 */
import { member, textOf } from './requests';

/** A transition that can be done. */
export interface JiraTransition {
  readonly id: string;
  /** The id of the resolution that is given; null: the screen has none. */
  readonly resolution: string | null;
  readonly takesComment: boolean;
  readonly needsComment: boolean;
}

/** Resolutions by which a problem that is over is closed, best first; else the first that is allowed. */
const RESOLUTIONS = ['done', 'fixed', 'resolved'];

/**
 * The transition of this name, or without one the first to a status of the category Done; of several, the first that asks for
 * nothing else than a resolution and a comment. Where there is none, what is wrong, for a person.
 */
export function transitionOf(offered: unknown, wanted: string | undefined): JiraTransition | string {
  const transitions = listOf(member(offered, 'transitions')).filter(
    (one) =>
      typeof member(one, 'id') === 'string' &&
      (wanted === undefined
        ? member(member(member(one, 'to'), 'statusCategory'), 'key') === 'done'
        : member(one, 'name') === wanted),
  );
  const [first] = transitions;
  if (first === undefined)
    return wanted === undefined
      ? 'Jira offers this account no transition of the issue to a status of the category Done; name one as doneTransition'
      : 'Jira offers this account no transition of the issue with the name that doneTransition gives';
  const possible = transitions.find((one) => lacksOf(one).length === 0);
  if (possible === undefined)
    return `no transition that closes the issue can be done, since its screen asks for: ${lacksOf(first).join(', ')}`;
  const fields = member(possible, 'fields');
  const comment = member(fields, 'comment');
  return {
    id: textOf(member(possible, 'id')),
    resolution: resolutionOf(member(fields, 'resolution')),
    takesComment: comment !== undefined,
    needsComment: isRequired(comment),
  };
}

/** The request's body. `comment`: the lines of one that goes with it. */
export function bodyOf({ id, resolution }: JiraTransition, comment: readonly string[] | null): object {
  return {
    transition: { id },
    ...(resolution === null ? {} : { fields: { resolution: { id: resolution } } }),
    ...(comment === null ? {} : { update: { comment: [{ add: { body: documentOf(comment) } }] } }),
  };
}

/** Atlassian Document Format: a paragraph a line. */
export function documentOf(lines: readonly string[]): object {
  const content = lines.map((text) => ({ type: 'paragraph', content: [{ type: 'text', text }] }));
  return { type: 'doc', version: 1, content };
}

/** The names of the required fields that cannot be given. */
function lacksOf(transition: unknown): readonly string[] {
  const fields = member(transition, 'fields');
  return Object.entries(typeof fields === 'object' && fields !== null ? fields : {})
    .filter(([key, field]) => isRequired(field) && !isGiven(key, field))
    .map(([key, field]) => {
      const name = member(field, 'name');
      return typeof name === 'string' ? name : key;
    });
}

function isGiven(key: string, field: unknown): boolean {
  return key === 'comment' || (key === 'resolution' && resolutionOf(field) !== null);
}

function isRequired(field: unknown): boolean {
  return member(field, 'required') === true && member(field, 'hasDefaultValue') !== true;
}

function resolutionOf(field: unknown): string | null {
  const allowed = listOf(member(field, 'allowedValues')).filter(
    (one) => typeof member(one, 'id') === 'string',
  );
  const named = RESOLUTIONS.flatMap((name) =>
    allowed.filter((one) => textOf(member(one, 'name')).toLowerCase() === name),
  );
  const id = member(named[0] ?? allowed[0], 'id');
  return typeof id === 'string' ? id : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
