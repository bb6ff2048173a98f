/**
 * The smallest registry hive that other programs open: a base block, one bin, a root key without a name of weight, and a
 * security descriptor, which hivex passes on to new keys. Layout: "Windows registry file format specification", M. Suhanov.
 */
export function emptyHive(): Buffer {
  const hive = Buffer.alloc(8192);
  hive.write('regf', 0);
  hive.writeUInt32LE(1, 4); // both sequence numbers alike: nothing is pending
  hive.writeUInt32LE(1, 8);
  hive.writeUInt32LE(1, 20); // version 1.3
  hive.writeUInt32LE(3, 24);
  hive.writeUInt32LE(1, 32); // loaded directly
  hive.writeUInt32LE(ROOT, 36);
  hive.writeUInt32LE(4096, 40); // bytes in bins
  hive.writeUInt32LE(1, 44);
  let checksum = 0;
  for (let i = 0; i < 508; i += 4) checksum ^= hive.readUInt32LE(i);
  hive.writeUInt32LE(checksum >>> 0, 508);

  const bin = hive.subarray(4096);
  bin.write('hbin', 0);
  bin.writeUInt32LE(4096, 8);
  rootKey(bin.subarray(ROOT, SECURITY));
  security(bin.subarray(SECURITY, FREE));
  bin.writeInt32LE(4096 - FREE, FREE); // a positive size: free
  return hive;
}

const ROOT = 0x20;
const SECURITY = ROOT + 88;
const FREE = SECURITY + 48;
const NONE = 0xffffffff;

function rootKey(cell: Buffer): void {
  cell.writeInt32LE(-cell.length, 0);
  const key = cell.subarray(4);
  key.write('nk', 0);
  key.writeUInt16LE(0x2c, 2); // root of a hive, not to be deleted, name in one byte a character
  key.writeUInt32LE(NONE, 16); // parent
  for (const list of [28, 32, 40, 48]) key.writeUInt32LE(NONE, list); // subkeys, volatile ones, values, class
  key.writeUInt32LE(SECURITY, 44);
  key.writeUInt16LE(4, 72);
  key.write('root', 76);
}

function security(cell: Buffer): void {
  cell.writeInt32LE(-cell.length, 0);
  const record = cell.subarray(4);
  record.write('sk', 0);
  record.writeUInt32LE(SECURITY, 4); // a ring of one
  record.writeUInt32LE(SECURITY, 8);
  record.writeUInt32LE(1, 12);
  record.writeUInt32LE(20, 16);
  record.writeUInt8(1, 20); // an empty self-relative descriptor
  record.writeUInt16LE(0x8000, 22);
}
