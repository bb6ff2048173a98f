import { VERDICTS } from '../../../src/endpoints/verdicts/verdicts';
import { endScenario, prepareScenarios, SCENARIOS } from './verdictScenarios';

const PHASES = ['route', 'resolve', 'connect', 'proxyConnect', 'tls', 'request'];

beforeAll(prepareScenarios);
afterEach(endScenario);

describe('the table of verdicts', () => {
  it('has each code once, with a remedy that is a sentence', () => {
    const codes = VERDICTS.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const { remedy, summary } of VERDICTS) {
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(summary).toMatch(/^[a-z].*[^.]$/i);
    }
  });

  it('is reached row by row by the scenarios below', () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(VERDICTS.map(({ code }) => code as string).sort());
  });
});

const outcomeOf = (code: string) => VERDICTS.find((row) => row.code === code)?.outcome;
const ofOutcome = (wanted: (outcome: string | undefined) => boolean) =>
  Object.entries(SCENARIOS).filter(([code]) => wanted(outcomeOf(code)));

describe('a check that fails', () => {
  it.each(ofOutcome((outcome) => outcome !== 'degraded'))('says %s', async (code, scenario) => {
    const check = await scenario.run();
    const { failure, phases } = check;
    expect(failure).toMatchObject({ code, phase: scenario.phase });
    expect(failure?.detail).toMatch(scenario.detail ?? /./);
    expect(failure?.remedy).toMatch(scenario.remedy ?? /./);
    expect(check.status).toBe(outcomeOf(code));
    expect(phases.map(({ name }) => name)).toEqual(PHASES);
    const at = PHASES.indexOf(scenario.phase);
    expect(phases[at]?.status).toBe('fail');
    const before = phases.slice(0, at).map(({ status }) => status);
    expect(before.every((status) => status !== 'fail')).toBe(true);
    expect(
      phases.slice(at + 1).every(({ status, durationMs }) => status === 'skipped' && durationMs === 0),
    ).toBe(true);
    expect(JSON.stringify(check)).not.toMatch(/hunter2|secret/);
  });
});

describe('a check that works, but not as it should', () => {
  it.each(ofOutcome((outcome) => outcome === 'degraded'))('says %s', async (code, scenario) => {
    const check = await scenario.run();
    expect(check).toMatchObject({ status: 'degraded', failure: null, http: { status: 200 } });
    expect(check.warnings.map((warning) => warning.code)).toEqual([code]);
    const [warning] = check.warnings;
    expect(warning?.phase).toBe(scenario.phase);
    expect(warning?.detail).toMatch(scenario.detail ?? /./);
    expect(check.phases.every(({ status }) => status !== 'fail')).toBe(true);
  });
});
