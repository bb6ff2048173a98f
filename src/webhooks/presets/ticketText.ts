/** What tickets say of an event, in words. */
import type { Message } from './preset';

/** ServiceNow cuts a description after 4000 characters, with all that comes after the details. */
const MAX_DETAILS = 3000;
const MAX_TITLE = 160;

/** The title of a new ticket, 160 characters at most. */
export function titleOf({ event, machine }: Message): string {
  const title = line(`[${machine}] ${event.summary}`);
  return title.length > MAX_TITLE ? `${line(title.slice(0, MAX_TITLE - 1))}…` : title;
}

/** The lines that describe an event; none is empty. */
export function linesOf({ event, machine }: Message): readonly string[] {
  const details = JSON.stringify(event.data);
  return [
    event.summary,
    `Machine: ${machine}`,
    `Event: ${event.type}, ${event.severity}, about ${event.subject}`,
    `Noticed: ${event.at}`,
    ...(event.problem === null ? [] : [`Problem: ${event.problem}`]),
    ...(details === '{}' ? [] : [`Details: ${bounded(details)}`]),
    `Event id: ${event.id}`,
  ]
    .map(line)
    .filter((text) => text !== '');
}

/** Without line breaks, control characters and halves of characters: neither system takes those everywhere. */
function line(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}

function bounded(text: string): string {
  return text.length > MAX_DETAILS ? `${text.slice(0, MAX_DETAILS)}…` : text;
}
