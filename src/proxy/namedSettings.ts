import { DomainError } from '../lib/errors';
import { parseBypassList } from '../wininet/bypassList';
import type { NamedSettings } from '../wininet/connectionSettings';
import { parseProxyList } from '../wininet/proxyList';
import type { PutSettingsRequest } from './model';

interface Fault {
  readonly detail: string;
  readonly pointer: string;
}

/** The format's strings have no code page: outside ASCII, two readers would see two texts. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Checks settings that a caller names, all faults at once. Errors: `settings-invalid` with `errors`. */
export function checkNamedSettings(request: PutSettingsRequest): NamedSettings {
  const named: NamedSettings = {
    proxyServer: request.proxyServer ?? null,
    bypassList: request.bypassList ?? [],
    autoConfigUrl: request.autoConfigUrl ?? null,
    autoDetect: request.autoDetect ?? false,
  };
  const faults = [
    ...proxyFaults(named.proxyServer),
    ...named.bypassList.flatMap((entry, index) => bypassFaults(entry, `/bypassList/${index}`)),
    ...pacFaults(named.autoConfigUrl),
    ...(named.bypassList.length > 0 && named.proxyServer === null
      ? [{ pointer: '/bypassList', detail: 'A bypass list has no meaning without a proxyServer.' }]
      : []),
  ];
  if (faults.length > 0) {
    const detail = 'The settings cannot be written as stated; see errors. Nothing was touched.';
    throw new DomainError('unprocessable', 'settings-invalid', detail, { extensions: { errors: faults } });
  }
  return named;
}

function proxyFaults(proxyServer: string | null): readonly Fault[] {
  if (proxyServer === null) return [];
  const pointer = '/proxyServer';
  if (!PRINTABLE_ASCII.test(proxyServer) || proxyServer !== proxyServer.trim()) {
    return [
      {
        pointer,
        detail: 'Use printable ASCII, no spaces around it; write international names in Punycode (xn--…).',
      },
    ];
  }
  const entries = parseProxyList(proxyServer);
  if (entries.length === 0) return [{ pointer, detail: 'It names no proxy. Use null for none.' }];
  return entries.flatMap((entry) => ('problem' in entry ? [{ pointer, detail: entry.problem }] : []));
}

function bypassFaults(entry: string, pointer: string): readonly Fault[] {
  if (!PRINTABLE_ASCII.test(entry) || entry.includes('"')) {
    return [
      {
        pointer,
        detail: 'Use printable ASCII without quotes; write international names in Punycode (xn--…).',
      },
    ];
  }
  if (parseBypassList(entry)[0] !== entry) {
    return [{ pointer, detail: 'Each entry stands alone: not empty, no spaces, no semicolons.' }];
  }
  if (entry.startsWith('.'))
    return [{ pointer, detail: 'Windows refuses a leading dot: write *.example.com.' }];
  if (entry.includes('/')) {
    return [
      {
        pointer,
        detail: 'A slash makes WinINET send every destination direct: use names or wildcards (10.1.*).',
      },
    ];
  }
  return [];
}

function pacFaults(url: string | null): readonly Fault[] {
  if (url === null) return [];
  const pointer = '/autoConfigUrl';
  if (!PRINTABLE_ASCII.test(url) || /["\s]/.test(url)) {
    return [{ pointer, detail: 'Use printable ASCII without quotes or spaces.' }];
  }
  // Written out, since URL takes `http:host` for a whole URL.
  const parsed = /^https?:\/\/[^/]/i.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) {
    return [{ pointer, detail: 'It must be a whole http or https URL; services do not read file: URLs.' }];
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return [{ pointer, detail: 'It must hold no credentials: every user of the machine could read them.' }];
  }
  return [];
}
