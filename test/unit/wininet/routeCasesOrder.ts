/* eslint-disable max-lines -- a table: its length is its number of rows */
/** Rows about the order of the mechanisms, the flags and the machine-wide policy. */
import type { RouteUnknownReason, ScriptOutcome } from '../../../src/wininet/route';
import { answer, row, type RouteCase, type Source } from './routeCases';

const ORDER = 'domain facts, section 4: order';
const FLAGS = 'domain facts, section 3: flags';
const FALLBACK = 'Chromium, Proxy settings and fallback';
const PAC = 'http://pac.contoso.com/proxy.pac';
const WPAD = 'http://wpad.contoso.com/wpad.dat';
const lists = { proxy: 'p:8080', bypass: '*.contoso.com', pac: PAC };

const noServer: ScriptOutcome = { kind: 'notFound', seen: 'the DNS knows no WPAD server' };
const gone: ScriptOutcome = { kind: 'unavailable', reason: 'pac-unreachable', seen: 'nothing answers' };
const threw: ScriptOutcome = { kind: 'failed', reason: 'pac-threw', seen: 'it threw TypeError' };
const unavailable = (reason: Extract<ScriptOutcome, { kind: 'unavailable' }>['reason']): ScriptOutcome => ({
  ...gone,
  reason,
});
const STATIC = 'static proxy, entry p:8080';
const NO_PROXY = 'no proxy in force';
const NO_SERVER = 'auto-detect (WPAD) is on, but the DNS knows no WPAD server';
const GONE = 'the PAC file is set, but nothing answers';
const WPAD_SAYS = `auto-detect (WPAD) at ${WPAD} answered PROXY w:3128`;
const PAC_SAYS = `the PAC file at ${PAC} answered PROXY f:3128`;
const wpad = answer('PROXY w:3128', WPAD);
const pac = answer('PROXY f:3128');

/** Name, flags, what WPAD and the PAC file gave, via, hops, because, source, doubts. */
type Ordered = readonly [
  string,
  number,
  ScriptOutcome | null,
  ScriptOutcome | null,
  RouteCase['via'],
  string,
  string,
  Source,
  RouteCase['doubts']?,
];

/** All strings are stored in each of these; the flags decide which are in force. */
const ORDERED: readonly Ordered[] = [
  ['With flag 1 alone nothing is in force.', 1, wpad, pac, 'direct', 'DIRECT', NO_PROXY, FLAGS],
  ['With no flag at all nothing is in force.', 0, wpad, pac, 'direct', 'DIRECT', NO_PROXY, FLAGS],
  ['With flags 3 the static proxy is in force.', 3, wpad, pac, 'proxy', 'PROXY p:8080', STATIC, FLAGS],
  ['With flags 5 the PAC file is in force.', 5, wpad, pac, 'pac', 'PROXY f:3128', PAC_SAYS, FLAGS],
  ['With flags 9 auto-detect is in force.', 9, wpad, pac, 'autoDetect', 'PROXY w:3128', WPAD_SAYS, FLAGS],
  ['The PAC file goes before the static proxy.', 7, null, pac, 'pac', 'PROXY f:3128', PAC_SAYS, ORDER],
  [
    'Auto-detect goes before the static proxy.',
    11,
    wpad,
    null,
    'autoDetect',
    'PROXY w:3128',
    WPAD_SAYS,
    ORDER,
  ],
  ['Auto-detect goes before the PAC file.', 13, wpad, pac, 'autoDetect', 'PROXY w:3128', WPAD_SAYS, ORDER],
  ['Auto-detect goes before all else.', 15, wpad, pac, 'autoDetect', 'PROXY w:3128', WPAD_SAYS, ORDER],
  [
    'Without a WPAD server the PAC file follows.',
    15,
    noServer,
    pac,
    'pac',
    'PROXY f:3128',
    `${NO_SERVER}; ${PAC_SAYS}`,
    FALLBACK,
  ],
  [
    'Without a WPAD server the static proxy follows where there is no PAC file.',
    11,
    noServer,
    null,
    'proxy',
    'PROXY p:8080',
    `${NO_SERVER}; ${STATIC}`,
    FALLBACK,
  ],
  [
    'Without a WPAD server the connection is direct where there is nothing else.',
    9,
    noServer,
    null,
    'direct',
    'DIRECT',
    `${NO_SERVER}; ${NO_PROXY}`,
    FALLBACK,
  ],
  [
    'A WPAD script that cannot be had makes WinINET go on.',
    15,
    gone,
    pac,
    'pac',
    'PROXY f:3128',
    `auto-detect (WPAD) is set, but nothing answers; ${PAC_SAYS}`,
    FALLBACK,
    ['pac-unreachable'],
  ],
  [
    'A PAC file that cannot be had makes WinINET go on.',
    7,
    null,
    gone,
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    FALLBACK,
    ['pac-unreachable'],
  ],
  [
    'A PAC file that cannot be had is direct where there is no static proxy.',
    5,
    null,
    gone,
    'direct',
    'DIRECT',
    `${GONE}; ${NO_PROXY}`,
    FALLBACK,
    ['pac-unreachable'],
  ],
  [
    'A PAC file that does not parse makes WinINET go on.',
    7,
    null,
    unavailable('pac-not-a-script'),
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    FALLBACK,
    ['pac-not-a-script'],
  ],
  [
    'A PAC file that the server refuses makes WinINET go on.',
    7,
    null,
    unavailable('pac-http-status'),
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    FALLBACK,
    ['pac-http-status'],
  ],
  [
    'A PAC file that is too large makes WinINET go on.',
    7,
    null,
    unavailable('pac-too-large'),
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    'inferred',
    ['pac-too-large'],
  ],
  [
    'A PAC address that no service can read makes WinINET go on.',
    7,
    null,
    unavailable('pac-url-not-supported'),
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    'inferred',
    ['pac-url-not-supported'],
  ],
  [
    'When neither script can be had the static proxy follows.',
    15,
    noServer,
    gone,
    'proxy',
    'PROXY p:8080',
    `${NO_SERVER}; ${GONE}; ${STATIC}`,
    FALLBACK,
    ['pac-unreachable'],
  ],
  [
    'When neither script can be had each leaves its doubt.',
    15,
    gone,
    unavailable('pac-not-a-script'),
    'proxy',
    'PROXY p:8080',
    `auto-detect (WPAD) is set, but nothing answers; ${GONE}; ${STATIC}`,
    FALLBACK,
    ['pac-unreachable', 'pac-not-a-script'],
  ],
  [
    'A PAC file that throws sends the connection direct.',
    7,
    null,
    threw,
    'pac',
    'DIRECT',
    'the PAC file gave no answer (it threw TypeError), and WinINET then goes direct',
    FALLBACK,
    ['pac-threw'],
  ],
  [
    'A WPAD script that throws sends the connection direct.',
    15,
    threw,
    pac,
    'autoDetect',
    'DIRECT',
    'auto-detect (WPAD) gave no answer (it threw TypeError), and WinINET then goes direct',
    FALLBACK,
    ['pac-threw'],
  ],
  [
    'A PAC file that runs too long sends the connection direct.',
    7,
    null,
    { ...threw, reason: 'pac-limit', seen: 'it took too long' },
    'pac',
    'DIRECT',
    'the PAC file gave no answer (it took too long), and WinINET then goes direct',
    'inferred',
    ['pac-limit'],
  ],
  [
    'A PAC file that throws behind WPAD sends the connection direct.',
    15,
    noServer,
    threw,
    'pac',
    'DIRECT',
    `${NO_SERVER}; the PAC file gave no answer (it threw TypeError), and WinINET then goes direct`,
    FALLBACK,
    ['pac-threw'],
  ],
  [
    'A script that was not asked is named, and the next mechanism told.',
    15,
    null,
    null,
    'proxy',
    'PROXY p:8080',
    `auto-detect (WPAD) was not asked; the PAC file was not asked; ${STATIC}`,
    'inferred',
  ],
  [
    'A proxy without the direct flag is told with a doubt.',
    2,
    null,
    null,
    'proxy',
    'PROXY p:8080',
    STATIC,
    'ProxyUtils#1',
    ['no-direct-flag'],
  ],
  ['A PAC file needs no direct flag.', 4, null, pac, 'pac', 'PROXY f:3128', PAC_SAYS, 'inferred'],
  ['Auto-detect needs no direct flag.', 8, wpad, null, 'autoDetect', 'PROXY w:3128', WPAD_SAYS, 'inferred'],
  [
    'A proxy without the direct flag behind a PAC file that cannot be had keeps both doubts.',
    6,
    null,
    gone,
    'proxy',
    'PROXY p:8080',
    `${GONE}; ${STATIC}`,
    'ProxyUtils#1',
    ['pac-unreachable', 'no-direct-flag'],
  ],
  ['Unknown flags say nothing.', 0x13, null, null, 'proxy', 'PROXY p:8080', STATIC, 'inferred'],
];

const LISTED = 'https://api.contoso.com:443';
const malformed: RouteUnknownReason = 'settings-malformed';
const MACHINE = 'machine-wide settings (ProxySettingsPerUser is 0): ';
const ABSENT =
  'no proxy settings, so that programs go direct; auto-detect (WPAD) is not looked up, since its flag is not on';
const UNREADABLE = 'the settings cannot be decoded';
const machine = { scope: 'machine', ...lists } as const;
const direct = { via: 'direct', hops: 'DIRECT' } as const;

const OTHERS: readonly RouteCase[] = [
  row({
    name: 'The bypass list does not touch a PAC file’s answer.',
    settings: { flags: 7, ...lists },
    target: LISTED,
    pac,
    via: 'pac',
    hops: 'PROXY f:3128',
    because: PAC_SAYS,
    source: FALLBACK,
  }),
  row({
    name: 'The bypass list does not touch what auto-detect says.',
    settings: { flags: 15, ...lists },
    target: LISTED,
    autoDetect: wpad,
    via: 'autoDetect',
    hops: 'PROXY w:3128',
    because: WPAD_SAYS,
    source: FALLBACK,
  }),
  row({
    name: 'The bypass list counts for the static proxy behind scripts that cannot be had.',
    settings: { flags: 15, ...lists },
    target: LISTED,
    autoDetect: noServer,
    pac: gone,
    ...direct,
    because: `${NO_SERVER}; ${GONE}; bypass list entry *.contoso.com`,
    doubts: ['pac-unreachable'],
    source: FALLBACK,
  }),
  row({
    name: 'The implicit bypass does not touch a PAC file’s answer.',
    settings: { flags: 5, pac: PAC },
    target: 'https://localhost:443',
    pac,
    via: 'pac',
    hops: 'PROXY f:3128',
    because: PAC_SAYS,
    source: FALLBACK,
  }),
  row({
    name: 'The bypass list counts without the direct flag.',
    settings: { flags: 2, ...lists },
    target: LISTED,
    ...direct,
    because: 'bypass list entry *.contoso.com',
    source: 'inferred',
  }),
  row({
    name: 'A bypass list without a proxy says nothing.',
    settings: { flags: 3, bypass: '*' },
    ...direct,
    because: NO_PROXY,
    source: FLAGS,
  }),
  row({
    name: 'A proxy flag without a proxy is direct.',
    settings: { flags: 3 },
    ...direct,
    because: NO_PROXY,
    source: FLAGS,
  }),
  row({
    name: 'A PAC flag without an address is passed over.',
    settings: { flags: 7, proxy: 'p:8080' },
    pac,
    via: 'proxy',
    hops: 'PROXY p:8080',
    because: STATIC,
    source: FALLBACK,
  }),
  row({
    name: 'Absent settings are direct, and say that WPAD is not looked up.',
    settings: { flags: 3, state: 'absent' },
    ...direct,
    because: ABSENT,
    source: 'inferred',
  }),
  row({
    name: 'Absent settings ask no script.',
    settings: { flags: 15, state: 'absent' },
    autoDetect: wpad,
    pac,
    ...direct,
    because: ABSENT,
    source: 'inferred',
  }),
  row({
    name: 'Settings that cannot be decoded give no route.',
    settings: { flags: 3, state: 'malformed' },
    via: malformed,
    hops: '',
    because: UNREADABLE,
    source: 'inferred',
  }),
  row({
    name: 'The policy is named when the machine’s static proxy decides.',
    settings: { flags: 3, ...machine },
    via: 'proxy',
    hops: 'PROXY p:8080',
    because: `${MACHINE}${STATIC}`,
    source: 'ProxySettingsPerUser',
  }),
  row({
    name: 'The policy is named when the machine’s bypass list decides.',
    settings: { flags: 3, ...machine },
    target: LISTED,
    ...direct,
    because: `${MACHINE}bypass list entry *.contoso.com`,
    source: 'ProxySettingsPerUser',
  }),
  row({
    name: 'The policy is named when the machine’s PAC file decides.',
    settings: { flags: 7, ...machine },
    pac,
    via: 'pac',
    hops: 'PROXY f:3128',
    because: `${MACHINE}${PAC_SAYS}`,
    source: 'ProxySettingsPerUser',
  }),
  row({
    name: 'The policy is named when auto-detect decides.',
    settings: { flags: 15, ...machine },
    autoDetect: wpad,
    via: 'autoDetect',
    hops: 'PROXY w:3128',
    because: `${MACHINE}${WPAD_SAYS}`,
    source: 'ProxySettingsPerUser',
  }),
  row({
    name: 'The policy without machine-wide settings is direct, whatever the account has.',
    settings: { flags: 3, ...machine, state: 'absent' },
    ...direct,
    because: `${MACHINE}${ABSENT}`,
    source: 'ProxySettingsPerUser',
  }),
  row({
    name: 'The policy with machine-wide settings that cannot be decoded gives no route.',
    settings: { flags: 3, ...machine, state: 'malformed' },
    via: malformed,
    hops: '',
    because: `${MACHINE}${UNREADABLE}`,
    source: 'ProxySettingsPerUser',
  }),
];

export const ORDER_CASES: readonly RouteCase[] = [
  ...ORDERED.map(([name, flags, autoDetect, script, via, hops, because, source, doubts = []]) =>
    row({ name, settings: { flags, ...lists }, autoDetect, pac: script, via, hops, because, doubts, source }),
  ),
  ...OTHERS,
];
