/** A sample of a Prometheus document. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

/**
 * Reads a document of gauges, counters and histograms in Prometheus' text format 0.0.4, and throws at anything that the format does not allow: a
 * sample before its TYPE or of another metric, a series twice, a value that is no number, a last line without its end.
 */
export function parseExposition(text: string): readonly ExposedSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const samples: ExposedSample[] = [];
  const [helped, typed, series] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let current = '';
  let type = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (line === '') continue;
    if (line.startsWith('#')) {
      const seen = kind === 'HELP' ? helped : typed;
      if (!NAME.test(name) || seen.has(name)) throw new Error(`bad or repeated: ${line}`);
      if (kind === 'TYPE' && !['gauge', 'counter', 'histogram'].includes(rest))
        throw new Error(`of an unknown type: ${line}`);
      if (kind === 'TYPE') type = rest;
      seen.add(name);
      current = name;
      continue;
    }
    const [, sampleName = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    const own = type === 'histogram' ? sampleName.replace(/_(?:bucket|sum|count)$/, '') : sampleName;
    if (own !== current || !typed.has(current) || !helped.has(current))
      throw new Error(`not of its metric: ${line}`);
    const sample = { name: sampleName, labels: parseLabels(labels), value: Number(value) };
    if (value === '' || Number.isNaN(sample.value)) throw new Error(`no number: ${line}`);
    const key = JSON.stringify([sampleName, Object.entries(sample.labels).sort()]);
    if (series.has(key)) throw new Error(`twice: ${line}`);
    series.add(key);
    samples.push(sample);
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (name === '' || name in labels) throw new Error(`bad labels: ${text}`);
    labels[name] = value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}
