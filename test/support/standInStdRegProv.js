/**
 * WMI's StdRegProv for the stand-in of cscript.exe: its methods, with the return codes and the quirks that Windows' own
 * has. Keys are `HKU\S-1-5-19\Software`, each with a list of values `{ name, type, data }`, data in hex. The users' hives
 * that are loaded are those that have keys here. `deny` is a key that may not be used, `loseWrites` makes each write report
 * success and do nothing.
 */
const { Buffer } = require('node:buffer');

const SUCCESS = 0;
const FILE_NOT_FOUND = 2;
const ACCESS_DENIED = 5;
const INVALID_PARAMETER = 87;
const INVALID_DATA = 13;

const ENVIRONMENT = { SYSTEMROOT: 'C:\\Windows', SYSTEMDRIVE: 'C:', PROGRAMFILES: 'C:\\Program Files' };

const fold = (name) => name.toUpperCase();

class StdRegProv {
  constructor() {
    this.keys = new Map();
    this.deny = undefined;
    this.loseWrites = false;
  }

  // The key as it is stored, or undefined. S-1-5-18 is a link to .DEFAULT.
  find(hive, subkey) {
    const path = fold(subkey === '' ? hive : `${hive}\\${subkey}`);
    const real = path.replace(/^HKU\\S-1-5-18(?=\\|$)/, 'HKU\\.DEFAULT');
    for (const name of this.keys.keys()) if (fold(name) === real) return name;
    return undefined;
  }

  denied(hive, subkey) {
    const path = fold(`${hive}\\${subkey}`);
    const deny = this.deny === undefined ? undefined : fold(this.deny);
    return deny !== undefined && (path === deny || path.startsWith(`${deny}\\`));
  }

  value(hive, subkey, name, type) {
    const key = this.find(hive, subkey);
    if (key === undefined || this.denied(hive, subkey)) return undefined;
    const found = this.keys.get(key).find((value) => fold(value.name) === fold(name ?? ''));
    return found === undefined || found.type !== type ? undefined : Buffer.from(found.data, 'hex');
  }

  EnumKey(hive, subkey) {
    const key = this.find(hive, subkey);
    if (key === undefined) return { code: FILE_NOT_FOUND, names: null };
    if (this.denied(hive, subkey)) return { code: ACCESS_DENIED, names: null };
    const names = [...this.keys.keys()]
      .filter((name) => name.startsWith(`${key}\\`) && !name.slice(key.length + 1).includes('\\'))
      .map((name) => name.slice(key.length + 1));
    if (key === 'HKU' && names.includes('.DEFAULT')) names.push('S-1-5-18');
    return { code: SUCCESS, names: names.length === 0 ? null : names };
  }

  EnumValues(hive, subkey) {
    const key = this.find(hive, subkey);
    if (key === undefined) return { code: FILE_NOT_FOUND, names: null, types: null };
    const values = this.keys.get(key);
    // A default value that stands alone is not listed.
    if (values.every(({ name }) => name === '')) return { code: SUCCESS, names: null, types: null };
    return {
      code: SUCCESS,
      names: values.map(({ name }) => name),
      types: values.map(({ type }) => type),
    };
  }

  CreateKey(hive, subkey) {
    if (this.denied(hive, subkey)) return ACCESS_DENIED;
    const parts = subkey.split('\\');
    if (hive === 'HKU' && this.find(hive, parts[0]) === undefined) return INVALID_PARAMETER;
    if (this.loseWrites) return SUCCESS;
    let parent = this.find(hive, '');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const found = this.find(hive, parts.slice(0, depth).join('\\'));
      const name = found ?? `${parent}\\${parts[depth - 1]}`;
      if (found === undefined) this.keys.set(name, []);
      parent = name;
    }
    return SUCCESS;
  }

  DeleteValue(hive, subkey, name) {
    const key = this.find(hive, subkey);
    if (key === undefined) return FILE_NOT_FOUND;
    if (this.denied(hive, subkey)) return ACCESS_DENIED;
    const values = this.keys.get(key);
    const index = values.findIndex((value) => fold(value.name) === fold(name));
    if (index < 0) return FILE_NOT_FOUND;
    if (!this.loseWrites) values.splice(index, 1);
    return SUCCESS;
  }

  set(hive, subkey, name, type, data) {
    const key = this.find(hive, subkey);
    if (key === undefined) return FILE_NOT_FOUND;
    if (this.denied(hive, subkey)) return ACCESS_DENIED;
    const values = this.keys.get(key);
    const found = values.find((value) => fold(value.name) === fold(name));
    const hex = data.toString('hex');
    if (this.loseWrites) return SUCCESS;
    if (found === undefined) values.push({ name, type, data: hex });
    else Object.assign(found, { type, data: hex });
    return SUCCESS;
  }

  SetStringValue(hive, subkey, name, text) {
    return this.set(hive, subkey, name, 1, terminated(text));
  }

  SetExpandedStringValue(hive, subkey, name, text) {
    return this.set(hive, subkey, name, 2, terminated(text));
  }

  // uValue[] is uint8: a number beyond it does not become one.
  SetBinaryValue(hive, subkey, name, numbers) {
    if (numbers.length === 0 || numbers.some((number) => number < 0 || number > 255)) return INVALID_DATA;
    return this.set(hive, subkey, name, 3, Buffer.from(numbers));
  }

  SetDWORDValue(hive, subkey, name, number) {
    const data = Buffer.alloc(4);
    data.writeUInt32LE(number);
    return this.set(hive, subkey, name, 4, data);
  }

  SetQWORDValue(hive, subkey, name, digits) {
    const data = Buffer.alloc(8);
    data.writeBigUInt64LE(BigInt(digits));
    return this.set(hive, subkey, name, 11, data);
  }

  SetMultiStringValue(hive, subkey, name, strings) {
    return this.set(hive, subkey, name, 7, Buffer.concat([...strings.map(terminated), Buffer.alloc(2)]));
  }

  GetStringValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 1);
    return data === undefined ? null : upToNul(data);
  }

  GetExpandedStringValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 2);
    if (data === undefined) return null;
    return upToNul(data).replace(/%([^%]+)%/g, (whole, variable) => ENVIRONMENT[fold(variable)] ?? whole);
  }

  GetBinaryValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 3);
    return data === undefined || data.length === 0 ? null : [...data];
  }

  // A uint32 comes to VBScript as a signed Long.
  GetDWORDValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 4);
    return data?.length === 4 ? data.readInt32LE() : null;
  }

  // A uint64 comes to VBScript as a string.
  GetQWORDValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 11);
    return data?.length === 8 ? String(data.readBigUInt64LE()) : null;
  }

  GetMultiStringValue(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 7);
    if (data === undefined) return null;
    const strings = data.toString('utf16le').split('\0');
    const end = strings.indexOf('');
    const list = end < 0 ? strings : strings.slice(0, end);
    return list.length === 0 ? null : list;
  }

  // WshShell.RegRead, which is not WMI but looks at the same store: a REG_EXPAND_SZ comes as it is stored.
  RegRead(hive, subkey, name) {
    const data = this.value(hive, subkey, name, 2) ?? this.value(hive, subkey, name, 1);
    return data === undefined ? null : upToNul(data);
  }
}

function terminated(text) {
  return Buffer.from(`${text.split('\0')[0]}\0`, 'utf16le');
}

function upToNul(data) {
  return data.toString('utf16le').split('\0')[0];
}

module.exports = { StdRegProv };
