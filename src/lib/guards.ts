/** Looks at values that were read back. */

/** Whether all are texts. */
export function areTexts(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

/** Whether each is a text or null. */
export function areTextsOrNull(values: readonly unknown[]): boolean {
  return values.every((value) => value === null || typeof value === 'string');
}
