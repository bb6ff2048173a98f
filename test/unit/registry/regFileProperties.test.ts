import fc from 'fast-check';
import { DomainError } from '../../../src/lib/errors';
import { formatRegFile, parseRegFile, type RegFileSection } from '../../../src/registry/regfile/format';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import type { RegistryValue } from '../../../src/registry/registry';
import { anyText } from '../../support/damage';
import { plain, reg, temporaryFolders, utf16 } from './regFileTexts';

const HIVE = 'HKEY_USERS\\S-1-5-21-1';
const folders = temporaryFolders();

const type = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 0xffffffff }));
const binary = fc.uint8Array({ maxLength: 90 });
const text = anyText(40).map((value) => Buffer.from(`${value}\0`, 'utf16le'));
const value: fc.Arbitrary<RegistryValue> = fc.oneof(
  fc.record({ type, data: binary }),
  fc.record({ type: fc.constantFrom(1, 2, 7), data: text }),
);
const name = anyText(30).filter((candidate) => !/[\r\n\0]/.test(candidate));
const component = name.filter((candidate) => candidate !== '' && !candidate.includes('\\'));
const key = fc.array(component, { maxLength: 3 }).map((components) => [HIVE, ...components].join('\\'));

describe('for all input', () => {
  test('formatting and parsing gives back every key, name, type and byte', () => {
    const section = fc.oneof(
      fc.record({
        key,
        values: fc.array(fc.record({ name, value: fc.option(value, { nil: undefined }) }), { maxLength: 6 }),
      }),
      key.map((deleted): RegFileSection => ({ key: deleted, deleteKey: true, values: [] })),
    );
    fc.assert(
      fc.property(fc.array(section, { maxLength: 5 }), (sections: RegFileSection[]) => {
        expect(comparable(parseRegFile(formatRegFile(sections)))).toEqual(comparable(sections));
      }),
    );
  });

  test('the parser throws nothing but a DomainError', () => {
    const pieces = fc.constantFrom(
      ...[
        '[',
        ']',
        '"',
        '\\',
        '=',
        '-',
        '@',
        ';',
        ',',
        '(',
        ')',
        ':',
        '\r',
        '\n',
        '\0',
        ' ',
        '\ufeff',
        '\ud800',
      ],
      ...['hex', 'dword:', 'hex:', 'hex(2):', '0', 'f1', 'HKLM', 'HKEY_USERS\\', '.DEFAULT', 'ä', '€'],
    );
    const lines = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      lines.map((body) => reg('[HKCU\\a]', body)),
      lines.map((body) => utf16(`Windows Registry Editor Version 5.00\r\n[HKCU\\a]\r\n${body}`)),
      lines.map((body) => Buffer.from(`REGEDIT4\n[HKCU\\a]\n${body}`, 'latin1')),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          parseRegFile(input);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('after any edits, the file holds what a plain model holds', async () => {
    const someKey = fc.constantFrom(HIVE, `${HIVE}\\A`, `${HIVE}\\a\\B`, `${HIVE}\\A\\b\\C`, `${HIVE}\\D`);
    const someName = fc.constantFrom('', 'one', 'ONE', 'Two', '"\\', 'ä', 'Ä');
    const edit = fc.oneof(
      fc.record({ do: fc.constant('write' as const), key: someKey, name: someName, value }),
      fc.record({ do: fc.constant('delete' as const), key: someKey, name: someName }),
      fc.record({ do: fc.constant('create' as const), key: someKey }),
    );
    const starts = [
      utf16('Windows Registry Editor Version 5.00\r\n\r\n[HKU\\S-1-5-21-1]\r\n'),
      reg(
        '[HKU\\S-1-5-21-1\\a]',
        '"one"="1"',
        '"ONE"=hex:02,\\',
        ' 03',
        '; c',
        '[-HKU\\S-1-5-21-1\\A]',
        '[HKU\\S-1-5-21-1]',
      ),
      Buffer.from('\ufeffWindows Registry Editor Version 5.00\n[HKU\\S-1-5-21-1]\n;end', 'utf8'),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.array(edit, { maxLength: 12 }),
        async (start, edits) => {
          const file = await folders.file(start);
          const model = new Map([[HIVE.toUpperCase(), new Map<string, string>()]]);
          let registry = await openRegFile(file);
          for (const step of edits) {
            const values = model.get(step.key.toUpperCase());
            if (step.do === 'create') {
              await registry.createKey(step.key);
              for (let k: string = step.key; k.length > HIVE.length; k = k.slice(0, k.lastIndexOf('\\'))) {
                if (!model.has(k.toUpperCase())) model.set(k.toUpperCase(), new Map());
              }
            } else if (step.do === 'delete') {
              await registry.deleteValue(step.key, step.name);
              values?.delete(step.name.toUpperCase());
            } else if (values === undefined) {
              await expect(registry.writeValue(step.key, step.name, step.value)).rejects.toBeInstanceOf(
                DomainError,
              );
            } else {
              await registry.writeValue(step.key, step.name, step.value);
              values.set(step.name.toUpperCase(), plain(step.value) ?? '');
            }
          }
          const before = await dump(registry, HIVE);
          await registry.close();
          registry = await openRegFile(file);
          expect(before).toEqual(model);
          expect(await dump(registry, HIVE)).toEqual(model);
          await registry.close();
        },
      ),
      { numRuns: 80 },
    );
  });
});

async function dump(
  registry: Awaited<ReturnType<typeof openRegFile>>,
  from: string,
): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>();
  const values = (await registry.listValues(from)) ?? [];
  found.set(
    from.toUpperCase(),
    new Map(values.map((entry) => [entry.name.toUpperCase(), plain(entry) ?? ''])),
  );
  for (const child of (await registry.listSubkeys(from)) ?? []) {
    for (const [path, entries] of await dump(registry, `${from}\\${child}`)) found.set(path, entries);
  }
  return found;
}

function comparable(sections: readonly RegFileSection[]) {
  return sections.map((section) => ({
    key: section.key,
    deleteKey: section.deleteKey === true,
    values: section.values.map((entry) => [entry.name, plain(entry.value)]),
  }));
}
