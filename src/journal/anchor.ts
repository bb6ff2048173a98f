/**
 * The journal's anchor: how far it goes. A chain alone does not tell that its end was cut off; the anchor does. Two slots of
 * one file are written in turn, so that one of them is whole whenever the process is killed.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { systemCodeOf } from '../lib/errors';
import type { Logger } from '../lib/logger';

/** The last line that was written. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
}

const SLOT_BYTES = 256;
const SLOT = /^(\d{15}) ([0-9a-f]{64}) ([0-9a-f]{64})\n/;

/** The file, open. */
export interface AnchorFile {
  /** The newest whole slot; null without one. */
  read(): Promise<Anchor | null>;
  /** When it resolves, the anchor is on the disk. */
  write(anchor: Anchor): Promise<void>;
  /** Takes an anchor back whose line could not be written after all; the one before it stands. */
  withdraw(seq: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the file, or makes it. Rejects with the system's error. */
export async function openAnchorFile(location: string): Promise<AnchorFile> {
  const file = await open(location, 'r+').catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return open(location, 'wx+', 0o600);
    throw error;
  });
  return {
    read: () => readSlots(file),
    write: (anchor) => writeSlot(file, anchor.seq, slotText(anchor)),
    withdraw: async (seq) => {
      if ((await readSlots(file))?.seq === seq) await writeSlot(file, seq, '');
    },
    close: () => file.close(),
  };
}

/** Reads an anchor file without opening it for writing; null when there is none or nothing whole in it. */
export async function readAnchor(location: string): Promise<Anchor | null> {
  const file = await open(location, 'r').catch(() => null);
  if (file === null) return null;
  try {
    return await readSlots(file);
  } finally {
    await file.close();
  }
}

/**
 * Where the chain goes on. An append that was killed leaves the anchor one line behind. An anchor that is ahead tells that
 * lines are missing, and one of another line that the last was replaced: the next entry is chained to what was there, so that
 * it stays in the open.
 */
export async function anchored(anchor: AnchorFile, last: Anchor, logger: Logger): Promise<Anchor> {
  const noted = await anchor.read();
  if (noted !== null && noted.seq > last.seq) {
    logger.error('the journal is shorter than it was: entries are missing at its end', {
      entries: last.seq,
      were: noted.seq,
    });
    return noted;
  }
  if (noted !== null && noted.seq === last.seq && noted.hash !== last.hash) {
    logger.error('the last entry of the journal is not the one that was written last', { entries: last.seq });
    return noted;
  }
  // One line may have come before its anchor.
  if (noted === null && last.seq > 1) {
    logger.error('the journal has lost its anchor: whether entries are missing at its end cannot be told', {
      entries: last.seq,
    });
  }
  if (last.seq > (noted?.seq ?? 0)) await anchor.write(last);
  return last;
}

async function writeSlot(file: FileHandle, seq: number, text: string): Promise<void> {
  const slot = Buffer.alloc(SLOT_BYTES, ' ');
  slot.write(text, 'latin1');
  await file.write(slot, 0, SLOT_BYTES, (seq % 2) * SLOT_BYTES);
  await file.datasync();
}

async function readSlots(file: FileHandle): Promise<Anchor | null> {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  await file.read(bytes, 0, bytes.length, 0);
  const slots = [0, SLOT_BYTES].map((at) => parseSlot(bytes.toString('latin1', at, at + SLOT_BYTES)));
  return slots.reduce(
    (newest, slot) => (slot !== null && slot.seq > (newest?.seq ?? 0) ? slot : newest),
    null,
  );
}

function slotText({ seq, hash }: Anchor): string {
  const text = `${String(seq).padStart(15, '0')} ${hash}`;
  return `${text} ${createHash('sha256').update(text).digest('hex')}\n`;
}

function parseSlot(text: string): Anchor | null {
  const [, seq, hash] = SLOT.exec(text) ?? [];
  if (seq === undefined || hash === undefined) return null;
  const anchor = { seq: Number(seq), hash };
  return text.startsWith(slotText(anchor)) ? anchor : null;
}
