/**
 * Everything that a check can say besides "it works", in one table, in the order of the phases. The code is stable; the
 * summary says what happened; the remedy says what to do. Failures to reach the proxy and failures to reach the endpoint
 * have different codes. docs/health.md shows the table; a test reaches every row.
 */
import type { CheckVerdict } from '../report';
import { CONNECT_VERDICTS } from './connectVerdicts';
import { HTTP_VERDICTS } from './httpVerdicts';
import { PROXY_VERDICTS } from './proxyVerdicts';
import { ROUTE_VERDICTS } from './routeVerdicts';
import { TLS_VERDICTS } from './tlsVerdicts';
import type { VerdictKind } from './verdictKind';

/** The table. */
export const VERDICTS = [
  ...ROUTE_VERDICTS,
  ...CONNECT_VERDICTS,
  ...PROXY_VERDICTS,
  ...TLS_VERDICTS,
  ...HTTP_VERDICTS,
] as const;

type Row = (typeof VERDICTS)[number];

/** Codes that end a check. */
export type FailureCode = Exclude<Row, { outcome: 'degraded' }>['code'];

/** Codes that a check which works is told with. */
export type WarningCode = Extract<Row, { outcome: 'degraded' }>['code'];

const BY_CODE: ReadonlyMap<string, VerdictKind> = new Map(VERDICTS.map((row) => [row.code, row]));

/** The table's row. */
export function verdictKind(code: FailureCode | WarningCode): VerdictKind {
  const row = BY_CODE.get(code);
  if (row === undefined) throw new Error('there is no such verdict');
  return row;
}

/** A verdict as the report shows it. `seen` is what was seen in this case; it holds nothing raw from the other side. */
export function verdictOf(code: FailureCode | WarningCode, seen: string | null): CheckVerdict {
  const { phase, summary, remedy } = verdictKind(code);
  return { code, phase, detail: seen === null ? `${summary}.` : `${summary}: ${seen}.`, remedy };
}
