/** What a request that was interrupted is answered with, by what the journal has of it. */
import type { Journal } from '../../journal/journal';
import { SERVICE_ACCOUNTS } from '../../proxy/accounts';
import type { Change, ChangeOutcome, SensorRestartOutcome } from '../../proxy/model';
import type { SensorRestart, SensorRestartRecord } from '../../sensor/model';
import type { JournalRecord } from '../services';
import type { InterruptedAnswer } from './keys';

/** How far back to look for the restart that followed a copy at once. */
const ENTRIES_AFTER = 200;

/**
 * Answers from the journal: a change that is recorded as applied was done, and its answer is made anew, without what the
 * journal does not hold (accounts that were left alone, findings). Any other is not in effect: it was never begun, or undone.
 */
export function answersFromJournal(
  journal: Pick<Journal<JournalRecord>, 'find' | 'page'>,
): InterruptedAnswer {
  return async (changeId, body) => {
    const record = await journal.find(changeId);
    if (record?.outcome !== 'applied') return null;
    switch (record.kind) {
      case 'sensorRestart':
        return { status: 200, body: restartAnswer(record) };
      case 'backupsDeleted':
      case 'webhook':
        return null;
      default: {
        const restart = asksForRestart(body) ? await restartAfter(journal, changeId) : null;
        return { status: 200, body: changeAnswer(record, restart) };
      }
    }
  };
}

function changeAnswer(change: Change, sensorRestart: SensorRestartOutcome | null): ChangeOutcome {
  const ofTheSensor = SERVICE_ACCOUNTS.filter(({ usedBy }) => usedBy.length > 0).map(({ id }) => id);
  return {
    changeId: change.id,
    changed: true,
    dryRun: false,
    source: change.source,
    backupId: change.backupId,
    results: change.contexts.map(({ context, before, after }) => ({
      target: context,
      changed: true,
      before,
      after,
    })),
    restartRecommended:
      sensorRestart?.status !== 'restarted' &&
      change.contexts.some(({ context }) => ofTheSensor.includes(context)),
    sensorRestart,
    findings: [],
  };
}

function restartAnswer({ id, durationMs, steps }: SensorRestartRecord): SensorRestart {
  return { changeId: id, dryRun: false, restarted: true, durationMs, steps, findings: [] };
}

async function restartAfter(
  journal: Pick<Journal<JournalRecord>, 'page'>,
  changeId: string,
): Promise<SensorRestartOutcome> {
  const { items } = await journal.page({ limit: ENTRIES_AFTER });
  const found = items.find((entry) => entry.kind === 'sensorRestart' && entry.changeId === changeId);
  if (found?.kind !== 'sensorRestart') {
    const detail =
      'The service ended before a restart of the sensor was recorded. GET /sensor tells whether it runs; POST /sensor/restart restarts it.';
    return { status: 'failed', changeId: null, code: null, detail };
  }
  return found.outcome === 'applied'
    ? { status: 'restarted', changeId: found.id, code: null, detail: 'The sensor was restarted.' }
    : { status: 'failed', changeId: found.id, code: 'sensor-restart-failed', detail: found.failure ?? '' };
}

function asksForRestart(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'restartSensor' in body && body.restartSensor === true;
}
