/** What a source file imports and uses, for the tests of the architecture. */
import ts from 'typescript';

export interface Import {
  readonly specifier: string;
  /** What is imported by name; null for all there is. */
  readonly names: readonly string[] | null;
  readonly typeOnly: boolean;
}

/** A file of `src`, by its path there: `proxy/copy.ts`. */
export interface SourceFile {
  readonly name: string;
  readonly imports: readonly Import[];
  /** Names and member accesses in code: `process.env`, `Date.now`, `new Date()`. */
  readonly uses: readonly string[];
}

/** Reads a file's text. */
export function parseSource(name: string, text: string): SourceFile {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  const imports: Import[] = [];
  const uses: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
        imports.push({
          specifier: node.moduleSpecifier.text,
          names: namesOf(node),
          typeOnly: isTypeOnly(node),
        });
      }
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const loads =
        node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require';
      if (loads && first && ts.isStringLiteral(first))
        imports.push({ specifier: first.text, names: null, typeOnly: false });
      if (node.expression.getText() === 'Date') uses.push('Date()');
    } else if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
      if ((node.arguments ?? []).length === 0) uses.push('new Date()');
    } else if (ts.isPropertyAccessExpression(node)) {
      uses.push(node.getText());
    } else if (ts.isBindingElement(node) && ts.isVariableDeclaration(node.parent.parent)) {
      // const { env } = process
      uses.push(
        `${node.parent.parent.initializer?.getText() ?? ''}.${(node.propertyName ?? node.name).getText()}`,
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { name, imports, uses };
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function namesOf(node: ts.ImportDeclaration | ts.ExportDeclaration): readonly string[] | null {
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
  if (bindings === undefined || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return null;
  return bindings.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
}
