/* eslint-disable max-params -- the parameters are Windows' */
import { type Handle, systemLibrary } from './systemLibrary';

/** The name that the events carry, and under which `service install` registers them. */
export const EVENT_SOURCE = 'SensorProxy';

/** What happened; the numbers are the events' ids. */
export const EventId = { started: 1, stopped: 2, failed: 3 } as const;

/** The registry key that makes an event source known (application log), and its values. Source: "Event Sources", winbase. */
export const EVENT_SOURCE_KEY = `HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\${EVENT_SOURCE}`;
/** Windows' own file whose messages 1 to 1000 are the text as given. */
export const EVENT_MESSAGE_FILE = '%SystemRoot%\\System32\\EventCreate.exe';

const ERROR_TYPE = 1;
const INFORMATION_TYPE = 4;

/** Writes an event to the application log. Never throws: a log that cannot be written is no reason to fail. */
export function writeEvent(event: keyof typeof EventId, text: string): void {
  try {
    const advapi32 = systemLibrary('advapi32.dll');
    const open = advapi32.bind<(machine: null, source: string) => Handle>(
      'intptr_t __stdcall RegisterEventSourceW(str16 machine, str16 source)',
    );
    const report = advapi32.bind<
      (
        log: Handle,
        type: number,
        category: number,
        id: number,
        user: null,
        count: number,
        size: number,
        texts: readonly string[],
        data: null,
      ) => boolean
    >(
      'bool __stdcall ReportEventW(intptr_t log, uint16_t type, uint16_t category, uint32_t id, void *user, uint16_t count, uint32_t size, str16 *texts, void *data)',
    );
    const close = advapi32.bind<(log: Handle) => boolean>(
      'bool __stdcall DeregisterEventSource(intptr_t log)',
    );
    const log = open(null, EVENT_SOURCE);
    if (Number(log) === 0) return;
    report(
      log,
      event === 'failed' ? ERROR_TYPE : INFORMATION_TYPE,
      0,
      EventId[event],
      null,
      1,
      0,
      [text],
      null,
    );
    close(log);
  } catch {
    // The service's own log has it as well.
  }
}
