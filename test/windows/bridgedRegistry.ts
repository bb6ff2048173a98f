import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import { type ErrorKind, DomainError } from '../../src/lib/errors';
import type { NamedRegistryValue, Registry, RegistryValue } from '../../src/registry/registry';
import { windowsNode, windowsPackage } from '../../scripts/windows/windowsNode';
import type { WatchUnderTest } from '../contract/watchContract';
import { type WineMachine, type WineProcess, winePath } from './wine';
import { fromWire, toWire } from './wire';

const ROOT = path.join(__dirname, '..', '..');
const START_MS = 30_000;

/** The native driver in a Windows Node under Wine, called from here. */
export interface BridgedRegistry {
  readonly registry: Registry;
  watch(keys: readonly object[]): Promise<WatchUnderTest>;
  /** Calls a method of `registryBridge.ts`. */
  call(method: string, ...args: unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

/** Bundles a TypeScript file for a Windows Node and puts koffi beside it; returns the bundle's path. */
export async function bundleForWindows(entry: string, folder: string): Promise<string> {
  const outfile = path.join(folder, `${path.basename(entry, '.ts')}.js`);
  await build({
    entryPoints: [path.join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['koffi', 'regedit'],
    logLevel: 'warning',
  });
  const modules = path.join(folder, 'node_modules');
  await mkdir(path.join(modules, '@koromix'), { recursive: true });
  for (const name of ['koffi', '@koromix/koffi-win32-x64']) {
    await cp(await windowsPackage(name), path.join(modules, name), { recursive: true });
  }
  return outfile;
}

/** Starts it. */
export async function openBridgedRegistry(wine: WineMachine): Promise<BridgedRegistry> {
  const bundle = await bundleForWindows('test/windows/registryBridge.ts', wine.folder);
  const portFile = path.join(wine.folder, 'port');
  await writeFile(portFile, '');
  const child = await wine.start([winePath(await windowsNode()), winePath(bundle), winePath(portFile)], {
    timeoutMs: 600_000,
  });
  const url = `http://127.0.0.1:${await readPort(portFile, child)}/`;
  let calls = 0;
  const call = async (method: string, ...args: unknown[]): Promise<unknown> => {
    calls += 1;
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ turn: calls, method, args: args.map(toWire) }),
    });
    const answer = (await response.json()) as {
      readonly result?: unknown;
      readonly error?: { readonly kind: ErrorKind; readonly code: string; readonly detail: string };
    };
    if (answer.error) throw new DomainError(answer.error.kind, answer.error.code, answer.error.detail);
    return fromWire(answer.result);
  };
  return {
    call,
    registry: {
      driver: 'advapi32',
      readValue: async (key, name) => (await call('readValue', key, name)) as RegistryValue | undefined,
      writeValue: async (key, name, value) => {
        await call('writeValue', key, name, value);
      },
      deleteValue: async (key, name) => {
        await call('deleteValue', key, name);
      },
      listValues: async (key) => (await call('listValues', key)) as readonly NamedRegistryValue[] | undefined,
      listSubkeys: async (key) => (await call('listSubkeys', key)) as readonly string[] | undefined,
      createKey: async (key) => {
        await call('createKey', key);
      },
      close: () => Promise.resolve(),
    },
    watch: async (keys) => bridgedWatch(call, (await call('watch', keys)) as number),
    close: async () => {
      await call('exit');
      await child.ended;
    },
  };
}

function bridgedWatch(call: BridgedRegistry['call'], id: number): WatchUnderTest {
  let timer: NodeJS.Timeout | undefined;
  return {
    revision: async () => (await call('revision', id)) as number,
    onChange: (listener) => {
      let seen = 0;
      timer = setInterval(() => {
        void (async () => {
          const heard = (await call('heard', id)) as number;
          if (heard === seen) return;
          seen = heard;
          listener();
        })();
      }, 100);
    },
    close: async () => {
      clearInterval(timer);
      await call('closeWatch', id);
    },
  };
}

async function readPort(file: string, child: WineProcess): Promise<number> {
  const until = Date.now() + START_MS;
  const early = child.ended.then(({ stdout, stderr }) => {
    throw new Error(`the bridge ended at once: ${stdout}${stderr}`);
  });
  early.catch(() => undefined);
  for (;;) {
    const text = await readFile(file, 'utf8');
    if (text.endsWith('\n')) return Number(text);
    if (Date.now() > until) throw new Error('the bridge did not start');
    await Promise.race([early, pause(50)]);
  }
}
