import { areTexts, areTextsOrNull } from '../lib/guards';
import { escapeCell } from '../lib/markdown';
import type { Change, ChangeSource, ChangedContext, ProxySettings } from './model';

/** Whether a record that was read back has everything that is shown of a change. */
export function isChange(value: unknown): value is Change {
  if (typeof value !== 'object' || value === null) return false;
  const change = value as Partial<Record<keyof Change, unknown>>;
  const { id, at, kind, actor, backupId, outcome: end, contexts, source } = change;
  const { requestId, ticket, reason, failure, restoredBackupId } = change;
  return (
    areTexts([id, at, kind, actor, backupId, end]) &&
    areTextsOrNull([requestId, ticket, reason, failure, restoredBackupId]) &&
    (source === null || isSource(source)) &&
    Array.isArray(contexts) &&
    contexts.every(isChangedContext)
  );
}

function isSource(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id, sid } = value as Partial<Record<keyof ChangeSource, unknown>>;
  return areTexts([id, sid]);
}

/**
 * A change as Markdown, ready to be pasted into a ticket. Text that a person or the registry supplied is escaped, so that
 * it cannot pose as part of the page.
 */
export function changeAsMarkdown(change: Change): string {
  const facts: [string, string | null][] = [
    ['When', change.at],
    ['What', change.kind],
    ['Outcome', change.failure === null ? change.outcome : `${change.outcome}: ${change.failure}`],
    ['Who', change.actor],
    ['Ticket', change.ticket],
    ['Reason', change.reason],
    ['Copied from', change.source && sourceInWords(change.source)],
    ['Backup restored', change.restoredBackupId],
    ['Backup made before', change.backupId],
    ['Request', change.requestId],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === null ? [] : [`| ${name} | ${escapeCell(value)} |`],
  );
  return [
    `# Proxy change ${change.id}`,
    '',
    '| | |',
    '|---|---|',
    ...rows,
    ...change.contexts.flatMap(contextLines),
    '',
  ].join('\n');
}

/** A person's account has no other id than its SID. */
function sourceInWords({ id, sid }: ChangeSource): string {
  return id === sid ? sid : `${id} (${sid})`;
}

function contextLines(context: ChangedContext): readonly string[] {
  return [
    '',
    `## ${escapeCell(context.context)} (${escapeCell(context.account)})`,
    '',
    '| | before | after |',
    '|---|---|---|',
    `| Proxy | ${cell(context.before, 'proxyServer', 'proxy')} | ${cell(context.after, 'proxyServer', 'proxy')} |`,
    `| Bypass | ${bypass(context.before)} | ${bypass(context.after)} |`,
    `| PAC | ${cell(context.before, 'autoConfigUrl', 'autoConfigUrl')} | ${cell(context.after, 'autoConfigUrl', 'autoConfigUrl')} |`,
    `| Auto-detect | ${onOff(context.before)} | ${onOff(context.after)} |`,
    '',
    `Before: ${bytes(context.beforeHex)}`,
    '',
    `After: ${bytes(context.afterHex)}`,
  ];
}

function cell(
  settings: ProxySettings | null,
  field: 'proxyServer' | 'autoConfigUrl',
  flag: 'proxy' | 'autoConfigUrl',
) {
  const text = settings?.[field];
  if (!settings || !text) return 'none';
  return settings.flags[flag] ? escapeCell(text) : `${escapeCell(text)} (stored, not in force)`;
}

function bypass(settings: ProxySettings | null): string {
  return settings?.bypassList.map(escapeCell).join('; ') || 'none';
}

function onOff(settings: ProxySettings | null): string {
  return settings?.flags.autoDetect ? 'on' : 'off';
}

function bytes(hex: string | null): string {
  return hex === null ? 'no value' : `\`${hex}\` (${hex.length / 2} bytes)`;
}

function isChangedContext(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { context, sid, account, before, after, beforeHex, afterHex } = value as Partial<
    Record<keyof ChangedContext, unknown>
  >;
  return (
    areTexts([context, sid, account]) &&
    areTextsOrNull([beforeHex, afterHex]) &&
    before !== undefined &&
    after !== undefined
  );
}
