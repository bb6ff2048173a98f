import fc from 'fast-check';
import { dateOffsetMs } from '../../../src/endpoints/probe/httpDate';

const NOW = '2026-11-24T12:00:00.000Z';
const clock = { now: () => NOW };
const offsetOf = (...values: readonly string[]) => dateOffsetMs(new Map([['date', values]]), clock);

describe('the Date of an answer', () => {
  it('is compared with the clock: ahead is more than zero', () => {
    expect(offsetOf('Tue, 24 Nov 2026 12:00:00 GMT')).toBe(0);
    expect(offsetOf('Tue, 24 Nov 2026 12:00:05 GMT')).toBe(5000);
    expect(offsetOf('Mon, 23 Nov 2026 12:00:00 GMT')).toBe(-86_400_000);
    expect(offsetOf('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(
      Date.UTC(1994, 10, 6, 8, 49, 37) - Date.parse(NOW),
    );
  });

  it.each([
    ['the obsolete form of RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['the obsolete form of asctime', 'Sun Nov  6 08:49:37 1994'],
    ['RFC 3339', '2026-11-24T12:00:00Z'],
    ['another zone', 'Tue, 24 Nov 2026 12:00:00 UTC'],
    ['an offset', 'Tue, 24 Nov 2026 12:00:00 +0000'],
    ['another weekday', 'Mon, 24 Nov 2026 12:00:00 GMT'],
    ['a day that is not', 'Tue, 31 Feb 2026 12:00:00 GMT'],
    ['an hour that is not', 'Tue, 24 Nov 2026 24:00:00 GMT'],
    ['small letters', 'tue, 24 nov 2026 12:00:00 gmt'],
    ['one digit', 'Tue, 3 Nov 2026 12:00:00 GMT'],
    ['something behind it', 'Tue, 24 Nov 2026 12:00:00 GMT, x'],
    ['nothing', ''],
  ])('is not guessed from %s', (_name, value) => {
    expect(offsetOf(value)).toBeNull();
  });

  it('is not told when there is none, or more than one', () => {
    expect(dateOffsetMs(new Map(), clock)).toBeNull();
    expect(offsetOf()).toBeNull();
    expect(offsetOf('Tue, 24 Nov 2026 12:00:00 GMT', 'Tue, 24 Nov 2026 12:00:00 GMT')).toBeNull();
  });

  it('is read for every second of four-digit years', () => {
    const seconds = fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        expect(offsetOf(new Date(second * 1000).toUTCString())).toBe(second * 1000 - Date.parse(NOW));
      }),
    );
  });

  it('is null or exact, whatever the text', () => {
    const mutated = fc
      .tuple(fc.date({ noInvalidDate: true }), fc.nat(29), fc.string({ maxLength: 3, unit: 'binary-ascii' }))
      .map(([date, at, put]) => {
        const text = date.toUTCString();
        return text.slice(0, at) + put + text.slice(at + put.length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated), (text) => {
        const offset = offsetOf(text);
        if (offset === null) return;
        expect(new Date(Date.parse(NOW) + offset).toUTCString()).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});
