import { DomainError } from '../lib/errors';
import { RegistryType } from '../registry/registry';
import { editConnectionSettings, encodeConnectionSettings } from '../wininet/connectionSettings';
import { settingsFindings } from '../wininet/findings';
import { compareSettings } from '../wininet/inForce';
import type { ChangePlan } from './changes';
import type { PutSettingsRequest, RestoreRequest } from './model';
import { checkNamedSettings } from './namedSettings';
import { type Situation, makePlan, requireLoaded } from './plan';
import { entityTag, interpretValue } from './settingsValue';
import type { AccountSnapshot } from './snapshot';
import { accountOf } from './source';

/** Which account, and the If-Match header as sent; undefined when it was not. */
export interface Precondition {
  readonly id: string;
  readonly ifMatch: string | undefined;
}

/**
 * Decides a PUT. Errors: `context-not-found`, `settings-invalid`, `if-match-required`, `etag-stale`. Settings that are in
 * force already are left alone.
 */
export function planPut(
  situation: Situation,
  request: PutSettingsRequest,
  precondition: Precondition,
): ChangePlan {
  const named = checkNamedSettings(request);
  const { account, value: before } = findTarget(situation, precondition);
  const value = interpretValue(before);
  const current = value.state === 'configured' ? value.decoded : null;
  const edited = editConnectionSettings(current, named);
  const after = { type: RegistryType.binary, data: encodeConnectionSettings(edited) };
  const changes = current === null || compareSettings(current, edited) === 'different';
  return makePlan(situation, {
    kind: 'put',
    request,
    values: [{ account, before, after, changes }],
    findings: settingsFindings(edited),
  });
}

/** Decides a DELETE of the value. Errors: `context-not-found`, `if-match-required`, `etag-stale`. */
export function planRemoval(
  situation: Situation,
  request: RestoreRequest,
  precondition: Precondition,
): ChangePlan {
  const { account, value: before } = findTarget(situation, precondition);
  return makePlan(situation, {
    kind: 'delete',
    request,
    values: [{ account, before, after: undefined, changes: before !== undefined }],
  });
}

function findTarget({ snapshot, ownSid }: Situation, { id, ifMatch }: Precondition): AccountSnapshot {
  if (ifMatch === undefined) {
    throw new DomainError(
      'preconditionRequired',
      'if-match-required',
      'Send the ETag of the context that you have read as If-Match, so that nobody else’s change is overwritten.',
    );
  }
  const target = accountOf(snapshot, ownSid, id);
  requireLoaded(target);
  if (!matches(ifMatch, entityTag(target.value), target.value !== undefined)) {
    throw new DomainError(
      'stale',
      'etag-stale',
      'The context has changed since you read it. Read it again, decide again, and send its new ETag.',
    );
  }
  return target;
}

/** RFC 9110, 13.1.1: `*` matches what exists; a weak tag never matches. */
function matches(ifMatch: string, current: string, exists: boolean): boolean {
  if (ifMatch.trim() === '*') return exists;
  return ifMatch.split(',').some((tag) => tag.trim() === current);
}
