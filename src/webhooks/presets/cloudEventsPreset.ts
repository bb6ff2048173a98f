/** One signed CloudEvents document for each event. */
import { CLOUD_EVENT_JSON, cloudEvent } from '../cloudEvent';
import { failedWith } from '../exchange';
import { signatureHeaders } from '../signature';
import type { Delivered, Message, Preset, PresetSettings, Send } from './preset';
import { authorization, jsonText } from './requests';

export const cloudEventsPreset: Preset = {
  takesAll: true,
  settleMs: 0,
  deliver: (message, settings, { send }) =>
    postSigned(message, settings, send, {
      type: CLOUD_EVENT_JSON,
      body: jsonText(cloudEvent(message.event, message.machine)),
    }),
};

/** Posts a body, signed. Any 2xx counts. */
export async function postSigned(
  { id, at }: Message,
  { url, secret, credentials }: PresetSettings,
  send: Send,
  { type, body }: { readonly type: string; readonly body: string },
): Promise<Delivered> {
  const signature = secret === null ? {} : signatureHeaders(secret, { id, at, body });
  const headers = { 'content-type': type, ...signature, ...authorization(credentials) };
  const answer = await send({ method: 'POST', url: new URL(url), headers, body });
  if (answer.status < 200 || answer.status >= 300) throw failedWith(answer);
  return { status: answer.status, detail: null };
}
