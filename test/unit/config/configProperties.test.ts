import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { ConfigError, readConfig } from '../../../src/config';
import { anyText, SEED } from '../../support/damage';
import { temporaryFolder } from '../../support/temporaryFolder';

const source = readFileSync(path.join(__dirname, '..', '..', '..', 'src', 'config.ts'), 'utf8');
const block = /const NAMES = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
const NAMES = [...block.matchAll(/'([A-Z_]+)'/g)].map(([, name = '']) => `SENSORPROXY_${name}`);

const value = fc.oneof(
  anyText(),
  fc.string({ unit: fc.constantFrom(...Array.from('01.:=,;-[]/ aA\\"')), maxLength: 30 }),
  fc.constantFrom(
    '1',
    '0',
    'auto',
    '::1',
    '0.0.0.0',
    'localhost',
    '65536',
    '1e3',
    '-1',
    '__proto__',
    'Europe',
    'regfile:x',
  ),
);

it('any settings are read, or refused with each bad one by its name', () => {
  expect(NAMES.length).toBeGreaterThan(10);
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...NAMES), value),
      fc.constantFrom<NodeJS.Platform>('linux', 'win32'),
      (settings, platform) => {
        try {
          expect(Object.isFrozen(readConfig(settings, platform))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const problem of (error as ConfigError).problems)
            expect(problem).toMatch(/^SENSORPROXY_[A-Z_]+: ./);
        }
      },
    ),
    { numRuns: 500 },
  );
});

it('a name that is none of the settings is refused', () => {
  const name = fc.stringMatching(/^SENSORPROXY_[A-Z_]{1,20}$/).filter((one) => !NAMES.includes(one));
  fc.assert(
    fc.property(name, value, (one, text) => {
      expect(() => readConfig({ [one]: text })).toThrow(`${one}: there is no such setting.`);
    }),
  );
});

it('a settings file of any text is read, or refused with lines that begin with a name', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder.path, 'settings.env');
  const piece = fc.constantFrom(
    ...NAMES,
    ...[
      'SENSORPROXY_X',
      'PATH',
      'export ',
      '=',
      '#',
      '"',
      "'",
      '`',
      '\\',
      '\n',
      '\r',
      '\r\n',
      ' ',
      '\t',
      '\0',
      '$',
    ],
    ...['\ufeff', '\u2028', '1', 'auto', '0.0.0.0', '127.0.0.1', '__proto__', 'a=b', '.'],
  );
  const line = fc
    .tuple(fc.constantFrom(...NAMES, 'SENSORPROXY_X', 'PATH'), fc.array(piece, { maxLength: 3 }))
    .map(([name, parts]) => `${name}=${parts.join('')}`);
  const text = fc.oneof(
    anyText().map((whole) => Buffer.from(whole)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(piece, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
    fc.array(line, { maxLength: 5 }).map((lines) => Buffer.from(lines.join('\n'))),
  );
  try {
    fc.assert(
      fc.property(text, (bytes) => {
        writeFileSync(file, bytes);
        try {
          expect(Object.isFrozen(readConfig({ SENSORPROXY_CONFIG: file }, 'linux'))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const problem of (error as ConfigError).message.split('\n'))
            expect(problem).toMatch(/^SENSORPROXY_\w+: .{5,}/);
        }
      }),
      { seed: SEED, numRuns: 600 },
    );
  } finally {
    await folder.remove();
  }
});
