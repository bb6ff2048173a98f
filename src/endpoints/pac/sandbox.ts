/** Asks a proxy script in a worker thread of its own, which is ended afterwards whatever it does. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Clock } from '../../lib/clock';
import { systemCodeOf } from '../../lib/errors';
import { LONGEST_ANSWER, type PacLimits } from './limits';
import type { NameQuestion, ScriptCall, ScriptResult, WorkerMessage, WorkerTask } from './sandboxProtocol';
import { createGate } from '../../lib/gate';
import { reasonOf } from '../../lib/waiting';

/** What the sandbox is told of the world. */
export interface SandboxParts {
  readonly limits: PacLimits;
  /** A name's addresses; [] when it has none. Never rejects, and takes no longer than a look-up may. */
  readonly addressesOf: (question: NameQuestion) => Promise<readonly string[]>;
  /** Of this machine, the best first. */
  readonly ownAddresses: () => readonly string[];
  readonly clock: Clock;
  /** Minutes west of UTC; null for the machine's own zone. */
  readonly utcOffset: number | null;
}

/** For whom, and until when. */
export interface SandboxLimits {
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Runs the script and asks it each call, in order, in one virtual machine. Rejects only with the signal's reason. */
export type Sandbox = (
  script: string,
  calls: readonly ScriptCall[],
  limits: SandboxLimits,
) => Promise<readonly ScriptResult[]>;

/** Makes the sandbox. QuickJS is compiled on first use. */
export function createSandbox(parts: SandboxParts): Sandbox {
  const gate = createGate(parts.limits.workers);
  let engine: Promise<unknown> | null = null;
  return (script, calls, { deadlineMs, signal }) =>
    gate.run(async () => {
      let wasm: unknown;
      try {
        wasm = await (engine ??= compileEngine());
      } catch {
        engine = null;
        return calls.map(() => STOPPED);
      }
      signal.throwIfAborted();
      return new ScriptRun(parts, { wasm, script, calls }).result({ deadlineMs, signal });
    }, signal);
}

/** Node has it; its types come with the browser's. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };

async function compileEngine(): Promise<unknown> {
  return WebAssembly.compile(await readFile(require.resolve('quickjs-wasi/quickjs.wasm')));
}

const STOPPED = { kind: 'limit', limit: 'stopped' } as const;
const TIME = { kind: 'limit', limit: 'time' } as const;
const CHECK = { kind: 'limit', limit: 'check' } as const;
const MEMORY = { kind: 'limit', limit: 'memory' } as const;

/** One worker, from its start to its end. */
class ScriptRun {
  private readonly results: (ScriptResult | null)[];
  private readonly wake = new Int32Array(new SharedArrayBuffer(4));
  private readonly names = new MessageChannel();
  private readonly worker: Worker;
  /** Resolves once the thread has read its files, or has ended: to end it while it reads leaves them open (Node 20). */
  private readonly loaded: Promise<void>;
  /** What is left of the script's time while it runs on. */
  private leftMs: number;
  private runningSince: number | null = null;
  private hasEnded = false;
  private scriptTimer: NodeJS.Timeout | undefined;
  private end: (missing: ScriptResult | Error) => void = () => undefined;

  constructor(
    private readonly parts: SandboxParts,
    { wasm, script, calls }: Pick<WorkerTask, 'wasm' | 'script' | 'calls'>,
  ) {
    const { limits, clock, utcOffset, ownAddresses } = parts;
    const { scriptMs, memoryBytes, stackBytes, names } = limits;
    this.results = calls.map(() => null);
    this.leftMs = scriptMs + limits.graceMs;
    const task: WorkerTask = {
      ...{ wasm, script, calls, utcOffset },
      nowMs: Date.parse(clock.now()),
      ownAddresses: ownAddresses(),
      port: this.names.port2,
      wake: this.wake,
      limits: { scriptMs, memoryBytes, stackBytes, names, answerLength: LONGEST_ANSWER },
    };
    // Beside this file in src/, and beside the bundle in dist/: plain JavaScript in both.
    this.worker = new Worker(path.join(__dirname, 'pacWorker.mjs'), {
      workerData: task,
      transferList: [this.names.port2],
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      // QuickJS's memory is not V8's heap. Its calls are on the thread's stack, which must outlast QuickJS's own limit.
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 8 },
    });
    this.loaded = new Promise((resolve) => {
      for (const event of ['message', 'error', 'exit'] as const) {
        this.worker.once(event, () => {
          resolve();
        });
      }
    });
  }

  /** What came of each call, once the thread has ended. */
  async result({ deadlineMs, signal }: SandboxLimits): Promise<readonly ScriptResult[]> {
    const onAbort = (): void => {
      this.end(reasonOf(signal));
    };
    const leftMs = deadlineMs - this.parts.clock.monotonicMs();
    const { askMs } = this.parts.limits;
    const askTimer = setTimeout(
      () => {
        this.end(leftMs < askMs ? CHECK : TIME);
      },
      Math.max(0, Math.min(askMs, leftMs)),
    );
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const missing = await this.ended();
      if (missing instanceof Error) throw missing;
      return this.results.map((result) => result ?? missing);
    } finally {
      clearTimeout(askTimer);
      this.pause();
      this.hasEnded = true;
      signal.removeEventListener('abort', onAbort);
      this.names.port1.close();
      await this.loaded;
      await this.worker.terminate();
    }
  }

  /** Waits for the end: all is said, the time is up, or the thread broke off. Gives what stands for the rest. */
  private ended(): Promise<ScriptResult | Error> {
    return new Promise((resolve) => {
      this.end = resolve;
      this.worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'running') this.resume();
        else if (message.kind === 'result') this.results[message.index] = message.result;
        if (this.results.every((result) => result !== null)) resolve(STOPPED);
      });
      this.worker.on('error', (error) => {
        resolve(systemCodeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY' ? MEMORY : STOPPED);
      });
      this.worker.on('exit', () => {
        resolve(STOPPED);
      });
      this.names.port1.on('message', (question: NameQuestion) => {
        this.pause();
        void this.parts.addressesOf(question).then((addresses) => {
          if (this.hasEnded) return;
          this.names.port1.postMessage(addresses);
          this.resume();
          Atomics.store(this.wake, 0, 1);
          Atomics.notify(this.wake, 0);
        });
      });
    });
  }

  private resume(): void {
    this.runningSince = this.parts.clock.monotonicMs();
    this.scriptTimer = setTimeout(() => {
      this.end(TIME);
    }, this.leftMs);
  }

  private pause(): void {
    clearTimeout(this.scriptTimer);
    if (this.runningSince !== null) this.leftMs -= this.parts.clock.monotonicMs() - this.runningSince;
    this.runningSince = null;
  }
}
