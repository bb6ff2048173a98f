/** A signed body of the operator's own: for ticket systems that join what has the same key. */
import { postSigned } from './cloudEventsPreset';
import type { Preset } from './preset';
import { fillTemplate } from './template';

export const templatePreset: Preset = {
  takesAll: true,
  settleMs: 0,
  deliver: (message, settings, { send }) => {
    const { event, machine } = message;
    const open = settings.template ?? '{}';
    const template = event.resolved ? (settings.closeTemplate ?? open) : open;
    const body = fillTemplate(template, event, machine);
    return postSigned(message, settings, send, { type: 'application/json', body });
  },
};
