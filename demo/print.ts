import type { HealthReport } from '../src/endpoints/report';
import type { Backup, ChangeOutcome, ProxyContexts, ProxySettings } from '../src/proxy/model';

/** Prints a line. */
export function say(line: string): void {
  console.log(line);
}

/** Prints a heading. */
export function title(text: string): void {
  console.log(`\n${text}\n${'─'.repeat(text.length)}`);
}

/** One row for each account. */
export function printContexts(contexts: ProxyContexts): void {
  table([
    ['account', 'runs', 'proxy', 'bypass', 'compared with the user'],
    ...contexts.contexts.map((context) => [
      context.account,
      context.usedBy.join(', ') || '-',
      inWords(context.settings),
      context.settings?.bypassList.join(' ') || '-',
      context.sid === contexts.source ? '(the source)' : context.comparison,
    ]),
  ]);
  say(`\nin sync: ${contexts.inSync ? 'yes' : 'no'}`);
  for (const finding of contexts.findings) say(`${finding.severity}: ${finding.detail} ${finding.remedy}`);
}

/** What the copy did. */
export function printCopy(copy: ChangeOutcome): void {
  table([
    ['target', 'before', 'after'],
    ...copy.results.map(({ target, before, after }) => [target, inWords(before), inWords(after)]),
  ]);
  say(`\nchange ${copy.changeId ?? 'none'}`);
  for (const finding of copy.findings) say(`${finding.severity}: ${finding.detail}`);
}

/** What was saved before it. */
export function printBackup(backup: Backup): void {
  say(
    `backup ${backup.id}: a .reg file of ${backup.sizeBytes} bytes, SHA-256 ${backup.sha256.slice(0, 16)}…`,
  );
  for (const value of backup.values) {
    say(
      `  ${value.context}: ${value.state === 'absent' ? 'had no value; restoring removes it again' : 'old bytes saved'}`,
    );
  }
}

/** One row for each check, and each phase's time. */
export function printHealth(report: HealthReport): void {
  table([
    ['account', 'endpoint', 'via', 'status', 'phases'],
    ...report.checks.map((check) => [
      check.context,
      check.endpoint.host,
      check.route.proxy ?? check.route.via,
      check.status,
      check.phases
        .map(({ name, status, durationMs }) => `${name} ${status === 'pass' ? `${durationMs} ms` : status}`)
        .join(', '),
    ]),
  ]);
  for (const { failure } of report.checks)
    if (failure) say(`${failure.code}: ${failure.detail} ${failure.remedy}`);
  say(`\noverall: ${report.status}, in ${report.durationMs} ms`);
}

function inWords(settings: ProxySettings | null): string {
  if (settings === null) return 'no settings';
  const { flags, proxyServer, autoConfigUrl } = settings;
  const parts = [
    flags.autoDetect && 'auto-detect',
    flags.autoConfigUrl && `PAC ${autoConfigUrl ?? ''}`,
    flags.proxy && proxyServer,
  ].filter((part) => typeof part === 'string');
  return parts.join(', ') || 'direct';
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}
