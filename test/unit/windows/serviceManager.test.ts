import type { ServiceBindings } from '../../../src/windows/serviceBindings';
import { openServiceManager } from '../../../src/windows/serviceManager';

const RUNNING = 4;

/** Windows' functions over one service that runs; each refuses with the code that it is given. */
function windows(refusals: { open?: number; remove?: number; stop?: boolean }) {
  const open = new Set<number>();
  const rights: number[] = [];
  let last = 0;
  let error = 0;
  const handle = () => {
    last += 1;
    open.add(last);
    return last;
  };
  const api: Partial<Record<keyof ServiceBindings, unknown>> = {
    openManager: handle,
    openService: (_manager: number, _name: string, access: number) => {
      error = refusals.open ?? 0;
      rights.push(access);
      return error === 0 ? handle() : 0;
    },
    close: (closed: number) => open.delete(closed),
    deleteService: () => {
      error = refusals.remove ?? 0;
      return error === 0;
    },
    queryStatus: (_service: number, _level: number, status: Buffer) => {
      // As Windows: who may only remove a service may not look at it.
      if (rights.at(-1) === 0x10000) {
        error = 5;
        return false;
      }
      status.writeUInt32LE(RUNNING, 4);
      return true;
    },
    control: Object.assign(() => false, {
      async: (_service: number, _control: number, _status: Buffer, done: (e: null, ok: boolean) => void) => {
        done(null, refusals.stop !== true);
      },
    }),
    lastError: () => error,
  };
  return { manager: openServiceManager(api as unknown as ServiceBindings), open };
}

test('a removal that is refused tells Windows’ own reason', async () => {
  const { manager, open } = windows({ remove: 1072 });
  await expect(manager.remove('SensorProxy')).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'service-refused',
    detail: expect.stringMatching(/being removed already.*1072/) as unknown,
  });
  expect(open.size).toBe(0);
});

test('a removal that is done is no error, and a service that is not there is one', async () => {
  const { manager, open } = windows({});
  await manager.remove('SensorProxy');
  await expect(windows({ open: 1060 }).manager.remove('SensorProxy')).rejects.toMatchObject({
    code: 'service-refused',
    detail: expect.stringContaining('1060') as unknown,
  });
  expect(open.size).toBe(0);
});

test('a stop that is refused says so without a code that Windows has not given', async () => {
  await expect(windows({ stop: true }).manager.stop('SensorProxy')).rejects.toMatchObject({
    code: 'service-refused',
    detail: expect.stringMatching(/^Windows cannot stop the service SensorProxy: it refuses/) as unknown,
  });
});

test('access denied is told as such, and a service that is not there is no error to ask for', async () => {
  await expect(windows({ open: 5 }).manager.start('SensorProxy')).rejects.toMatchObject({
    kind: 'forbidden',
    code: 'service-access-denied',
  });
  expect(await windows({ open: 1060 }).manager.query('SensorProxy')).toBeUndefined();
});
