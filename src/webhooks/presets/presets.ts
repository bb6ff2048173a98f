import type { WebhookPreset } from '../model';
import { cloudEventsPreset } from './cloudEventsPreset';
import { jiraPreset } from './jiraPreset';
import type { Preset } from './preset';
import { serviceNowPreset } from './serviceNowPreset';
import { templatePreset } from './templatePreset';

/** Each preset by its name. */
export const PRESETS: Readonly<Record<WebhookPreset, Preset>> = {
  cloudevents: cloudEventsPreset,
  template: templatePreset,
  servicenow: serviceNowPreset,
  jira: jiraPreset,
};
