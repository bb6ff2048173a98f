import { areTexts, areTextsOrNull } from '../lib/guards';
import { escapeCell } from '../lib/markdown';
import type { SensorRestartRecord } from './model';

/** Whether a record that was read back has everything that is shown of a restart. */
export function isSensorRestart(value: unknown): value is SensorRestartRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof SensorRestartRecord, unknown>>;
  const { id, at, kind, actor, outcome, steps } = record;
  const { requestId, ticket, reason, failure, changeId } = record;
  return (
    kind === 'sensorRestart' &&
    areTexts([id, at, actor, outcome]) &&
    areTextsOrNull([requestId, ticket, reason, failure, changeId]) &&
    Array.isArray(steps) &&
    steps.every(isStep)
  );
}

/** A restart as Markdown, ready to be pasted into a ticket. Text from outside is escaped. */
export function restartAsMarkdown(record: SensorRestartRecord): string {
  const facts: [string, string | null][] = [
    ['When', record.at],
    ['What', 'restart of the sensor'],
    ['Outcome', record.failure === null ? record.outcome : `${record.outcome}: ${record.failure}`],
    ['Took', `${record.durationMs} ms`],
    ['Who', record.actor],
    ['Ticket', record.ticket],
    ['Reason', record.reason],
    ['After the change', record.changeId],
    ['Request', record.requestId],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === null ? [] : [`| ${name} | ${escapeCell(value)} |`],
  );
  const steps = record.steps.map(
    ({ action, service, state, durationMs }) =>
      `| ${action} | ${escapeCell(service)} | ${state} | ${durationMs} ms |`,
  );
  return [
    `# Sensor restart ${record.id}`,
    '',
    '| | |',
    '|---|---|',
    ...rows,
    '',
    '## Steps',
    '',
    '| step | service | state after it | took |',
    '|---|---|---|---|',
    ...steps,
    '',
  ].join('\n');
}

function isStep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { action, service, state } = value as Record<string, unknown>;
  return [action, service, state].every((field) => typeof field === 'string');
}
