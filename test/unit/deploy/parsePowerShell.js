/**
 * Parses PowerShell texts (a JSON list on standard input) and gives their trees (on standard output): the parser loads itself
 * by `import()`, which jest's own modules refuse, so it has a process of its own.
 */
const { readFileSync, writeFileSync } = require('fs');
const path = require('path');
const { Language, Parser } = require('@vscode/tree-sitter-wasm');

const GRAMMAR = path.join(
  path.dirname(require.resolve('@vscode/tree-sitter-wasm')),
  'tree-sitter-powershell.wasm',
);

/** A cursor walks a tree in one go; a node's own `children` would be looked up from the root each time. */
function plain(cursor) {
  const children = [];
  if (cursor.gotoFirstChild()) {
    do children.push(plain(cursor));
    while (cursor.gotoNextSibling());
    cursor.gotoParent();
  }
  return {
    type: cursor.nodeType,
    from: cursor.startIndex,
    to: cursor.endIndex,
    line: cursor.startPosition.row + 1,
    broken: cursor.nodeType === 'ERROR' || cursor.nodeIsMissing,
    children,
  };
}

async function main() {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(GRAMMAR));
  const texts = JSON.parse(readFileSync(0, 'utf8'));
  writeFileSync(1, JSON.stringify(texts.map((text) => plain(parser.parse(text).walk()))));
}

void main();
