/** `sensorproxy journal …`: reads the data folder, whether the service runs or not. */
import path from 'node:path';
import { systemCodeOf } from '../lib/errors';
import { type JournalFault, verifyJournal } from '../journal/verify';
import type { CommandResult } from './commandResult';

/** Verifies the journal of a data folder. Exit code 0: it is as it was written; 1: it is not, or cannot be read. */
export async function verifyJournalOf(dataDir: string): Promise<CommandResult> {
  return reading(async () => {
    const { entries, lastHash, faults, torn } = await verifyJournal(path.join(dataDir, 'journal'));
    const tornLines = torn.map((fault) => `torn, nothing is missing: ${place(fault)}`);
    if (faults.length > 0) {
      const lines = faults.map((fault) => `${place(fault)}: ${fault.detail}`);
      return { exitCode: 1, lines: [`The journal is not as it was written.`, ...lines, ...tornLines] };
    }
    return {
      exitCode: 0,
      lines: [`The journal is as it was written: ${counted(entries)}, last hash ${lastHash}.`, ...tornLines],
    };
  });
}

/** The entries of a data folder's journal, oldest first, each given to `write` as one line of JSON. */
export async function exportJournalOf(
  dataDir: string,
  write: (line: string) => void,
): Promise<CommandResult> {
  return reading(async () => {
    const { faults } = await verifyJournal(path.join(dataDir, 'journal'), (_, text) => {
      write(text);
    });
    if (faults.length === 0) return { exitCode: 0, lines: [] };
    return { exitCode: 1, lines: ['The journal is not as it was written: see sensorproxy journal verify.'] };
  });
}

async function reading(work: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await work();
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown reason';
    return { exitCode: 1, lines: [`The journal cannot be read (${code}). Is this the data folder?`] };
  }
}

function counted(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries} entries`;
}

function place({ file, line }: JournalFault): string {
  return line === null ? file : `${file}, line ${line}`;
}
