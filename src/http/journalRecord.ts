/** The kinds of entries that the journal has. */
import { deletionAsMarkdown, isBackupsDeleted } from '../proxy/deletedBackups';
import { changeAsMarkdown, isChange } from '../proxy/evidence';
import { isSensorRestart, restartAsMarkdown } from '../sensor/evidence';
import { isWebhookChange, webhookChangeAsMarkdown } from '../webhooks/evidence';
import type { JournalRecord } from './services';

/** Whether a record that was read back has everything that is shown of its kind. */
export function isJournalRecord(value: unknown): value is JournalRecord {
  return isChange(value) || isSensorRestart(value) || isBackupsDeleted(value) || isWebhookChange(value);
}

/** An entry as Markdown, ready to be pasted into a ticket. */
export function recordAsMarkdown(record: JournalRecord): string {
  switch (record.kind) {
    case 'sensorRestart':
      return restartAsMarkdown(record);
    case 'backupsDeleted':
      return deletionAsMarkdown(record);
    case 'webhook':
      return webhookChangeAsMarkdown(record);
    default:
      return changeAsMarkdown(record);
  }
}
