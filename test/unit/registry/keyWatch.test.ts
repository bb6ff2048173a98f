import type { RegistryBindings } from '../../../src/registry/advapi32/bindings';
import { keyPath } from '../../../src/registry/advapi32/keyHandle';
import { watchKeys } from '../../../src/registry/advapi32/keyWatch';

const WAIT_TIMEOUT = 258;
const WAIT_FAILED = 0xffffffff;

/** Windows' functions as far as a watch calls them, over one key that is there; what fails is told by `fails`. */
function windows(fails: { event?: boolean; wait?: boolean; changed?: boolean }) {
  const open = new Set<number>();
  let last = 100;
  const handle = () => {
    last += 1;
    open.add(last);
    return last;
  };
  const close = (closed: number | bigint) => open.delete(Number(closed));
  const api: Partial<Record<keyof RegistryBindings, unknown>> = {
    openKey: (_root: number, _subkey: string, _options: number, _access: number, opened: [number]) => {
      opened[0] = handle();
      return 0;
    },
    closeKey: close,
    closeHandle: close,
    createEvent: () => (fails.event ? 0 : handle()),
    notifyChange: () => 0,
    waitForObject: (event: number) => {
      if (fails.wait || !open.has(event)) return WAIT_FAILED;
      return fails.changed ? 0 : WAIT_TIMEOUT;
    },
  };
  return { api: api as unknown as RegistryBindings, open };
}

const keys = [{ path: keyPath(['HKEY_USERS', 'S-1-5-18', 'Software']), subtree: false }];

test('a wait that fails counts as a change, never as none', () => {
  const fails = { wait: false };
  const watch = watchKeys(windows(fails).api, keys);
  const before = watch.revision();
  expect(watch.revision()).toBe(before);
  fails.wait = true;
  expect(watch.revision()).not.toBe(before);
});

test('when no new event can be had, the change is not forgotten', () => {
  const fails = { event: false, changed: false };
  const watch = watchKeys(windows(fails).api, keys);
  const before = watch.revision();
  fails.changed = true;
  fails.event = true;
  expect(() => watch.revision()).toThrow('make an event');
  expect(() => watch.revision()).toThrow('make an event');
  fails.event = false;
  expect(watch.revision()).not.toBe(before);
});

test('every handle is closed in the end', () => {
  const fails = { changed: true };
  const { api, open } = windows(fails);
  const watch = watchKeys(api, keys);
  for (let i = 0; i < 10; i += 1) watch.revision();
  watch.close();
  watch.close();
  expect([...open]).toEqual([]);
});
