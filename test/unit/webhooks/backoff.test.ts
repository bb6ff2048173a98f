import { GIVE_UP_MS, backoffMs, retryAfterMs } from '../../../src/webhooks/backoff';

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
