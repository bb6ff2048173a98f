/** What `sandbox.ts` and its worker thread, `pacWorker.mjs`, say to each other. */
import type { MessagePort } from 'node:worker_threads';

/** One question: the arguments of FindProxyForURL. `port` is the target's, for look-ups of names. */
export interface ScriptCall {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** What came of one question. Names of errors are letters only; nothing else of the script is in it but its answer. */
export type ScriptResult =
  | { readonly kind: 'answer'; readonly answer: string }
  | { readonly kind: 'threw'; readonly name: string | null }
  /** `stopped`: the engine or its thread ended for a reason of its own. */
  | { readonly kind: 'limit'; readonly limit: 'time' | 'memory' | 'check' | 'stopped' }
  | { readonly kind: 'notAScript'; readonly line: number | null }
  | { readonly kind: 'noFunction' };

/** What the worker is started with. */
export interface WorkerTask {
  /** QuickJS, compiled: a `WebAssembly.Module`. */
  readonly wasm: unknown;
  readonly script: string;
  readonly calls: readonly ScriptCall[];
  /** The time in the sandbox when it starts, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Minutes west of UTC; null for the machine's own zone. */
  readonly utcOffset: number | null;
  readonly ownAddresses: readonly string[];
  /** Where {@link NameQuestion} goes and the addresses come back, as an array of texts. */
  readonly port: MessagePort;
  /** Set to 1 when the addresses are there. */
  readonly wake: Int32Array;
  readonly limits: {
    readonly scriptMs: number;
    readonly memoryBytes: number;
    readonly stackBytes: number;
    readonly names: number;
    readonly answerLength: number;
  };
}

/** A name that the script asks for. */
export interface NameQuestion {
  readonly name: string;
  readonly port: number;
}

/** What the worker says. */
export type WorkerMessage =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'running' }
  | { readonly kind: 'result'; readonly index: number; readonly result: ScriptResult };
