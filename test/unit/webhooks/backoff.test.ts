import fc from 'fast-check';
import { GIVE_UP_MS, backoffMs, retryAfterMs } from '../../../src/webhooks/backoff';
import { SEED, anyText } from '../../support/damage';

const NOW = '2026-11-24T06:00:00.000Z';

it('the wait grows from five seconds to four hours, and stays there', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8, 9, 500].map((failures) => backoffMs(failures, 1) / 1000);
  expect(longest).toEqual([5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400]);
});

it('the jitter is full, but leaves a second', () => {
  expect(backoffMs(4, 0.5)).toBe(300_000);
  expect(backoffMs(1, 0)).toBe(1000);
});

it.each<[string | undefined, number | null]>([
  ['120', 120_000],
  ['0', 1000],
  ['9999999999', GIVE_UP_MS],
  ['Tue, 24 Nov 2026 06:10:00 GMT', 600_000],
  ['Tue, 24 Nov 2026 05:00:00 GMT', 1000],
  ['Fri, 24 Nov 2028 06:00:00 GMT', GIVE_UP_MS],
  [undefined, null],
  ['', null],
  ['-5', null],
  ['1.5', null],
  ['soon', null],
  ['99999999999999999999', null],
  ['2026-11-24', null],
])('Retry-After %s is %s milliseconds', (header, ms) => {
  expect(retryAfterMs(header, NOW)).toBe(ms);
});

describe('Retry-After', () => {
  const clamped = (ms: number) => Math.min(Math.max(ms, 1000), GIVE_UP_MS);

  it('of any seconds and any date is that time, but no less than a second and no more than three days', () => {
    const times = { min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true };
    fc.assert(
      fc.property(fc.nat(9_999_999_999), fc.date(times), fc.date(times), (seconds, date, now) => {
        expect(retryAfterMs(` ${seconds}\t`, NOW)).toBe(clamped(seconds * 1000));
        const inSeconds = Math.floor(date.getTime() / 1000) * 1000;
        expect(retryAfterMs(date.toUTCString(), now.toISOString())).toBe(clamped(inSeconds - now.getTime()));
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  it('of any text is a time to wait, or nothing', () => {
    const part = fc.oneof(fc.nat(99).map(String), anyText(4), fc.constantFrom('Tue, ', ' Nov ', ':', ' GMT'));
    const nearlyADate = fc
      .tuple(fc.constantFrom('Tue', 'Xyz'), fc.nat(99), fc.constantFrom('Nov', 'Feb', 'Xyz'), fc.nat(99))
      .map(([day, date, month, hour]) => `${day}, ${pad(date)} ${month} 2026 ${pad(hour)}:00:00 GMT`);
    const text = fc.oneof(
      anyText(40),
      fc.array(part, { maxLength: 9 }).map((all) => all.join('')),
      nearlyADate,
    );
    let read = 0;
    fc.assert(
      fc.property(text, (header) => {
        const ms = retryAfterMs(header, NOW);
        if (ms === null) return;
        expect(ms).toBe(clamped(ms));
        expect(Number.isInteger(ms)).toBe(true);
        read += 1;
      }),
      { seed: SEED, numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(100);
  });
});

function pad(count: number): string {
  return String(count).padStart(2, '0');
}
