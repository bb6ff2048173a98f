import { settingsFindings } from '../wininet/findings';
import { compareSettings } from '../wininet/inForce';
import type { ChangePlan, PlannedValue } from './changes';
import type { CopyRequest } from './model';
import { type Situation, makePlan, requireLoaded } from './plan';
import { type Source, type SourceRule, accountOf, chooseSource, usualSource } from './source';
import { interpretValue } from './settingsValue';
import type { AccountSnapshot } from './snapshot';

/** The sensor's accounts. */
export const DEFAULT_TARGETS: readonly string[] = ['LocalSystem', 'LocalService'];

/**
 * Decides a copy: the source's bytes, unchanged, for each target whose settings in force differ. Errors: those of
 * {@link chooseSource}, and `context-not-found` for a target that is not there.
 */
export function planCopy(situation: Situation, rule: SourceRule, request: CopyRequest): ChangePlan {
  const { snapshot, ownSid } = situation;
  const source =
    request.source === undefined
      ? usualSource(snapshot, rule)
      : chooseSource(snapshot, ownSid, request.source);
  const targets = new Set((request.targets ?? DEFAULT_TARGETS).map((id) => accountOf(snapshot, ownSid, id)));
  targets.forEach(requireLoaded);
  return makePlan(situation, {
    kind: 'copy',
    request,
    values: [...targets].map((target) => planTarget(target, source)),
    source: { account: source.account, value: source.value.raw },
    findings: settingsFindings(source.value.decoded),
  });
}

function planTarget({ account, value: before }: AccountSnapshot, source: Source): PlannedValue {
  const current = interpretValue(before);
  const same =
    current.state === 'configured' && compareSettings(current.decoded, source.value.decoded) !== 'different';
  return { account, before, after: source.value.raw, changes: !same };
}
