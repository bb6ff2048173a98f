/** What tickets say of an event, in words. */
import type { Message } from './preset';

/** The title of a new ticket, 160 characters at most, without the line breaks that neither system takes. */
export function titleOf({ event, machine }: Message): string {
  const title = `[${machine}] ${event.summary}`.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return title.length > 160 ? `${title.slice(0, 159)}…` : title;
}

/** The lines that describe an event. */
export function linesOf({ event, machine }: Message): readonly string[] {
  return [
    event.summary,
    `Machine: ${machine}`,
    `Event: ${event.type}, ${event.severity}, about ${event.subject}`,
    `Noticed: ${event.at}`,
    ...(event.problem === null ? [] : [`Problem: ${event.problem}`]),
    ...(Object.keys(event.data).length === 0 ? [] : [`Details: ${bounded(JSON.stringify(event.data))}`]),
    `Event id: ${event.id}`,
  ];
}

function bounded(text: string): string {
  return text.length > 4000 ? `${text.slice(0, 4000)}…` : text;
}
