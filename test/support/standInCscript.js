/**
 * What stands in for Windows' cscript.exe with the scripts of the package regedit: it does, statement by statement, what
 * they do, their faults included, over a registry of its own ({@link StdRegProv}). It has nothing of the product's.
 */
const { existsSync } = require('node:fs');
const { basename } = require('node:path');

const HIVES = ['HKCR', 'HKCU', 'HKLM', 'HKU', 'HKCC'];
const TYPES = {
  0: 'REG_NONE',
  1: 'REG_SZ',
  2: 'REG_EXPAND_SZ',
  3: 'REG_BINARY',
  4: 'REG_DWORD',
  7: 'REG_MULTI_SZ',
  11: 'REG_QWORD',
};

/** WScript.Quit. */
class Quit extends Error {
  constructor(code) {
    super();
    this.code = code;
  }
}

/** A run-time error of VBScript that nobody catches. */
class ScriptError extends Error {}

let out = [];
let err = '';
let registry;

/**
 * Runs a script with these arguments (the architecture) and this input, and gives what it prints and its exit code.
 * `misbehave` says what is done in its place.
 */
function runScript(provider, { script, args, input, misbehave }) {
  out = [];
  err = '';
  registry = provider;
  const code = misbehave === undefined ? interpret(script, args, input) : MISBEHAVIOURS[misbehave](script);
  return { code, stdout: out.join(''), stderr: err };
}

/** How cscript.exe or a script fails, each with its exit code. */
const MISBEHAVIOURS = {
  noEngine(script) {
    err = `CScript Error: Can't find script engine "VBScript" for script "${script}".\r\n`;
    return 1;
  },
  garbage() {
    write('Microsoft (R) Windows Script Host\r\n{"not": "what was asked for"}\r\n');
    return 0;
  },
  flood() {
    write('x'.repeat(17 * 1024 * 1024));
    return 0;
  },
  nothing: () => 0,
  errorWithExit0(script) {
    err = `${script}(13, 3) Microsoft VBScript runtime error: Type mismatch\r\n`;
    return 0;
  },
};

function interpret(script, [architecture], input) {
  const body = SCRIPTS[basename(script)];
  if (body === undefined || !existsSync(script)) {
    err = `Input Error: Can not find script file "${script}".\r\n`;
    return 1;
  }
  try {
    if (architecture !== 'A') throw new Quit(25124);
    body(linesOf(input));
    return 0;
  } catch (error) {
    if (error instanceof Quit) return error.code;
    if (!(error instanceof ScriptError)) throw error;
    // cscript.exe ends with 0 all the same.
    err += `${script}(1, 1) Microsoft VBScript runtime error: ${error.message}\r\n`;
    return 0;
  }
}

/** The lines up to the first empty one: `Do While Not stdin.AtEndOfLine`. */
function* linesOf(input) {
  for (const line of input.split('\r\n')) {
    if (line === '') return;
    yield unescape(line.replace(/^ +| +$/g, ''));
  }
}

const SCRIPTS = {
  'regListStream.wsf'(lines) {
    for (const line of lines) {
      const [hive, subkey] = parseHiveAndSubKey(line);
      write(`{ "key" : "${jsonSafe(line)}", "data": `);
      listChildrenAsJson(hive, subkey);
      write('}\r\n');
    }
  },

  'wsRegReadListStream.wsf'(lines) {
    for (const line of lines) {
      const [hive, subkey, name] = parseHiveAndSubKeyAndValue(line);
      write(`{ "path" : "${jsonSafe(line)}", `);
      // WshShell.RegRead knows no HKU.
      const result = hive === 'HKU' || hive === 'HKCC' ? null : registry.RegRead(hive, subkey, name);
      if (result === null) throw new ScriptError(`Unable to open registry key "${line}" for reading.`);
      write(`"exists": true, "value": "${jsonSafe(result)}"}\r\n`);
    }
  },

  'regCreateKey.wsf'(lines) {
    for (const line of lines) {
      if (line === '') throw new Quit(25127);
      const [hive, subkey] = parseHiveAndSubKey(line);
      const result = registry.CreateKey(hive, subkey);
      if (result !== 0) throw new Quit(result);
    }
  },

  'regDeleteValue.wsf'(lines) {
    for (const line of lines) {
      const [hive, subkey, name] = parseHiveAndSubKeyAndValue(line);
      const result = registry.DeleteValue(hive, subkey, name);
      if (result !== 0) throw new Quit(result);
    }
  },

  'regPutValue.wsf'(lines) {
    let lineArgs = [];
    for (const line of lines) {
      if (line === '') throw new Quit(25127);
      lineArgs.push(line);
      if (lineArgs.length < 4) continue;
      const [hive, subkey] = parseHiveAndSubKey(lineArgs[0]);
      const result = putValue(hive, subkey, lineArgs[1], lineArgs[2], lineArgs[3]);
      if (result !== 0) {
        err += `error while putting value: ${result}\r\n`;
        throw new Quit(result);
      }
      lineArgs = [];
    }
    if (lineArgs.length !== 0) throw new Quit(25123);
  },
};

function putValue(hive, subkey, name, text, type) {
  switch (type.toUpperCase()) {
    case 'REG_EXPAND_SZ':
      return registry.SetExpandedStringValue(hive, subkey, name, text);
    case 'REG_BINARY':
    case 'REG_NONE':
      return registry.SetBinaryValue(hive, subkey, name, text.split(',').map(cInt));
    case 'REG_DWORD':
      return registry.SetDWORDValue(hive, subkey, name, numeric(text, 'CDbl'));
    case 'REG_MULTI_SZ':
      return registry.SetMultiStringValue(hive, subkey, name, text.split(','));
    case 'REG_QWORD':
      return registry.SetQWORDValue(hive, subkey, name, text);
    case 'REG_DEFAULT':
      return registry.SetStringValue(hive, subkey, '', text);
    default:
      return registry.SetStringValue(hive, subkey, name, text);
  }
}

function listChildrenAsJson(hive, subkey) {
  write('{');
  const { code: e1, names: keyNames } = registry.EnumKey(hive, subkey);
  let valueNames = null;
  let valueTypes = null;
  if (e1 !== 0) write('"exists": false,');
  else {
    write('"exists": true,');
    const { code: e2, names, types } = registry.EnumValues(hive, subkey);
    if (e2 !== 0) throw new Quit(e2);
    valueNames = names;
    valueTypes = types;
  }
  write('"keys": [');
  write((keyNames ?? []).map((name) => `"${jsonSafe(name)}"`).join(','));
  write('],');
  write('"values":{');
  if (valueNames !== null) {
    // It keeps what the last value gave when the type is one that the script does not know.
    let varValue;
    valueNames.forEach((name, y) => {
      if (y > 0) write(',');
      varValue = valueByType(hive, subkey, { name, type: valueTypes[y] }, varValue);
      writeValue(name, valueTypes[y], varValue);
    });
  } else {
    const defaultValue = registry.GetStringValue(hive, subkey, '');
    if (defaultValue !== null && defaultValue !== '') writeValue('', 1, defaultValue);
  }
  write('}}');
}

function writeValue(name, type, varValue) {
  write('"');
  write(jsonSafe(name));
  write('":{');
  write('"type": "');
  write(TYPES[type] ?? unknownType(type, 'REG_UNKNOWN'));
  write('",');
  write('"value":');
  write(renderValueByType(type, varValue));
  write('}');
}

function valueByType(hive, subkey, { name, type }, before) {
  switch (type) {
    case 0:
      return before;
    case 1:
      return registry.GetStringValue(hive, subkey, name);
    case 2:
      return registry.GetExpandedStringValue(hive, subkey, name);
    case 3:
      return registry.GetBinaryValue(hive, subkey, name);
    case 4: {
      const number = registry.GetDWORDValue(hive, subkey, name);
      return number !== null && number < 0 ? 4294967296 + number : number;
    }
    case 7:
      return registry.GetMultiStringValue(hive, subkey, name);
    case 11:
      return registry.GetQWORDValue(hive, subkey, name);
    default:
      return unknownType(type, before);
  }
}

function renderValueByType(type, varValue) {
  switch (type) {
    case 0:
      return '0';
    case 1:
    case 2:
      return `"${jsonSafe(varValue)}"`;
    case 3:
      return varValue === null ? '[]' : `[${varValue.join(',')}]`;
    case 4:
    case 11:
      return varValue;
    case 7:
      return `[${(varValue ?? []).map((text) => `"${jsonSafe(text)}"`).join(',')}]`;
    default:
      return unknownType(type, undefined);
  }
}

/** The script complains, in WMI's signed numbers, and goes on. */
function unknownType(type, result) {
  err += `invalid Registry Value Type ${type | 0}`;
  return result;
}

function parseHiveAndSubKey(line) {
  const at = line.indexOf('\\');
  return at < 0 ? [hiveOf(line, line), ''] : [hiveOf(line.slice(0, at), line), line.slice(at + 1)];
}

function parseHiveAndSubKeyAndValue(line) {
  const parts = line.split('\\');
  if (parts.length === 1) return [hiveOf(line, line), '', ''];
  return [hiveOf(parts[0], line), parts.slice(1, -1).join('\\'), parts.at(-1)];
}

function hiveOf(name, line) {
  const hive = name.toUpperCase();
  if (HIVES.includes(hive)) return hive;
  err += `unsupported hive ${line}\r\n`;
  throw new Quit(25122);
}

/** As in util.vbs: a line break is escaped twice. */
function jsonSafe(text) {
  if (text === null) throw new ScriptError("Invalid use of Null: 'Replace'");
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\r\n', '\\\\r\\\\n')
    .replaceAll('\n', '\\\\n')
    .replaceAll('\r', '\\\\r')
    .replaceAll('"', '\\"')
    .replace(/[\u0080-\uffff]/g, (unit) => {
      const code = unit.charCodeAt(0).toString(16).toUpperCase();
      return `\\u${code.padStart(4, '0')}`;
    });
}

function cInt(text) {
  const number = numeric(text, 'CInt');
  if (number < -32768 || number > 32767) throw new ScriptError("Overflow: 'CInt'");
  return Math.round(number);
}

function numeric(text, conversion) {
  if (!/^[+-]?\d+$/.test(text.trim())) throw new ScriptError(`Type mismatch: '${conversion}'`);
  return Number(text);
}

function write(message) {
  if (message === null) throw new ScriptError('Type mismatch');
  out.push(message ?? '');
}

module.exports = { runScript };
