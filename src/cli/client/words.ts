/** What the service's answers say, in a few words. */
import type { ProxySettings } from '../../proxy/model';
import type { Finding } from '../../wininet/findings';
import type { Screen, Tone, Toned } from './screen';

/** What is in force. */
export function settingsInWords(settings: ProxySettings | null): string {
  if (settings === null) return 'no settings';
  const { flags, proxyServer, autoConfigUrl } = settings;
  const parts = [
    flags.autoDetect ? 'auto-detect' : null,
    flags.autoConfigUrl ? `PAC ${autoConfigUrl ?? '(no URL)'}` : null,
    flags.proxy ? (proxyServer ?? '(no proxy)') : null,
  ].filter((part) => part !== null);
  return parts.join(', ') || 'direct';
}

const TONES: Readonly<Record<string, Tone>> = {
  healthy: 'good',
  degraded: 'doubtful',
  unhealthy: 'bad',
  unknown: 'doubtful',
  identical: 'good',
  equivalent: 'good',
  different: 'bad',
  absent: 'bad',
  applied: 'good',
  failed: 'bad',
  rolledBack: 'bad',
  rollbackFailed: 'bad',
  running: 'good',
  stopped: 'bad',
  blocking: 'bad',
  warning: 'doubtful',
};

/** A word of the contract with the tone that it has. */
export function toned(word: string): Toned {
  return { text: word, tone: TONES[word] ?? 'plain' };
}

/** Each finding in a line: what was seen, and what to do. `of`: whom they are of. */
export function sayFindings(screen: Screen, findings: readonly Finding[], of?: string): void {
  for (const { severity, code, detail, remedy } of findings) {
    screen.say(toned(severity), ` ${code}: ${of === undefined ? '' : `${of}: `}${detail} ${remedy}`);
  }
}

/** A time without what nobody reads: `2026-11-24 06:15:12Z`. */
export function timeInWords(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
