/**
 * A Windows service that runs until it is stopped, in place of one of a sensor's. Its first argument is its name; the second,
 * if any, a service that it starts, as the sensor's updater does.
 */
import { connectToServiceManager } from '../../src/windows/serviceHost';
import { openServiceManager } from '../../src/windows/serviceManager';

void (async () => {
  const [, , name = '', starts] = process.argv;
  const host = await connectToServiceManager(name);
  host.running();
  if (starts !== undefined) await openServiceManager().start(starts);
  await host.stopRequested;
  await host.stopped(0);
  process.exit(0);
})();
