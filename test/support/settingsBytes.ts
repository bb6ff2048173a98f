/** Builds values field by field, independently of the product's encoder. */
export interface Fields {
  readonly version?: number;
  readonly counter?: number;
  readonly flags?: number;
  readonly proxy?: string | Buffer;
  readonly bypass?: string | Buffer;
  readonly pac?: string | Buffer;
  readonly trailer?: Buffer;
}

/** The bytes of a `DefaultConnectionSettings` value; by default version 0x46, counter 1, direct, 32 zero bytes behind. */
export function settingsBytes(fields: Fields = {}): Buffer {
  return Buffer.concat([
    u32(fields.version ?? 0x46),
    u32(fields.counter ?? 1),
    u32(fields.flags ?? 1),
    prefixed(fields.proxy ?? ''),
    prefixed(fields.bypass ?? ''),
    prefixed(fields.pac ?? ''),
    fields.trailer ?? Buffer.alloc(32),
  ]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function prefixed(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(bytes.length), bytes]);
}
