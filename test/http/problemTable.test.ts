import path from 'node:path';
import ts from 'typescript';
import { PROBLEMS } from '../../src/http/problemTable';
import { STATUS_OF_KIND, problemDefinition, statusOf } from '../../src/http/problemDefinitions';

const ROOT = path.join(__dirname, '..', '..');

interface Thrown {
  readonly kind: string | null;
  readonly code: string;
  readonly where: string;
}

/** Every code that a `DomainError` or `HttpProblem` is made with, as the type checker knows it. */
function thrownIn(files: readonly string[], isOurs: (file: string) => boolean): readonly Thrown[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    strict: true,
    experimentalDecorators: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const found: Thrown[] = [];
  const visit = (source: ts.SourceFile, node: ts.Node): void => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      const [first, second] = node.arguments ?? [];
      const where = `${path.relative(ROOT, source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
      const texts = (argument: ts.Expression | undefined) => literals(checker, argument, where);
      if (node.expression.text === 'HttpProblem')
        found.push(...texts(first).map((code) => ({ kind: null, code, where })));
      if (node.expression.text === 'DomainError') {
        const [kind = ''] = texts(first);
        found.push(...texts(second).map((code) => ({ kind, code, where })));
      }
    }
    ts.forEachChild(node, (child) => {
      visit(source, child);
    });
  };
  for (const source of program.getSourceFiles()) if (isOurs(source.fileName)) visit(source, source);
  return found;
}

function literals(
  checker: ts.TypeChecker,
  argument: ts.Expression | undefined,
  where: string,
): readonly string[] {
  if (argument === undefined) return [];
  const type = checker.getTypeAtLocation(argument);
  const members = type.isUnion() ? type.types : [type];
  return members.map((member) => {
    if (!member.isStringLiteral())
      throw new Error(`${where}: the code of an error must be known to the compiler`);
    return member.value;
  });
}

const source = path.join(ROOT, 'src') + path.sep;
const thrown = thrownIn([path.join(ROOT, 'src', 'main.ts')], (file) =>
  path.normalize(file).startsWith(source),
);

it('finds what is thrown', () => {
  expect(thrown.length).toBeGreaterThan(40);
});

it('has a row for every code that is thrown anywhere', () => {
  expect(thrown.filter(({ code }) => problemDefinition(code) === undefined)).toEqual([]);
});

it('has each code thrown somewhere', () => {
  const codes = new Set(thrown.map(({ code }) => code));
  expect(Object.keys(PROBLEMS).filter((code) => !codes.has(code))).toEqual([]);
});

it('says of each code the kind that it is thrown with', () => {
  const differing = thrown.filter(({ kind, code }) => kind !== null && kind !== problemDefinition(code)?.on);
  expect(differing).toEqual([]);
});

it.each(Object.keys(PROBLEMS))(
  'says of %s what it means and what to do, as whole sentences, with an error status',
  (code) => {
    const row = problemDefinition(code);
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(row?.title).toMatch(/^[A-Z].*[^.]$/);
    expect(row?.meaning).toMatch(/^[A-Za-z].*\.$/);
    expect(row?.remedy).toMatch(/^[A-Z].*\.$/);
    expect(row && statusOf(row)).toBeGreaterThanOrEqual(400);
  },
);

it('gives each kind of error a status of its own meaning', () => {
  expect(STATUS_OF_KIND).toMatchObject({
    invalid: 400,
    unauthenticated: 401,
    notFound: 404,
    conflict: 409,
    stale: 412,
  });
});
