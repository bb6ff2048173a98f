import { areTexts, areTextsOrNull } from '../lib/guards';
import { escapeCell } from '../lib/markdown';
import type { BackupsDeleted, DeletedBackup } from './model';

/** Whether a record that was read back has everything that is shown of a deletion of backups. */
export function isBackupsDeleted(value: unknown): value is BackupsDeleted {
  if (typeof value !== 'object' || value === null) return false;
  const { id, at, kind, actor, reason, backups } = value as Partial<Record<keyof BackupsDeleted, unknown>>;
  return (
    kind === 'backupsDeleted' &&
    areTexts([id, at, actor]) &&
    areTextsOrNull([reason]) &&
    Array.isArray(backups) &&
    backups.every(isDeletedBackup)
  );
}

/** A deletion of backups as Markdown, ready to be pasted into a ticket. */
export function deletionAsMarkdown(record: BackupsDeleted): string {
  const facts: [string, string | null][] = [
    ['When', record.at],
    ['What', 'backups deleted by rule'],
    ['Who', record.actor],
    ['Reason', record.reason],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === null ? [] : [`| ${name} | ${escapeCell(value)} |`],
  );
  const backups = record.backups.map(
    ({ id, createdAt, because, contexts, sha256 }) =>
      `| ${[id, createdAt, because, contexts.join(', '), sha256].map(escapeCell).join(' | ')} |`,
  );
  return [
    `# Backups deleted ${record.id}`,
    '',
    '| | |',
    '|---|---|',
    ...rows,
    '',
    '## Backups',
    '',
    '| backup | made | because of | accounts | SHA-256 |',
    '|---|---|---|---|---|',
    ...backups,
    '',
  ].join('\n');
}

function isDeletedBackup(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, createdAt, because, contexts, sha256 } = value as Partial<Record<keyof DeletedBackup, unknown>>;
  return areTexts([id, createdAt, because, sha256]) && Array.isArray(contexts) && areTexts(contexts);
}
