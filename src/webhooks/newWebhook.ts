/** What must hold of a webhook beyond the contract's types, checked before anything is kept. */
import { EVENT_TYPES } from '../events/event';
import { DomainError } from '../lib/errors';
import type { WebhookRules } from './allowedHosts';
import type { NewWebhook, ServiceNowOptions, WebhookPreset } from './model';
import type { PresetSettings } from './presets/preset';
import { TemplateRefused, checkTemplate } from './presets/template';
import { newSecret } from './signature';
import type { StoredWebhook } from './stored';
import { UrlRefused, webhookUrl } from './webhookUrl';

/** One thing that is wrong. */
interface Fault {
  readonly detail: string;
  readonly pointer: string;
}

type Chosen = PresetSettings & Pick<StoredWebhook, 'name' | 'eventTypes' | 'preset'>;

/** Which presets use which fields; the others must be left out, since they would be ignored. */
const USED_BY: Readonly<Record<string, readonly WebhookPreset[]>> = {
  template: ['template'],
  closeTemplate: ['template'],
  serviceNow: ['servicenow'],
  jira: ['jira'],
};

const SYS_ID = /^[0-9a-f]{32}$/;
/** Fields that refer to records of ServiceNow, and to which table. */
const REFERENCES = { callerId: 'sys_user', assignmentGroup: 'sys_user_group' } as const;

/**
 * Checks a webhook and makes its signing secret. Errors: `webhook-host-not-allowed`, or `webhook-invalid` with all that is
 * wrong.
 */
export function chosen(wanted: NewWebhook, rules: WebhookRules): Chosen {
  const preset = wanted.preset ?? 'cloudevents';
  const isTicketing = preset === 'servicenow' || preset === 'jira';
  const faults: Fault[] = [];
  const url = checkedUrl(wanted.url, rules, faults);
  if (isTicketing && url !== null && url.search !== '')
    faults.push({ detail: `With ${preset} it may have no query.`, pointer: '/url' });
  for (const [field, presets] of Object.entries(USED_BY)) {
    if (wanted[field as keyof NewWebhook] !== undefined && !presets.includes(preset))
      faults.push({ detail: `It is for the preset ${presets.join(', ')} alone.`, pointer: `/${field}` });
  }
  if (preset === 'template' && wanted.template === undefined)
    faults.push({ detail: 'The preset template needs it.', pointer: '/template' });
  if (preset === 'jira' && wanted.jira === undefined)
    faults.push({ detail: 'The preset jira needs it, with the project.', pointer: '/jira' });
  if (preset === 'servicenow') faults.push(...namesForSysIds(wanted.serviceNow));
  if (isTicketing && wanted.credentials === undefined)
    faults.push({ detail: `The preset ${preset} needs them.`, pointer: '/credentials' });
  for (const field of ['template', 'closeTemplate'] as const) {
    if (preset === 'template') checkedTemplate(wanted[field], `/${field}`, faults);
  }
  if (url === null || faults.length > 0) throw invalid(faults);
  return {
    name: wanted.name,
    eventTypes: [...new Set(wanted.eventTypes ?? EVENT_TYPES)],
    preset,
    url: url.href,
    secret: isTicketing ? null : newSecret(),
    credentials: wanted.credentials ?? null,
    template: wanted.template ?? null,
    closeTemplate: wanted.closeTemplate ?? null,
    serviceNow: wanted.serviceNow ?? null,
    jira: wanted.jira ?? null,
  };
}

function checkedUrl(text: string, rules: WebhookRules, faults: Fault[]): URL | null {
  try {
    return webhookUrl(text, rules);
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    if (error.because === 'host') throw hostNotAllowed(error.message);
    faults.push({ detail: error.message, pointer: '/url' });
    return null;
  }
}

/** Whether the API takes a name in place of a sys_id depends on the field and on what is named so: that is not left to it. */
function namesForSysIds(serviceNow: ServiceNowOptions = {}): readonly Fault[] {
  return Object.entries(REFERENCES).flatMap(([field, table]) => {
    const value = serviceNow[field as keyof typeof REFERENCES];
    if (value === undefined || SYS_ID.test(value)) return [];
    const detail = `It must be a sys_id of the table ${table} (32 hexadecimal digits), not a name. In ServiceNow open that table’s list, right-click the record and choose “Copy sys_id”.`;
    return [{ detail, pointer: `/serviceNow/${field}` }];
  });
}

function checkedTemplate(text: string | undefined, pointer: string, faults: Fault[]): void {
  try {
    if (text !== undefined) checkTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateRefused)) throw error;
    faults.push({ detail: error.message, pointer });
  }
}

function hostNotAllowed(detail: string): DomainError {
  return new DomainError('unprocessable', 'webhook-host-not-allowed', detail, {
    extensions: { errors: [{ detail, pointer: '/url' }] },
  });
}

function invalid(errors: readonly Fault[]): DomainError {
  const detail = 'The webhook cannot be made so; errors lists what is wrong. Nothing was kept.';
  return new DomainError('unprocessable', 'webhook-invalid', detail, { extensions: { errors } });
}
