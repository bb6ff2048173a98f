import { isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { clockAt, networkOf, startAsking } from './asking';

/** Every function that a script finds, through the real sandbox: all rows of a table in one script. */

let asking: Awaited<ReturnType<typeof startAsking>>;
beforeAll(async () => {
  asking = await startAsking();
});
afterAll(() => asking.server.close());

type Rows = readonly (readonly [expression: string, worth: unknown])[];

const { network, asked } = networkOf({
  'host.contoso.com': ['fd00::5', '10.1.2.3'],
  'six.contoso.com': ['fd00::6'],
});
const PARTS = { network, ownAddresses: () => ['10.9.8.7', 'fd00::9'] };

async function expectRows(rows: Rows, parts = {}): Promise<void> {
  const values = await asking.values(
    rows.map(([expression]) => expression),
    { ...PARTS, ...parts },
  );
  expect(rows.map(([expression], index) => [expression, values[index]])).toEqual(rows);
}

describe('names', () => {
  it('are looked at as Netscape wrote it down', () =>
    expectRows([
      ["isPlainHostName('www')", true],
      ["isPlainHostName('www.contoso.com')", false],
      ["isPlainHostName('fd00::1')", false],
      ["dnsDomainIs('www.contoso.com', '.contoso.com')", true],
      ["dnsDomainIs('www', '.contoso.com')", false],
      ["dnsDomainIs('www.contoso.com.evil.example', '.contoso.com')", false],
      ["localHostOrDomainIs('www.contoso.com', 'www.contoso.com')", true],
      ["localHostOrDomainIs('www', 'www.contoso.com')", true],
      ["localHostOrDomainIs('ww', 'www.contoso.com')", false],
      ["localHostOrDomainIs('home.contoso.com', 'www.contoso.com')", false],
      ["dnsDomainLevels('www')", 0],
      ["dnsDomainLevels('www.contoso.com')", 2],
      ["shExpMatch('http://home.contoso.com/people/a.html', '*/people/*')", true],
      ["shExpMatch('http://home.contoso.com/x/a.html', '*/people/*')", false],
      ["shExpMatch('abc', 'a?c')", true],
      ["shExpMatch('ac', 'a?c')", false],
      ["shExpMatch('a.c', 'a.c')", true],
      ["shExpMatch('abc', 'a.c')", false],
      ["shExpMatch('a[b]+c', 'a[b]+c')", true],
      ["shExpMatch('', '*')", true],
      ["shExpMatch('', '')", true],
      ["alert('shown to nobody')", null],
      ['getClientVersion()', '1.0'],
    ]));

  it('match a shell pattern as the plain definition has it', async () => {
    const samples = fc.sample(
      fc.tuple(
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 }),
      ),
      300,
    );
    await expectRows(
      samples.map(([text, pattern]) => [
        `shExpMatch(${JSON.stringify(text)}, ${JSON.stringify(pattern)})`,
        matchesPlainly(text, pattern),
      ]),
    );
  });
});

describe('addresses', () => {
  it('are looked up and compared', () =>
    expectRows([
      ["dnsResolve('host.contoso.com')", '10.1.2.3'],
      ["dnsResolve('six.contoso.com')", null],
      ["dnsResolve('nowhere.contoso.com')", null],
      ["dnsResolve('not a name')", null],
      ["dnsResolve('1.2.3.4')", '1.2.3.4'],
      ["dnsResolveEx('host.contoso.com')", 'fd00::5;10.1.2.3'],
      ["dnsResolveEx('nowhere.contoso.com')", ''],
      ["isResolvable('host.contoso.com')", true],
      ["isResolvable('six.contoso.com')", false],
      ["isResolvableEx('six.contoso.com')", true],
      ["isResolvableEx('nowhere.contoso.com')", false],
      ["isInNet('host.contoso.com', '10.1.0.0', '255.255.0.0')", true],
      ["isInNet('10.2.0.1', '10.1.0.0', '255.255.0.0')", false],
      ["isInNet('10.1.200.1', '10.1.9.9', '255.255.0.0')", true],
      ["isInNet('nowhere.contoso.com', '0.0.0.0', '0.0.0.0')", false],
      ["isInNet('10.1.2.3', 'rubbish', '255.0.0.0')", false],
      ["isInNetEx('fd00::1234', 'fd00::/16')", true],
      ["isInNetEx('fd01::1', 'fd00::/16')", false],
      ["isInNetEx('10.1.2.3', '10.1.0.0/15')", true],
      ["isInNetEx('10.1.2.3', '::/0')", false],
      ["isInNetEx('six.contoso.com', 'fd00::6/128')", true],
      ["isInNetEx('10.1.2.3', '10.1.0.0/33')", false],
      ["isInNetEx('10.1.2.3', '10.1.0.0')", false],
      ['myIpAddress()', '10.9.8.7'],
      ['myIpAddressEx()', '10.9.8.7;fd00::9'],
      ["sortIpAddressList('10.2.0.1;fd00::2;10.1.0.1;fd00::1')", 'fd00::1;fd00::2;10.1.0.1;10.2.0.1'],
      ["sortIpAddressList('10.2.0.1;rubbish')", ''],
      ["sortIpAddressList('')", ''],
      ["convert_addr('104.16.41.2')", 1745889538],
      ["convert_addr('rubbish')", 0],
    ]));

  it('of this machine are its loopback address when there is no other', () =>
    expectRows(
      [
        ['myIpAddress()', '127.0.0.1'],
        ['myIpAddressEx()', ''],
      ],
      { ownAddresses: () => [] },
    ));

  it('are looked up once for each name, at the port of the target, so that an override counts', () => {
    expect(asked.filter((one) => one.startsWith('host.'))).toEqual(['host.contoso.com:443']);
    expect(asked).not.toContain('not a name:443');
  });

  it('are IPv6 when Node says so', async () => {
    const samples = fc.sample(
      fc.oneof(
        fc.ipV6(),
        fc.string({ unit: fc.constantFrom('1', 'f', ':', '::', '.', '0', '1.2.3.4'), maxLength: 12 }),
      ),
      300,
    );
    await expectRows(
      samples.map((text) => [`isInNetEx('::1', ${JSON.stringify(`${text}/0`)})`, isIPv6(text)]),
    );
  });

  it('are asked for 32 names and no more', async () => {
    const counted = networkOf({});
    await asking.values(
      ['(function () { for (var i = 0; i < 50; i++) dnsResolve("n" + i + ".example"); })()'],
      {
        network: counted.network,
      },
    );
    expect(counted.asked).toHaveLength(32);
  });
});

describe('times', () => {
  // A Thursday, 15:30:20 where the script runs, and 20:30:20 in UTC.
  const parts = { clock: clockAt('2026-12-24T20:30:20.000Z'), utcOffset: 300 };

  it('are compared in the machine’s zone, or in UTC', () =>
    expectRows(
      [
        ["weekdayRange('THU')", true],
        ["weekdayRange('FRI')", false],
        ["weekdayRange('MON', 'FRI')", true],
        ["weekdayRange('FRI', 'THU')", true],
        ["weekdayRange('FRI', 'WED')", false],
        ["weekdayRange('THU', 'GMT')", true],
        ["weekdayRange('SAT', 'SUN', 'GMT')", false],
        ["weekdayRange('rubbish')", false],
        ['weekdayRange()', false],
        ['dateRange(24)', true],
        ['dateRange(23)', false],
        ['dateRange(1, 24)', true],
        ['dateRange(25, 3)', false],
        ["dateRange('DEC')", true],
        ["dateRange('NOV', 'JAN')", true],
        ["dateRange('JAN', 'NOV')", false],
        ['dateRange(2026)', true],
        ['dateRange(2024, 2025)', false],
        ["dateRange(24, 'DEC')", true],
        ["dateRange(24, 'DEC', 2025)", false],
        ["dateRange(1, 'DEC', 24, 'DEC')", true],
        ["dateRange(25, 'DEC', 6, 'JAN')", false],
        ["dateRange('OCT', 2026, 'MAR', 2027)", true],
        ["dateRange('OCT', 2025, 'MAR', 2026)", false],
        ["dateRange(31, 'JAN', 2026, 24, 'DEC', 2026)", true],
        ["dateRange(25, 'DEC', 2026, 31, 'DEC', 2026, 'GMT')", false],
        ["dateRange(24, 'GMT')", true],
        ["dateRange('GMT')", false],
        ['dateRange(1, 2, 3)', false],
        ["dateRange('rubbish')", false],
        ['timeRange(15)', true],
        ['timeRange(20)', false],
        ["timeRange(20, 'GMT')", true],
        ['timeRange(9, 15)', true],
        ['timeRange(22, 5)', false],
        ['timeRange(22, 15)', true],
        ['timeRange(15, 0, 15, 30)', true],
        ['timeRange(15, 31, 16, 0)', false],
        ['timeRange(15, 30, 20, 15, 30, 20)', true],
        ['timeRange(15, 30, 21, 15, 30, 40)', false],
        ["timeRange(20, 30, 0, 20, 30, 30, 'GMT')", true],
        ['timeRange(1, 2, 3)', false],
        ["timeRange('rubbish')", false],
        ['new Date().getHours()', 15],
      ],
      parts,
    ));

  it('change with the day in UTC', () =>
    expectRows(
      [
        ["weekdayRange('SUN')", true],
        ["weekdayRange('SAT', 'GMT')", true],
        ["dateRange(1, 'NOV')", true],
        ["dateRange(31, 'OCT', 'GMT')", true],
      ],
      { clock: clockAt('2026-10-31T18:30:00.000Z'), utcOffset: -540 },
    ));
});

describe('a script that changes the built-ins', () => {
  it('changes nothing for the functions', async () => {
    const spoil = `
      String.prototype.indexOf = String.prototype.slice = String.prototype.charAt = function () { return 'spoilt'; };
      RegExp.prototype.exec = function () { return null; };
      Array.prototype[Symbol.iterator] = function () { throw new Error('spoilt'); };
      Date.prototype.getHours = function () { return 99; };
      Function.prototype.call = Function.prototype.apply = Reflect.apply = function () { throw new Error('spoilt'); };
      var Number = null, Math = null, String = null, Date = null;
      Object.prototype.then = 1;`;
    const rows: Rows = [
      ["isPlainHostName('www.contoso.com')", false],
      ["shExpMatch('abc', 'a*c')", true],
      ["isInNet('host.contoso.com', '10.1.0.0', '255.255.0.0')", true],
      ["isInNetEx('fd00::1', 'fd00::/16')", true],
      ['timeRange(0, 23)', true],
    ];
    expect(
      await asking.values(
        rows.map(([expression]) => expression),
        PARTS,
        spoil,
      ),
    ).toEqual(rows.map(([, worth]) => worth));
  });
});

/** By the definition: a star takes any number of characters. */
function matchesPlainly(text: string, pattern: string): boolean {
  const [wanted] = pattern;
  const rest = pattern.slice(1);
  if (wanted === undefined) return text === '';
  if (wanted === '*') {
    return matchesPlainly(text, rest) || (text !== '' && matchesPlainly(text.slice(1), pattern));
  }
  return text !== '' && (wanted === '?' || text.startsWith(wanted)) && matchesPlainly(text.slice(1), rest);
}
