/**
 * The worker thread that asks one proxy script, in QuickJS compiled to WebAssembly. The thread is for what the sandbox's own
 * limits do not see: native functions that take hours are ended with the thread. It talks to `sandbox.ts`, which starts and
 * ends it; what they say to each other is in `sandboxProtocol.ts`.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { EvalFlags, Intrinsics, JSException, QuickJS } from 'quickjs-wasi';

/** @type {import('./sandboxProtocol').WorkerTask} */
const task = workerData;
const { limits } = task;
const HERE = path.dirname(fileURLToPath(import.meta.url));
const MODULES = ['./pacFunctions.mjs', './pacTimes.mjs'];
const SCRIPT_NAME = 'proxy.pac';
/** A look-up waits for the main thread longer than any name can be. */
const LONGEST_NAME = 4 * 253;

/** The language, and nothing of the web: no `performance`, `DOMException`, `atob`. */
const LANGUAGE =
  Intrinsics.DATE |
  Intrinsics.EVAL |
  Intrinsics.REGEXP |
  Intrinsics.JSON |
  Intrinsics.PROXY |
  Intrinsics.MAP_SET |
  Intrinsics.TYPED_ARRAYS |
  Intrinsics.PROMISE |
  Intrinsics.BIG_INT |
  Intrinsics.WEAK_REF;

// Before this, the thread's files may be open, and to end it would leave them so.
parentPort.postMessage({ kind: 'loaded' });

const answers = new Map();
const loadedAt = performance.now();
/** Nothing of the script runs before. */
let startedAt = Infinity;
let waitedMs = 0;
let timeIsUp = false;
let targetPort = task.calls[0]?.port ?? 443;

/** Asks the main thread for a name's addresses, and waits. Time that is spent waiting is not the script's. */
function resolve(name) {
  if (isIP(name) !== 0) return name;
  const key = `${targetPort} ${name}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  if (answers.size >= limits.names || name.length > LONGEST_NAME) return '';
  const asked = performance.now();
  Atomics.store(task.wake, 0, 0);
  task.port.postMessage({ name, port: targetPort });
  Atomics.wait(task.wake, 0, 0);
  const answer = receiveMessageOnPort(task.port)?.message.join(';') ?? '';
  waitedMs += performance.now() - asked;
  answers.set(key, answer);
  return answer;
}

function isTimeUp() {
  timeIsUp ||= performance.now() - startedAt - waitedMs > limits.scriptMs;
  return timeIsUp;
}

async function newVm() {
  const vm = await QuickJS.create({
    wasm: task.wasm,
    memoryLimit: limits.memoryBytes,
    maxStackSize: limits.stackBytes,
    intrinsics: LANGUAGE,
    interruptHandler: isTimeUp,
    timezoneOffset: task.utcOffset ?? 'host',
    moduleLoader: {
      normalize: (_from, name) => name,
      load: (name) => {
        if (!MODULES.includes(name)) throw new Error('there are no modules');
        return readFileSync(path.join(HERE, name), 'utf8');
      },
    },
    wasi: (memory) => ({
      clock_time_get: (_clock, _precision, at) => {
        const now = BigInt(Math.floor(task.nowMs + performance.now() - loadedAt));
        new DataView(memory.buffer).setBigUint64(at, now * 1_000_000n, true);
        return 0;
      },
      // Nothing that the engine has to say is for the terminal: EBADF.
      fd_write: () => 8,
    }),
  });
  const host = vm.newObject();
  vm.setProp(host, 'ownAddresses', vm.newString(task.ownAddresses.join(';')));
  vm.setProp(host, 'longestAnswer', vm.newNumber(limits.answerLength));
  vm.setProp(
    host,
    'resolve',
    vm.newFunction('resolve', (name) => vm.newString(resolve(name.toString()))),
  );
  const loading = vm.evalCode(
    readFileSync(path.join(HERE, MODULES[0]), 'utf8'),
    MODULES[0],
    EvalFlags.TYPE_MODULE,
  );
  vm.executePendingJobs();
  const { value } = await vm.resolvePromise(loading);
  vm.callFunction(value.getProp('install'), vm.undefined, host);
  return { vm, entry: value.getProp('entry'), ask: value.getProp('ask') };
}

/** What ended the script, as far as it was not the script's own doing; null otherwise. */
function limitOf(error) {
  if (timeIsUp) return { kind: 'limit', limit: 'time' };
  if (!(error instanceof JSException)) return { kind: 'limit', limit: 'stopped' };
  const isFull = error.name === 'InternalError' && error.message === 'out of memory';
  return isFull ? { kind: 'limit', limit: 'memory' } : null;
}

/** Runs the script's own lines. Null when it can be asked. */
function load({ vm, entry }) {
  let bytecode;
  try {
    bytecode = vm.compile(task.script, SCRIPT_NAME);
  } catch (error) {
    return error instanceof Error && /out of memory$/.test(error.message)
      ? { kind: 'limit', limit: 'memory' }
      : { kind: 'notAScript', line: lineOf(vm) };
  }
  let failure = null;
  try {
    vm.evalBytecode(bytecode);
  } catch (error) {
    failure = limitOf(error) ?? { kind: 'threw', name: letters(error.name) };
    if (failure.kind === 'limit') return failure;
  }
  try {
    return vm.callFunction(entry, vm.undefined).isFunction ? failure : { kind: 'noFunction' };
  } catch (error) {
    return limitOf(error) ?? { kind: 'threw', name: letters(error.name) };
  }
}

/** Where the script stops being JavaScript: `compile` does not tell, an evaluation that only compiles does. */
function lineOf(vm) {
  try {
    vm.evalCode(task.script, SCRIPT_NAME, EvalFlags.COMPILE_ONLY);
  } catch (error) {
    const [, line] = /proxy\.pac:(\d{1,7})/.exec(String(error.stack)) ?? [];
    if (line !== undefined) return Number(line);
  }
  return null;
}

function askFor({ vm, ask }, { url, host, port }) {
  targetPort = port;
  try {
    const said = vm.callFunction(ask, vm.undefined, vm.newString(url), vm.newString(host)).toString();
    if (said.startsWith('a')) return { kind: 'answer', answer: said.slice(1) };
    if (said === 'm') return { kind: 'limit', limit: 'memory' };
    return { kind: 'threw', name: letters(said.slice(1)) };
  } catch (error) {
    return limitOf(error) ?? { kind: 'threw', name: letters(error.name) };
  }
}

function letters(name) {
  return typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name) ? name : null;
}

/** Says what came of each call as soon as it is known, so that it stands when the thread is ended in the next one. */
async function main() {
  const sandbox = await newVm();
  startedAt = performance.now();
  parentPort.postMessage({ kind: 'running' });
  let failure = load(sandbox);
  for (const [index, call] of task.calls.entries()) {
    const result = failure ?? askFor(sandbox, call);
    if (result.kind === 'limit') failure = result;
    parentPort.postMessage({ kind: 'result', index, result });
  }
}

await main();
