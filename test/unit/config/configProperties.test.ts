import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { ConfigError, readConfig } from '../../../src/config';

const source = readFileSync(path.join(__dirname, '..', '..', '..', 'src', 'config.ts'), 'utf8');
const block = /const NAMES = \[([^\]]*)\]/.exec(source)?.[1] ?? '';
const NAMES = [...block.matchAll(/'([A-Z_]+)'/g)].map(([, name = '']) => `SENSORPROXY_${name}`);

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
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
