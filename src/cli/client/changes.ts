import type { JournalRecord } from '../../http/services';
import { journalAnswer } from './answers';
import { type ClientCommandRun, segment } from './command';
import { ClientExit, misuse } from './failure';
import { pagesOf } from './paging';
import { timeInWords, toned } from './words';

/** `sensorproxy changes`: the journal. */
export const changes: ClientCommandRun = async (parts) => {
  const { client, screen, subject, options } = parts;
  if (subject !== '') {
    if (options.ticket !== undefined)
      throw misuse('--ticket goes with the list alone: leave the change out.');
    const path = `/changes/${segment(subject)}`;
    if (options.json === true) screen.json(await client.json({ path }, journalAnswer));
    else screen.sayLines(await client.text({ path, accept: 'text/markdown' }));
    return ClientExit.fine;
  }
  const page = await pagesOf(parts, { path: '/changes', query: { ticket: options.ticket } }, journalAnswer);
  if (options.json === true) screen.json(page);
  else if (page.items.length === 0) screen.say('The journal has no such change.');
  else {
    screen.table(
      ['CHANGE', 'WHEN', 'WHAT', 'OUTCOME', 'WHO', 'TICKET', 'OF'],
      page.items.map((record) => [
        record.id,
        timeInWords(record.at),
        record.kind,
        toned(record.outcome),
        record.actor,
        record.ticket ?? '-',
        whatOf(record),
      ]),
    );
    // Behind the last that was found there may be none of that ticket.
    const be = options.ticket === undefined ? 'are' : 'may be';
    if (page.next !== null) screen.say(`There ${be} more: --limit <number>.`);
  }
  return ClientExit.fine;
};

function whatOf(record: JournalRecord): string {
  switch (record.kind) {
    case 'sensorRestart':
      return 'the sensor';
    case 'backupsDeleted':
      return record.backups.length === 1 ? '1 backup' : `${record.backups.length} backups`;
    case 'webhook':
      return `${record.name}: ${record.action}`;
    case 'copy':
    case 'put':
    case 'delete':
    case 'restore':
      return record.contexts.map(({ context }) => context).join(', ');
    default:
      // A kind that came later than this program.
      return '-';
  }
}
