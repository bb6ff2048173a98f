/** What goes wrong with the journal's files, as an operator can act on it. */
import { DomainError, systemCodeOf } from '../lib/errors';

/** At the start. */
export function unusable(cause: unknown): DomainError {
  const code = systemCodeOf(cause) ?? 'unknown reason';
  const detail = `the journal cannot be opened (${code}). Check the rights on the folder journal in the data folder.`;
  return new DomainError('unavailable', 'journal-unusable', detail, { cause });
}

/** A file cannot be read. */
export function untold(): DomainError {
  const detail =
    'A file of the journal cannot be read, so that it cannot be told whether it has this entry. Check the rights on the data folder.';
  return new DomainError('unavailable', 'journal-unavailable', detail);
}

/** Entries are missing, or cannot be used. */
export function incomplete(): DomainError {
  const detail =
    'Entries of the journal are missing or cannot be used, so that it cannot be told what it says. sensorproxy journal verify says which.';
  return new DomainError('unavailable', 'journal-unavailable', detail);
}

/** An entry is not on the disk. */
export function unavailable(cause: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'journal-unavailable',
    `the journal could not be written (${systemCodeOf(cause) ?? 'unknown reason'}). Make room and check the rights on the data folder.`,
    { cause },
  );
}
