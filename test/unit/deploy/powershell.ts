/** PowerShell as tree-sitter's grammar reads it, and what the scripts may use of it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const SCRIPTS = path.join(__dirname, '..', '..', '..', 'deploy', 'sccm');
const PARSER = path.join(__dirname, 'parsePowerShell.js');

/** A part of a text, as the grammar names it. */
export interface Node {
  readonly type: string;
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** What the grammar does not take, or misses. */
  readonly broken: boolean;
  readonly parent: Node | null;
  readonly children: readonly Node[];
}

interface PlainNode {
  readonly type: string;
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly broken: boolean;
  readonly children: readonly PlainNode[];
}

/** Windows PowerShell 5.1's own cmdlets that the scripts use, with those of their parameters that it knows. */
const CMDLETS: Readonly<Record<string, readonly string[]>> = {
  'Add-Type': ['AssemblyName'],
  'ConvertFrom-Json': ['InputObject'],
  'ConvertTo-Json': ['InputObject', 'Compress', 'Depth'],
  'ForEach-Object': [],
  'Get-ChildItem': ['LiteralPath', 'Filter'],
  'Get-ItemProperty': ['LiteralPath', 'Name'],
  'Join-Path': ['Path', 'ChildPath'],
  'New-Item': ['Path', 'ItemType', 'Force'],
  'Out-Host': [],
  'Out-Null': [],
  'Remove-Item': ['LiteralPath', 'Recurse', 'Force'],
  'Select-Object': ['First'],
  'Set-StrictMode': ['Version'],
  'Start-Sleep': ['Seconds'],
  'Test-Path': ['LiteralPath', 'PathType'],
  'Where-Object': [],
  'Write-Output': ['InputObject'],
};

/** Types of .NET Framework 4.5, and PowerShell's short names for some. */
const TYPES = new Set([
  'bool',
  'guid',
  'int',
  'pscustomobject',
  'string',
  'string[]',
  'switch',
  'uri',
  'version',
  // Attributes.
  'AllowEmptyString',
  'Parameter',
  'BitConverter',
  'Console',
  'System.IO.Compression.ZipFile',
  'System.IO.File',
  'System.IO.Path',
  'System.IO.StreamReader',
  'System.Net.HttpWebRequest',
  'System.Net.SecurityProtocolType',
  'System.Net.ServicePointManager',
  'System.Net.WebException',
  'System.Net.WebRequest',
  'System.Security.Cryptography.SHA256',
  'System.Text.Encoding',
]);

/** Operators that came after 5.1, or that the grammar would take without saying so. */
const LATER_OPERATORS = new Set(['&&', '||', '?', '??', '??=', '?.', '?[']);

export interface Script {
  readonly name: string;
  readonly text: string;
}

export function scripts(): readonly Script[] {
  return readdirSync(SCRIPTS)
    .filter((name) => name.endsWith('.ps1'))
    .map((name) => ({ name, text: readFileSync(path.join(SCRIPTS, name), 'utf8') }));
}

/** Parses texts; the result has the tree of each. */
export function parseAll(texts: readonly string[]): ReadonlyMap<string, Node> {
  // Optimising the grammar would take V8 half a minute, for parsing that takes none.
  const output = execFileSync(process.execPath, ['--liftoff-only', PARSER], {
    input: JSON.stringify(texts),
    maxBuffer: 64 * 1024 * 1024,
  });
  const trees = JSON.parse(output.toString()) as readonly PlainNode[];
  return new Map(
    texts.map((text, index) => {
      const tree = trees[index];
      if (tree === undefined) throw new Error('the parser gave no tree');
      return [text, nodeOf(tree, text, null)];
    }),
  );
}

function nodeOf(
  { type, from, to, line, broken, children }: PlainNode,
  text: string,
  parent: Node | null,
): Node {
  const below: Node[] = [];
  const node: Node = { type, text: text.slice(from, to), line, broken, parent, children: below };
  below.push(...children.map((child) => nodeOf(child, text, node)));
  return node;
}

/** A node and all below it. */
export function all(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(all)];
}

export function ofType(root: Node, type: string): readonly Node[] {
  return all(root).filter((node) => node.type === type);
}

/** What a script has that Windows PowerShell 5.1 would not take, each with its line. */
export function faultsOf(root: Node): readonly string[] {
  const own = new Map(
    ofType(root, 'function_statement').map((node) => [
      textOfChild(node, 'function_name'),
      ofType(node, 'script_parameter').map((parameter) => textOfChild(parameter, 'variable').slice(1)),
    ]),
  );
  return all(root).flatMap((node) => {
    const at = `line ${node.line}`;
    if (node.broken) return [`${at}: not understood: ${node.text.slice(0, 60)}`];
    if (LATER_OPERATORS.has(node.type) || node.type === 'pipeline_chain_tail')
      return [`${at}: the operator ${node.text} came after 5.1`];
    if (node.type === 'type_name' && !isTypeSpec(node, TYPES))
      return [`${at}: the type ${node.text} is not listed`];
    if (node.type === 'command') return commandFaults(node, own).map((fault) => `${at}: ${fault}`);
    return [];
  });
}

/** A type is one of the list, or part of one that is. */
function isTypeSpec(node: Node, types: ReadonlySet<string>): boolean {
  const whole = ancestor(node, 'type_literal')?.text.slice(1, -1) ?? node.text;
  return types.has(whole);
}

function ancestor(node: Node, type: string): Node | null {
  for (let up = node.parent; up !== null; up = up.parent) if (up.type === type) return up;
  return null;
}

function commandFaults(command: Node, own: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const name = textOfChild(command, 'command_name');
  // `& <path>` has an expression in place of a name.
  if (name === '') return [];
  const known = CMDLETS[name] ?? own.get(name);
  if (known === undefined) return [`${name} is neither a listed cmdlet nor a function of the script`];
  const parameters = ofType(command, 'command_parameter').filter(
    (node) => ancestor(node, 'command') === command,
  );
  return parameters
    .map((node) => node.text.replace(/^-|:$/g, ''))
    .filter((parameter) => !known.includes(parameter))
    .map((parameter) => `${name} has no listed parameter -${parameter}`);
}

/** The text of the first child of a kind; empty without one. */
export function textOfChild(node: Node, type: string): string {
  return node.children.find((child) => child.type === type)?.text ?? '';
}
