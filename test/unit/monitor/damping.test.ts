import fc from 'fast-check';
import { damp, type Damped, type DampingRule, isSettled, parseDamping } from '../../../src/monitor/damping';

const CALM: Damped = { open: false, samples: [] };

const rules: fc.Arbitrary<DampingRule> = fc
  .integer({ min: 1, max: 20 })
  .chain((of) => fc.record({ needed: fc.integer({ min: 1, max: of }), of: fc.constant(of) }));

/** Whether it counts as bad after each of these samples. */
function played(samples: readonly boolean[], rule: DampingRule): readonly boolean[] {
  let state = CALM;
  return samples.map((bad) => {
    state = damp(state, bad, rule);
    return state.open;
  });
}

const transitions = (states: readonly boolean[]): number =>
  states.filter((open, index) => open !== (states[index - 1] ?? false)).length;

describe('damping', () => {
  it.each([
    ['bad once', 'b g g g', '- - - -'],
    ['bad twice in a row', 'b b g g g', '- + + + -'],
    ['bad two times of three', 'b g b g g g', '- - + + + -'],
    ['back before it has kept still', 'b b g g b g g g', '- + + + + + + -'],
  ])('of two in three, %s', (_name, samples, expected) => {
    const states = played(
      samples.split(' ').map((sample) => sample === 'b'),
      { needed: 2, of: 3 },
    );
    expect(states.map((open) => (open ? '+' : '-')).join(' ')).toBe(expected);
  });

  it('begins only when as many of the last looks as needed were bad, and ends only when all were good', () => {
    fc.assert(
      fc.property(rules, fc.array(fc.boolean(), { maxLength: 80 }), (rule, samples) => {
        const states = played(samples, rule);
        states.forEach((open, index) => {
          const last = samples.slice(Math.max(0, index + 1 - rule.of), index + 1);
          const bads = last.filter((bad) => bad).length;
          const before = states[index - 1] ?? false;
          if (!before) expect(open).toBe(bads >= rule.needed);
          else expect(open).toBe(bads > 0);
        });
      }),
    );
  });

  it('makes one event of what flaps: it never keeps still for as many looks as are remembered', () => {
    fc.assert(
      fc.property(rules, fc.array(fc.nat({ max: 30 }), { maxLength: 30 }), (rule, runs) => {
        const quiet = (length: number) => Array.from({ length: length % rule.of }, () => false);
        const samples = runs.flatMap((length) => [true, ...quiet(length)]);
        expect(transitions(played(samples, rule))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('follows what lasts, in one transition, whatever was before', () => {
    fc.assert(
      fc.property(rules, fc.array(fc.boolean(), { maxLength: 40 }), fc.boolean(), (rule, before, bad) => {
        const lasting = Array.from({ length: rule.of }, () => bad);
        const states = played([...before, ...lasting], rule);
        expect(states.at(-1)).toBe(bad);
        expect(
          transitions(states.slice(before.length)) - Number(states[before.length - 1] ?? false),
        ).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is settled when no sample contradicts what it counts as', () => {
    expect(isSettled(CALM)).toBe(true);
    expect(isSettled({ open: false, samples: [false, true] })).toBe(false);
    expect(isSettled({ open: true, samples: [true, true] })).toBe(true);
    expect(isSettled({ open: true, samples: [false] })).toBe(false);
  });
});

describe('the damping setting', () => {
  it('is n/m', () => {
    expect(parseDamping('2/3')).toEqual({ needed: 2, of: 3 });
    expect(parseDamping('20/20')).toEqual({ needed: 20, of: 20 });
  });

  it.each(['', '2', '0/3', '4/3', '1/21', '2/3/4', '-1/3', ' 2/3', '2 / 3', '1.5/3', '٢/3'])(
    'refuses %j',
    (text) => {
      expect(() => parseDamping(text)).toThrow('n/m');
    },
  );

  it('takes nothing that it would not keep', () => {
    fc.assert(
      fc.property(rules, ({ needed, of }) => {
        expect(parseDamping(`${needed}/${of}`)).toEqual({ needed, of });
      }),
    );
  });
});
