import { EventEmitter } from 'node:events';
import { runScript } from '../../../src/registry/regedit/scriptHost';

/** What Node gives when there are no file handles left: neither an id nor streams, and the error on the next turn. */
jest.mock('node:child_process', () => ({
  spawn: () => {
    const child = new EventEmitter();
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' })));
    return child;
  },
}));

test('a process that cannot be started for want of file handles is an error of the call, not of the process', async () => {
  const host = { cscript: '/System32/cscript.exe', scripts: '/vbs', timeoutMs: 20 };
  await expect(runScript(host, 'regListStream.wsf', ['HKU'])).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'registry-unavailable',
    detail: expect.stringContaining('cannot be started (EMFILE).'),
  });
  // Its time-out finds nothing to kill.
  await new Promise((resolve) => setTimeout(resolve, 60));
});
