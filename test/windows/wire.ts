/** Makes bytes, wherever they are in a value, into `{ hex }`, for JSON. */
export function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toWire(member)]));
}

/** Undoes {@link toWire}. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== 'object' || value === null) return value;
  if ('hex' in value && typeof value.hex === 'string') return Buffer.from(value.hex, 'hex');
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromWire(member)]));
}
