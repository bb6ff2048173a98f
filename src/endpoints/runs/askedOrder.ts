import type { HealthReport } from '../report';

/**
 * A report in the order of the contexts that were asked for, when it was made for the same ones in another order. Checks
 * name contexts as they were found, which may be other than how they were asked for (`CurrentUser`): what was asked first
 * is what was found first. Where two that were asked for turned out to be one, the order stays.
 */
export function inAskedOrder(
  report: HealthReport,
  ranFor: readonly string[],
  asked: readonly string[],
): HealthReport {
  const ran = [...new Set(ranFor)];
  const wanted = [...new Set(asked)];
  if (ran.every((id, index) => wanted[index] === id)) return report;
  const found = [...new Set(report.checks.map(({ context }) => context))];
  if (found.length !== ran.length) return report;
  const rank = new Map(found.map((context, index) => [context, wanted.indexOf(ran[index] ?? '')]));
  const rankOf = (context: string): number => rank.get(context) ?? 0;
  return { ...report, checks: report.checks.toSorted((a, b) => rankOf(a.context) - rankOf(b.context)) };
}
