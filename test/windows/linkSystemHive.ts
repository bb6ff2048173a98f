/**
 * Makes `HKU\S-1-5-18` another name of `HKU\.DEFAULT`, as it is on Windows; Wine has only the second. Runs on a Windows
 * Node. RegCreateKeyExW with REG_OPTION_CREATE_LINK, then the value SymbolicLinkValue (REG_LINK), as winnt.h has it.
 */
import { bindRegistry } from '../../src/registry/advapi32/bindings';

const REG_OPTION_VOLATILE_AND_LINK = 0x1 | 0x2;
const KEY_CREATE_LINK_AND_SET_VALUE = 0x20 | 0x2;
const REG_LINK = 6;

const api = bindRegistry();
const opened: [number | bigint] = [0];
const made = api.createKey(
  0x80000003 | 0,
  'S-1-5-18',
  0,
  null,
  REG_OPTION_VOLATILE_AND_LINK,
  KEY_CREATE_LINK_AND_SET_VALUE,
  null,
  opened,
  null,
);
const target = Buffer.from('\\Registry\\User\\.Default', 'utf16le');
const linked =
  made === 0 ? api.setValue(opened[0], 'SymbolicLinkValue', 0, REG_LINK, target, target.length) : made;
process.exit(linked);
