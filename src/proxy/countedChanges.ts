import { DomainError } from '../lib/errors';
import type { ChangeKind, ChangeOutcome } from './model';
import type { ProxyService } from './proxyService';

/** What can change settings. */
export const CHANGE_KINDS: readonly ChangeKind[] = ['copy', 'put', 'delete', 'restore'];

/**
 * How a change ended, for whoever asked for it. `refused`: by a rule, nothing was touched; `failed`: by a fault, nothing was
 * touched; `rolledBack`, `rollbackFailed`: some of it was written.
 */
export type CountedEnd =
  'applied' | 'unchanged' | 'dryRun' | 'refused' | 'failed' | 'rolledBack' | 'rollbackFailed';

/** The same service, which tells how each change ended. */
export function countedChanges<Service extends ProxyService>(
  proxy: Service,
  tell: (kind: ChangeKind, end: CountedEnd) => void,
): Service {
  const counted = async <T>(kind: ChangeKind, work: Promise<T>, outcomeOf: (result: T) => ChangeOutcome) => {
    try {
      const result = await work;
      tell(kind, endOf(outcomeOf(result)));
      return result;
    } catch (error) {
      tell(kind, endOfFailure(error));
      throw error;
    }
  };
  const itself = (outcome: ChangeOutcome): ChangeOutcome => outcome;
  return {
    ...proxy,
    copy: (...call) => counted('copy', proxy.copy(...call), itself),
    put: (...call) => counted('put', proxy.put(...call), ({ outcome }) => outcome),
    remove: (...call) => counted('delete', proxy.remove(...call), itself),
    restore: (...call) => counted('restore', proxy.restore(...call), itself),
    repair: (...call) => counted('copy', proxy.repair(...call), itself),
  };
}

function endOf({ dryRun, changed }: ChangeOutcome): CountedEnd {
  if (dryRun) return 'dryRun';
  return changed ? 'applied' : 'unchanged';
}

function endOfFailure(error: unknown): CountedEnd {
  if (!(error instanceof DomainError)) return 'failed';
  const { notRestored } = error.extensions;
  if (Array.isArray(notRestored)) return notRestored.length === 0 ? 'rolledBack' : 'rollbackFailed';
  return error.kind === 'unavailable' || error.kind === 'forbidden' ? 'failed' : 'refused';
}
