import type { Handle } from '../../windows/systemLibrary';
import type { RegistryWatch } from '../registry';
import type { RegistryBindings } from './bindings';
import type { KeyPath } from './keyHandle';
import { Win32, registryError, saysAbsent } from './win32Error';

/** A key to watch. */
interface Watched {
  readonly path: KeyPath;
  readonly subtree: boolean;
}

/** KEY_NOTIFY and the 64-bit view (winnt.h). */
const ACCESS = 0x10 | 0x100;
/** REG_NOTIFY_CHANGE_NAME and REG_NOTIFY_CHANGE_LAST_SET (winnt.h). */
const NAMES = 0x1;
const NAMES_AND_VALUES = 0x1 | 0x4;
/** What waiting for no time gives while nothing has happened; anything else, an error too, counts as a change. */
const WAIT_TIMEOUT = 258;
/** How often a listener's watch looks at its event. */
const LOOK_MS = 250;
/** A key that comes and goes faster than it can be watched is given up for now; the next look tries again. */
const ATTEMPTS = 4;

/**
 * Watches keys through RegNotifyChangeKeyValue, which sets an event as part of the change itself: looking at the event is
 * exact. No thread waits, so that {@link RegistryWatch.close} ends it at once. For a key that is not there, the nearest
 * key above it that is there is watched. Errors: `registry-unavailable`, `registry-access-denied`.
 */
export function watchKeys(api: RegistryBindings, keys: readonly Watched[]): RegistryWatch {
  let count = 1;
  let armed = arm(api, keys);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const revision = (): number => {
    if (closed || (armed.complete && api.waitForObject(armed.event, 0) === WAIT_TIMEOUT)) return count;
    // The old one goes last: where no new one can be had, it still says that something has changed.
    const next = arm(api, keys);
    armed.release();
    armed = next;
    count += 1;
    return count;
  };
  return {
    revision,
    onChange: (listener) => {
      clearInterval(timer);
      let seen = revision();
      timer = setInterval(() => {
        const now = revision();
        if (now === seen) return;
        seen = now;
        listener();
      }, LOOK_MS).unref();
    },
    close: () => {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      armed.release();
    },
  };
}

interface Armed {
  readonly event: Handle;
  /** False: some key could not be watched, so that it may have changed unseen. */
  readonly complete: boolean;
  release(): void;
}

/** Asks for one notice of the next change to any of the keys. */
function arm(api: RegistryBindings, keys: readonly Watched[]): Armed {
  const event = api.createEvent(null, true, false, null);
  if (Number(event) === 0) throw registryError(0, 'make an event');
  const handles: Handle[] = [];
  let complete = true;
  const notify = (handle: Handle, subtree: boolean, filter: number) =>
    api.notifyChange(handle, subtree, filter, event, true);
  for (const key of keys) {
    const armedHandles = armKey(api, key, notify);
    if (armedHandles === undefined) complete = false;
    else handles.push(...armedHandles);
  }
  return {
    event,
    complete,
    release: () => {
      // Closing a watched key sets its event, so the event goes last.
      for (const handle of handles) api.closeKey(handle);
      api.closeHandle(event);
    },
  };
}

type Notify = (handle: Handle, subtree: boolean, filter: number) => number;

/**
 * Watches one key, or what is nearest above it; gives the handles, undefined when it cannot be watched now. The key above
 * is watched for names too: that a watched key itself is deleted is not told everywhere (Wine does not).
 */
function armKey(
  api: RegistryBindings,
  { path, subtree }: Watched,
  notify: Notify,
): readonly Handle[] | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const nearest = openNearest(api, path);
    if (nearest === undefined) return undefined;
    const above =
      nearest.subkey === '' ? undefined : openNearest(api, { ...path, subkey: parentOf(nearest.subkey) });
    const handles = [nearest.handle, ...(above === undefined ? [] : [above.handle])];
    const codes = [
      notify(nearest.handle, nearest.exact && subtree, NAMES_AND_VALUES),
      ...(above === undefined ? [] : [notify(above.handle, false, NAMES)]),
    ];
    // Made or deleted between the opening and the asking: look again.
    if (codes.every((code) => code === Win32.success) && isStillNearest(api, path, nearest)) return handles;
    for (const handle of handles) api.closeKey(handle);
    if (codes.some((code) => code !== Win32.success && !saysAbsent(code))) return undefined;
  }
  return undefined;
}

interface Nearest {
  readonly handle: Handle;
  readonly subkey: string;
  readonly exact: boolean;
}

function openNearest(api: RegistryBindings, { root, subkey }: KeyPath): Nearest | undefined {
  for (let path = subkey; ; path = parentOf(path)) {
    const opened: [Handle] = [0];
    const code = api.openKey(root, path, 0, ACCESS, opened);
    if (code === Win32.success) return { handle: opened[0], subkey: path, exact: path === subkey };
    if (!saysAbsent(code) || path === '') return undefined;
  }
}

function isStillNearest(api: RegistryBindings, path: KeyPath, nearest: Nearest): boolean {
  const now = openNearest(api, path);
  if (now === undefined) return false;
  api.closeKey(now.handle);
  return now.subkey === nearest.subkey;
}

function parentOf(subkey: string): string {
  return subkey.slice(0, Math.max(0, subkey.lastIndexOf('\\')));
}
