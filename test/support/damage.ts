import fc from 'fast-check';

/** The seed of the tests that damage files: the damage is the same each time. */
export const SEED = 20261124;

/**
 * Any text, lone surrogates too, the more often of ASCII. Not fast-check's `unit: 'binary'`, which takes seconds to begin with.
 */
export function anyText(maxLength = 12): fc.Arbitrary<string> {
  const code = fc.oneof(fc.nat(0x7f), fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff));
  return fc.array(code, { maxLength }).map((codes) => String.fromCodePoint(...codes));
}

type Path = readonly (string | number)[];

/**
 * What may become of a file: a bit flipped, its end missing, other bytes, other JSON; and of a file of JSON, one of its
 * values replaced or gone. It may come out as it was.
 */
export function damaged(whole: Buffer): fc.Arbitrary<Buffer> {
  const flipped = fc.tuple(fc.nat(whole.length - 1), fc.nat(7)).map(([at, bit]) => {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    return bytes;
  });
  const cut = fc.nat(whole.length).map((length) => Buffer.from(whole.subarray(0, length)));
  const other = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  );
  const value = parsed(whole);
  if (value === undefined) return fc.oneof(flipped, cut, other);
  const edited = fc
    .tuple(fc.constantFrom(...pathsOf(value)), fc.option(otherValue, { nil: undefined }))
    .map(([path, by]) => Buffer.from(JSON.stringify([replaced(value, path, by)]).slice(1, -1)));
  return fc.oneof(flipped, cut, other, { arbitrary: edited, weight: 3 });
}

/** Values that a field may be given in place of its own. */
const otherValue = fc.oneof(
  fc.jsonValue(),
  // Whoever makes a text of this throws.
  fc.constant({ toString: 1, valueOf: 1 }),
  fc.constantFrom<unknown>('', 0, -1, 1e300, null, [], {}, [null], '../../x', 'S-1-5-18', 'LocalService'),
);

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function pathsOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const below = Object.entries(value).flatMap(([name, child]) => {
    const step = Array.isArray(value) ? Number(name) : name;
    return pathsOf(child).map((path) => [step, ...path]);
  });
  return [[], ...below];
}

/** Undefined in place of a value takes it away. */
function replaced(value: unknown, [step, ...rest]: Path, by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) {
    return value
      .map((child: unknown, index) => (index === step ? replaced(child, rest, by) : child))
      .filter((child) => child !== undefined);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [step]: replaced(fields[step], rest, by) };
}
