/** Text from outside as a cell of a Markdown table: on one line, and nothing in it means anything to Markdown or HTML. */
export function escapeCell(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').replace(/[\\`*_{}[\]()#+!|<>~&]/g, '\\$&');
}
