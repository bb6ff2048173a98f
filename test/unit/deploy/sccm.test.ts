/** The scripts for Configuration Manager: what can be told of them without Windows PowerShell. docs/sccm.md has what cannot. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { installService } from '../../../src/cli/serviceCommand';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import { MemoryServiceManager } from '../../support/memoryServiceManager';
import { temporaryFolder } from '../../support/temporaryFolder';
import { version } from '../../../package.json';
import { contract, type Operation } from './contract';
import { all, faultsOf, type Node, ofType, parseAll, type Script, scripts } from './powershell';

const SCRIPTS = scripts();
const CALLERS = SCRIPTS.filter(({ text }) => text.includes('Invoke-Sensorproxy'));
/** What the checker must see, and what it must let pass. */
const BAD: readonly (readonly [string, string])[] = [
  ['Get-Item -LiteralPath a && Get-Item -LiteralPath b', 'the operator'],
  ['$x = $a ?? $b', 'not understood'],
  ['$x = $a ? 1 : 2', 'not understood'],
  ['$x = $a?.b', 'not understood'],
  ['if ($x) { Test-Path -LiteralPath $x', 'not understood'],
  ['Get-ADUser -Filter x', 'neither a listed cmdlet'],
  ['ConvertFrom-Json -InputObject $x -AsHashtable', 'no listed parameter -AsHashtable'],
  ['$x = [System.Text.Json.JsonDocument]::Parse($y)', 'is not listed'],
  ['Write-Output -InputObject "a $(Get-Secret x) b"', 'neither a listed cmdlet'],
];
const GOOD = [
  '$x = [string] (Get-ItemProperty -LiteralPath $key -Name "a").a',
  'function Get-It {\n  param([string] $Name)\n  return $Name\n}\nGet-It -Name "x"',
  '@($a | Where-Object { $_.b -ne 1 -and $_.c -like "d*" }) -join ", "',
];

let trees: ReadonlyMap<string, Node>;
beforeAll(() => {
  trees = parseAll([...SCRIPTS.map(({ text }) => text), ...BAD.map(([text]) => text), ...GOOD]);
});

function parse(text: string): Node {
  const tree = trees.get(text);
  if (tree === undefined) throw new Error('this text was not parsed');
  return tree;
}

const named = (name: string): Script => {
  const found = SCRIPTS.find((script) => script.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

/** The string literals of a script, without their quotes. */
const stringsOf = ({ text }: Script): readonly string[] =>
  ofType(parse(text), 'string_literal').map((node) => node.text.slice(1, -1));

/** What a script asks of the service. */
function operationsOf(script: Script): readonly Operation[] {
  return ofType(parse(script.text), 'command').flatMap(({ text }) => {
    const [, method = '', where = ''] =
      /^Invoke-Sensorproxy -Method '([A-Z]+)' -Path ["']([^"'?$]+)/.exec(text) ?? [];
    return method === '' ? [] : [contract.operation(method, where)];
  });
}

describe('the scripts', () => {
  it('are those of docs/sccm.md', () => {
    const names = SCRIPTS.map(({ name }) => name).sort();
    expect(names).toEqual([
      'Detect-Sensorproxy.ps1',
      'Discover-EndpointHealth.ps1',
      'Discover-ProxyDrift.ps1',
      'Install-Sensorproxy.ps1',
      'Repair-ProxyDrift.ps1',
    ]);
    const page = readFileSync(path.join(__dirname, '..', '..', '..', 'docs', 'sccm.md'), 'utf8');
    expect(names.filter((name) => !page.includes(name))).toEqual([]);
  });

  it.each(SCRIPTS)('$name is PowerShell, of what 5.1 has', ({ text }) => {
    expect(faultsOf(parse(text))).toEqual([]);
  });

  it.each(SCRIPTS)('$name is plain ASCII with bare line feeds, strict, and stops at an error', ({ text }) => {
    expect(/^[\n\x20-\x7e]*\n$/.test(text)).toBe(true);
    const [first = ''] = text.split('\n');
    expect(first).toBe('#requires -Version 5.1');
    expect(text).toContain("\n)\nSet-StrictMode -Version Latest\n$ErrorActionPreference = 'Stop'\n");
  });

  it.each(SCRIPTS)(
    '$name ends in an exit code on each way, and tells of an error on standard error',
    ({ text }) => {
      const [body] = ofType(parse(text), 'try_statement').slice(-1);
      const outermost = text.slice(text.lastIndexOf('\ntry {'));
      expect(body).toBeDefined();
      expect(outermost).toMatch(/\n {4}exit 0\n} catch {|throw "[^\n]+"\n} catch {/);
      expect(outermost).toMatch(
        /\n {4}(?:Write-Failure -Text|\[Console\]::Error\.WriteLine\()[^\n]+\n {4}exit 1\n}\n$/,
      );
    },
  );

  it('share their functions to the letter, since each is run as one file', () => {
    for (const region of ['Service', 'Contexts', 'Registered']) {
      const texts = SCRIPTS.flatMap(({ text }) => {
        const [, shared] = new RegExp(`#region ${region}\\n([^]*?)#endregion`).exec(text) ?? [];
        return shared === undefined ? [] : [shared];
      });
      expect([region, texts.length > 1, new Set(texts).size]).toEqual([region, true, 1]);
    }
  });
});

describe('a discovery script', () => {
  it.each(SCRIPTS.filter(({ name }) => name.startsWith('Discover')))(
    '$name writes one line, that it is compliant or that it is not and why',
    ({ text }) => {
      const written = ofType(parse(text), 'command').filter((node) => node.text.startsWith('Write-Output'));
      expect(written.map((node) => node.text)).toEqual([
        "Write-Output -InputObject ($verdict -replace '[\\r\\n]+', ' ')",
      ]);
      const verdicts = [...text.matchAll(/\$verdict = (["'])(.*)\1$/gm)].map(([, , verdict = '']) => verdict);
      expect(verdicts.length).toBeGreaterThan(1);
      expect(verdicts.filter((verdict) => !/^(?:Compliant$|NonCompliant: )/.test(verdict))).toEqual([]);
    },
  );
});

describe('what the scripts ask of the service', () => {
  it.each(CALLERS)('$name: each path, method, query and field is in the contract', (script) => {
    const root = parse(script.text);
    const operations = operationsOf(script);
    expect(operations.length).toBeGreaterThan(0);
    const asked = ofType(root, 'command').filter(({ text }) => text.startsWith('Invoke-Sensorproxy'));
    expect(operations).toHaveLength(asked.length);

    const queries = stringsOf(script).flatMap((text) =>
      [...text.matchAll(/[?&](\w+)=/g)].map(([, name = '']) => name),
    );
    const known = operations.flatMap(({ parameters }) => parameters);
    expect(queries.filter((name) => !known.includes(name))).toEqual([]);

    // JSON's fields begin small, those of .NET and of the scripts' own objects with a capital.
    const fields = ofType(root, 'member_name')
      .filter(({ parent }) => parent?.children.some(({ type }) => type === '.'))
      .flatMap(({ text }) => (/^[a-z]/.test(text) ? [text] : []));
    const answers = new Set(operations.flatMap(({ answers: names }) => names));
    expect(fields.length).toBeGreaterThan(5);
    expect([...new Set(fields)].filter((name) => !answers.has(name))).toEqual([]);
  });

  it('Repair-ProxyDrift.ps1: the copy’s body and key are in the contract', () => {
    const script = named('Repair-ProxyDrift.ps1');
    const root = parse(script.text);
    const keys = [
      ...ofType(root, 'hash_entry').map(({ text }) => /^(\w+)/.exec(text)?.[1] ?? ''),
      ...ofType(root, 'element_access').map(({ text }) => /\['(\w+)'\]/.exec(text)?.[1] ?? ''),
    ].filter((key) => /^[a-z]/.test(key) && key !== 'code');
    expect(keys.sort()).toEqual(['reason', 'restartSensor', 'source', 'targets', 'ticket']);
    const copy = contract.operation('POST', '/proxy/copy');
    expect(keys.filter((key) => !copy.body.includes(key))).toEqual([]);
    expect(copy.headers).toContain('Idempotency-Key');
  });

  it('the words that they compare with are the contract’s', () => {
    const listed = (name: string, variable: string) => {
      const [, list = ''] = new RegExp(`\\$${variable} = @\\(([^)]*)\\)`).exec(named(name).text) ?? [];
      return [...list.matchAll(/'([^']*)'/g)].map(([, word = '']) => word);
    };
    const comparisons = contract.words('ProxyContext', 'comparison');
    expect(listed('Discover-ProxyDrift.ps1', 'same')).toEqual(['identical', 'equivalent']);
    expect(comparisons).toEqual(expect.arrayContaining(['identical', 'equivalent']));
    expect(listed('Discover-EndpointHealth.ps1', 'good')).toEqual(['healthy', 'degraded']);
    expect(contract.words('EndpointCheck', 'status')).toEqual(
      expect.arrayContaining(['healthy', 'degraded']),
    );
    expect(contract.words('SensorRestartOutcome', 'status')).toContain('restarted');
  });
});

describe('the detection method', () => {
  it('asks for the version of this package', () => {
    expect(named('Detect-Sensorproxy.ps1').text).toContain(`[version] $RequiredVersion = '${version}'`);
  });

  it('reads folder and options out of what service install registers, and takes no other program for the package', async () => {
    const folder = await temporaryFolder();
    const registry = await openRegFile(path.join(folder.path, 'registry.reg'), {
      createFrom: () => Buffer.from('Windows Registry Editor Version 5.00\r\n'),
    });
    try {
      const registered = async (node: string, script: string) => {
        const manager = new MemoryServiceManager(registry);
        const parts = { manager, registry, secureFolder: () => [], requireTrustedOwner: () => undefined };
        await installService(
          { ...parts, program: { node, script }, waitMs: 400 },
          {
            configFile: 'D:\\sensor proxy\\settings.env',
            dataDir: folder.path,
            url: 'http://127.0.0.1:8484',
          },
        );
        return manager.made[0]?.commandLine ?? '';
      };
      const text = named('Install-Sensorproxy.ps1').text;
      const pattern = new RegExp(/\$commandLine -match '(.*)'\)/.exec(text)?.[1] ?? '(?!)');
      const root = 'C:\\Program Files\\sensorproxy\\sensorproxy-0.1.0';
      const [, place, options = ''] =
        pattern.exec(await registered(`${root}\\node.exe`, `${root}\\app\\main.js`)) ?? [];
      expect(place).toBe(root);
      const option = (name: string) =>
        new RegExp(new RegExp(`-match '(--${name} .*)'\\)`).exec(text)?.[1] ?? '(?!)').exec(options)?.[1];
      expect([option('data-dir'), option('config')]).toEqual([folder.path, 'D:\\sensor proxy\\settings.env']);
      expect(pattern.exec(await registered('C:\\nodejs\\node.exe', 'C:\\dev\\dist\\main.js'))).toBeNull();
    } finally {
      await registry.close();
      await folder.remove();
    }
  });
});

describe('the checker', () => {
  it.each(BAD)('sees what is wrong with: %s', (text, fault) => {
    expect(faultsOf(parse(text)).join('\n')).toContain(fault);
  });

  it.each(GOOD)('finds nothing wrong with: %s', (text) => {
    expect(faultsOf(parse(text))).toEqual([]);
    expect(all(parse(text)).length).toBeGreaterThan(5);
  });
});
