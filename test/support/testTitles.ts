/** The titles of a test file, for the documents that name tests. */
import ts from 'typescript';

/** The titles of its tests and of what they stand in, as they are written: `%s` and `${…}` are not filled in. */
export function testTitles(text: string): readonly string[] {
  const source = ts.createSourceFile('test.ts', text, ts.ScriptTarget.ES2022, true);
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ['it', 'test', 'describe'].includes(rootOf(node.expression))) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) titles.push(title.text);
      else if (title && ts.isTemplateExpression(title)) titles.push(title.getText().slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** `it` of `it`, `it.each([…])` and `` it.each`…` ``. */
function rootOf(callee: ts.Expression): string {
  if (ts.isPropertyAccessExpression(callee)) return rootOf(callee.expression);
  if (ts.isCallExpression(callee)) return rootOf(callee.expression);
  if (ts.isTaggedTemplateExpression(callee)) return rootOf(callee.tag);
  return ts.isIdentifier(callee) ? callee.text : '';
}
