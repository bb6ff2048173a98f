/** The names in PromQL. Prometheus parses the text itself; this only picks out what it names. */

const WORDS = new Set([
  'and',
  'or',
  'unless',
  'offset',
  'bool',
  'by',
  'on',
  'without',
  'ignoring',
  'inf',
  'nan',
]);

/** The metrics that an expression names, those of selectors without a name left out. */
export function metricsIn(expression: string): readonly string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset\s+\w+/g, ' ');
  const names = [...bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])/g)].map(
    ([, name = '']) => name,
  );
  return [...new Set(names.filter((name) => !WORDS.has(name.toLowerCase())))];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly Variable[] };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: { readonly uid: string };
}

/** A panel, as far as the suites look at it. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly datasource: { uid: string };
  }[];
}

export type { Dashboard };

/** Each expression of a dashboard, with where it stands. Grafana's variables take the values of `variables`. */
export function expressionsOf(
  dashboard: Dashboard,
  variables: Readonly<Record<string, string>>,
): readonly { readonly title: string; readonly expr: string }[] {
  const ready = (text: string) =>
    text.replace(/\$(\w+)/g, (_all, name: string) => {
      const value = variables[name];
      if (value === undefined) throw new Error(`the dashboard uses $${name}, which nobody sets`);
      return value;
    });
  return [
    ...dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, expr: ready(expr) })),
    ),
    ...dashboard.annotations.list.map(({ expr }) => ({ title: 'annotation', expr: ready(expr) })),
    ...dashboard.templating.list.flatMap(({ name, query }) => {
      const text = typeof query === 'string' ? query : query.query;
      const selector = /^label_values\((.*), \w+\)$/.exec(text)?.[1];
      return selector === undefined ? [] : [{ title: `variable ${name}`, expr: ready(selector) }];
    }),
  ];
}
