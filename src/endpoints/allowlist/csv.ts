import type { AllowlistItem } from './allowlist';

const COLUMNS = ['host', 'port', 'protocol', 'purpose', 'paths', 'region', 'origin'] as const;

/** RFC 4180, with a header line. Several paths are separated by spaces; null is empty. */
export function asCsv(items: readonly AllowlistItem[]): string {
  const rows = items.map((item) => COLUMNS.map((column) => textOf(item[column])));
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function textOf(value: AllowlistItem[(typeof COLUMNS)[number]]): string {
  return Array.isArray(value) ? value.join(' ') : String(value ?? '');
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets read as "text". */
function cell(value: string): string {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
}
