/** What was asked for with an `Idempotency-Key`, and what was answered: kept so that a retry is never done twice. */
import { hash } from 'node:crypto';
import type { Clock } from '../../lib/clock';
import { DomainError, systemCodeOf } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import { Mutex } from '../../lib/mutex';
import { newRecordId } from '../../lib/recordId';
import { type KeyFiles, type KeyRecord, type StoredAnswer, openKeyFiles } from './keyFiles';

/** A request that brings a key. */
export interface KeyedRequest {
  readonly key: string;
  /** Tells one request from another: method, path, body and actor. It holds none of them in the clear. */
  readonly fingerprint: string;
  /** Who asks, by name. */
  readonly actor: string;
  readonly body: unknown;
}

/** What is to be done with a request. */
export type Begun =
  | {
      readonly kind: 'new';
      /** The id that the journal's entry gets, by which what was done is found after a crash. */
      readonly changeId: string;
      /** Keeps the answer; null: it is not final, and the key is free again. Never rejects. */
      finish(answer: StoredAnswer | null): Promise<void>;
    }
  | { readonly kind: 'replay'; readonly answer: StoredAnswer }
  | { readonly kind: 'inUse' }
  | { readonly kind: 'reused' };

/** The keys. */
export interface IdempotencyKeys {
  /** Takes a request. Errors: `idempotency-key-unrecorded`: nothing was done. */
  begin(request: KeyedRequest): Promise<Begun>;
}

/** What the journal says of a change whose process ended before it answered; null: it is not in effect. */
export type InterruptedAnswer = (changeId: string, body: unknown) => Promise<StoredAnswer | null>;

const KEPT_MS = 24 * 60 * 60 * 1000;
const MAX_KEYS = 1000;
/** So that no actor makes the keys of the others go. */
const MAX_KEYS_OF_ONE = 500;
const MAX_BYTES = 64 * 1024 * 1024;

interface Known extends Omit<KeyRecord, 'answer'> {
  /** `interrupted`: an earlier process did not come to an answer. `unreadable`: the file does not say. */
  state: 'running' | 'answered' | 'interrupted' | 'unreadable';
  /** The answer, where its file could not be written. */
  unstored?: StoredAnswer;
  /** What its file takes. */
  sizeBytes: number;
}

/** What the keys need from others. */
export interface KeyParts {
  readonly interrupted: InterruptedAnswer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many are kept; 1000 unless stated. */
  readonly most?: number;
  /** How many of one actor; 500 unless stated. */
  readonly mostOfOne?: number;
}

/** Opens the keys in `<dataDir>/idempotency`. Errors: `idempotency-key-unrecorded`. */
export async function openIdempotencyKeys(dataDir: string, parts: KeyParts): Promise<IdempotencyKeys> {
  const files = await openKeyFiles(dataDir).catch((error: unknown) => {
    throw unrecorded(error);
  });
  const known = new Map<string, Known>();
  for (const { name, record, at, sizeBytes } of await files.list()) {
    if (record === null) {
      parts.logger.error('what is kept of an idempotency key cannot be used', { file: `${name}.json` });
      known.set(name, { name, fingerprint: '', actor: '', changeId: '', at, sizeBytes, state: 'unreadable' });
    } else {
      const { answer, ...rest } = record;
      known.set(name, { ...rest, sizeBytes, state: answer === null ? 'interrupted' : 'answered' });
    }
  }
  return new Keys(files, known, parts);
}

class Keys implements IdempotencyKeys {
  /** Files are written and removed in the order in which that was decided: a name can be taken anew at once. */
  private readonly disk = new Mutex();

  constructor(
    private readonly files: KeyFiles,
    private readonly known: Map<string, Known>,
    private readonly parts: KeyParts,
  ) {}

  async begin(request: KeyedRequest): Promise<Begun> {
    const name = hash('sha256', `${request.actor}\n${request.key}`, 'hex');
    const found = this.known.get(name);
    const current = found !== undefined && !this.isOver(found) ? found : undefined;
    if (current?.state === 'unreadable') throw unrecorded('EBADMSG');
    if (current !== undefined && current.fingerprint !== request.fingerprint) return { kind: 'reused' };
    switch (current?.state) {
      case 'running':
        return { kind: 'inUse' };
      case 'answered':
        return { kind: 'replay', answer: current.unstored ?? (await this.stored(name)) };
      case 'interrupted':
        return this.settle(current, request);
      case undefined:
        return this.start(name, request);
    }
  }

  /** From here to the first await nothing else runs: of many callers, one starts. */
  private async start(name: string, { fingerprint, actor }: KeyedRequest): Promise<Begun> {
    const { clock } = this.parts;
    const own: Known = {
      name,
      fingerprint,
      actor,
      changeId: newRecordId(clock),
      at: clock.now(),
      state: 'running',
      sizeBytes: 0,
    };
    this.known.delete(name);
    this.known.set(name, own);
    try {
      await this.makeRoom(actor);
      await this.write(own, null);
    } catch (error) {
      await this.free(own);
      throw unrecorded(error);
    }
    return { kind: 'new', changeId: own.changeId, finish: (answer) => this.finish(own, answer) };
  }

  /** What an earlier process began: done, it is answered by what the journal says; else it is done now. */
  private async settle(own: Known, request: KeyedRequest): Promise<Begun> {
    own.state = 'running';
    let answer: StoredAnswer | null;
    try {
      answer = await this.parts.interrupted(own.changeId, request.body);
    } catch (error) {
      own.state = 'interrupted';
      throw error;
    }
    if (answer === null) return this.start(own.name, request);
    await this.finish(own, answer);
    return { kind: 'replay', answer };
  }

  private async finish(own: Known, answer: StoredAnswer | null): Promise<void> {
    if (answer === null) {
      await this.free(own);
      return;
    }
    try {
      await this.write(own, answer);
    } catch (error) {
      own.unstored = answer;
      this.log('an answer could not be kept for its idempotency key', error);
    }
    own.state = 'answered';
  }

  private write(own: Known, answer: StoredAnswer | null): Promise<void> {
    return this.disk.run(async () => {
      own.sizeBytes = await this.files.write({ ...recordOf(own), answer });
    });
  }

  /** A file that stays is of a key that is running, which the journal settles at its next use. */
  private async free(own: Known): Promise<void> {
    // It may stand for another request by now.
    if (this.known.get(own.name) !== own) return;
    this.known.delete(own.name);
    await this.disk
      .run(() => this.files.remove(own.name))
      .catch((error: unknown) => {
        this.log('an idempotency key could not be freed', error);
      });
  }

  /** Lets go of what is too old, then of the oldest of whoever has too many, then of the oldest; never of what is running. */
  private async makeRoom(actor: string): Promise<void> {
    const most = this.parts.most ?? MAX_KEYS;
    const mostOfOne = this.parts.mostOfOne ?? MAX_KEYS_OF_ONE;
    const all = [...this.known.values()];
    let count = all.length;
    let ofActor = all.filter((one) => one.actor === actor).length;
    let bytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const one of all) {
      const isOfActor = one.actor === actor;
      const isTooMuch = count > most || bytes > MAX_BYTES || (isOfActor && ofActor > mostOfOne);
      if (one.state === 'running' || !(this.isOver(one) || isTooMuch)) continue;
      count -= 1;
      bytes -= one.sizeBytes;
      if (isOfActor) ofActor -= 1;
      await this.free(one);
    }
  }

  /** A clock that was set back makes ages negative: then nothing is over. */
  private isOver({ at, state }: Known): boolean {
    return state !== 'running' && Date.parse(this.parts.clock.now()) - Date.parse(at) > KEPT_MS;
  }

  private async stored(name: string): Promise<StoredAnswer> {
    const record = await this.files.read(name).catch(() => null);
    if (record?.answer) return record.answer;
    throw unrecorded('EBADMSG');
  }

  private log(message: string, error: unknown): void {
    this.parts.logger.error(message, { reason: systemCodeOf(error) ?? 'unknown reason' });
  }
}

function recordOf({ name, fingerprint, actor, changeId, at }: Known): Omit<KeyRecord, 'answer'> {
  return { name, fingerprint, actor, changeId, at };
}

function unrecorded(cause: unknown): DomainError {
  const reason = typeof cause === 'string' ? cause : (systemCodeOf(cause) ?? 'unknown reason');
  const detail = `What belongs to the idempotency key could not be written or read (${reason}), so nothing was done. Make room and check the rights on the data folder; GET /changes tells what an earlier request with the key has done.`;
  return new DomainError('unavailable', 'idempotency-key-unrecorded', detail, { cause });
}
