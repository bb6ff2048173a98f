/**
 * Runs on a Windows Node: the native driver, served on a loopback port that it writes into the file which its argument
 * names. A call is `{ turn, method, args }`; calls begin in the order of their turns, and bytes travel as hex. It ends when its parent says `exit`.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { DomainError, messageOf } from '../../src/lib/errors';
import { openAdvapi32Registry } from '../../src/registry/advapi32/advapi32Registry';
import type { RegistryValue, RegistryWatch, WatchedKey } from '../../src/registry/registry';
import { type Handle, systemLibrary } from '../../src/windows/systemLibrary';
import { fromWire, toWire } from './wire';

const registry = openAdvapi32Registry();
const watches: { readonly watch: RegistryWatch; heard: number }[] = [];

const METHODS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  readValue: ([key, name]) => registry.readValue(text(key), text(name)),
  writeValue: ([key, name, value]) => registry.writeValue(text(key), text(name), value as RegistryValue),
  deleteValue: ([key, name]) => registry.deleteValue(text(key), text(name)),
  listValues: ([key]) => registry.listValues(text(key)),
  listSubkeys: ([key]) => registry.listSubkeys(text(key)),
  createKey: ([key]) => registry.createKey(text(key)),
  watch: ([keys]) => {
    const watch = requirePower(registry.watch?.bind(registry))(keys as readonly WatchedKey[]);
    const entry = { watch, heard: 0 };
    watch.onChange(() => {
      entry.heard += 1;
    });
    return watches.push(entry) - 1;
  },
  revision: ([id]) => watches[Number(id)]?.watch.revision(),
  heard: ([id]) => watches[Number(id)]?.heard,
  closeWatch: ([id]) => {
    watches[Number(id)]?.watch.close();
  },
  handles: () => countHandles(),
  hammer: ([key, times]) => hammer(text(key), Number(times)),
  exit: () => {
    setImmediate(() => process.exit(0));
  },
};

/** Every operation, on what is there and on what is not. */
async function hammer(key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await registry.readValue(key, 'Absent');
    await registry.readValue(`${key}\\Absent`, 'Absent');
    await registry.listValues(key);
    await registry.listSubkeys(key);
    await registry.writeValue(key, 'Hammered', { type: 3, data: Buffer.from([i & 255]) });
    await registry
      .writeValue(`${key}\\Absent`, 'x', { type: 3, data: Buffer.alloc(1) })
      .catch(() => undefined);
    await registry.createKey('HKEY_USERS\\S-1-5-21-9-9-9-9\\x').catch(() => undefined);
    registry.watch?.([{ key, scope: 'key' }]).close();
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('text is asked for');
  return value;
}

const server = createServer((request, response) => {
  void answer(request).then((body) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  writeFileSync(process.argv[2] ?? '', `${address.port}\n`);
});

async function answer(request: Parameters<typeof json>[0]): Promise<object> {
  try {
    const { turn, method, args } = (await json(request)) as { turn: number; method: string; args: unknown[] };
    await turnOf(turn);
    const called = begin(requirePower(METHODS[method]), args.map(fromWire));
    next();
    return { result: toWire(await called) };
  } catch (error) {
    if (error instanceof DomainError) {
      return { error: { kind: error.kind, code: error.code, detail: error.detail } };
    }
    return { error: { kind: 'unavailable', code: 'bridge', detail: messageOf(error) } };
  }
}

/** Begins a call at once; what it throws comes out of the promise. */
function begin(call: (args: readonly unknown[]) => unknown, args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve) => {
    resolve(call(args));
  });
}

let begun = 0;
const waiting = new Map<number, () => void>();

function turnOf(turn: number): Promise<void> {
  return turn === begun + 1 ? Promise.resolve() : new Promise((resolve) => waiting.set(turn, resolve));
}

function next(): void {
  begun += 1;
  waiting.get(begun + 1)?.();
  waiting.delete(begun + 1);
}

function countHandles(): number {
  const kernel = systemLibrary('kernel32.dll');
  const current = kernel.bind<() => Handle>('intptr_t __stdcall GetCurrentProcess()');
  const count = kernel.bind<(process: Handle, count: [number]) => boolean>(
    'bool __stdcall GetProcessHandleCount(intptr_t process, _Out_ uint32_t *count)',
  );
  const counted: [number] = [0];
  if (!count(current(), counted)) throw new Error('the handles cannot be counted');
  return counted[0];
}

function requirePower<T>(power: T | undefined): T {
  if (power === undefined) throw new Error('there is no such method');
  return power;
}
