import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as fc from 'fast-check';
import {
  machineSearchDomains,
  resolvConfSearchDomains,
  windowsSearchDomains,
} from '../../../../src/endpoints/pac/searchDomains';
import { openRegFile } from '../../../../src/registry/regfile/regFileRegistry';
import { type Registry, RegistryType } from '../../../../src/registry/registry';
import { hostName } from '../../../../src/wininet/hostName';
import { deniedRegistry } from '../../../support/deniedRegistry';
import { temporaryFolder } from '../../../support/temporaryFolder';

const POLICY = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\DNSClient';
const SUFFIX_POLICY = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\System\\DNSClient';
const TCPIP = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters';
const CARD = `${TCPIP}\\Interfaces\\{11111111-2222-3333-4444-555555555555}`;
const OTHER_CARD = `${TCPIP}\\Interfaces\\{99999999-2222-3333-4444-555555555555}`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: Registry;
beforeEach(async () => {
  folder = await temporaryFolder();
  const file = path.join(folder.path, 'machine.reg');
  await writeFile(file, 'Windows Registry Editor Version 5.00\r\n\r\n');
  registry = await openRegFile(file);
});
afterEach(async () => {
  await registry.close();
  await folder.remove();
});

async function write(key: string, name: string, text: string): Promise<void> {
  await registry.createKey(key);
  await registry.writeValue(key, name, {
    type: RegistryType.string,
    data: Buffer.from(`${text}\0`, 'utf16le'),
  });
}

describe('the search domains of Windows', () => {
  it('are those of the policy’s list, else of the machine’s list, else the suffixes', async () => {
    await write(CARD, 'DhcpDomain', 'dhcp.contoso.com');
    await write(OTHER_CARD, 'Domain', 'card.contoso.com');
    await write(OTHER_CARD, 'DhcpDomain', 'unused.contoso.com');
    await write(TCPIP, 'DhcpDomain', 'last.contoso.com');
    await write(TCPIP, 'Domain', 'Old.contoso.com');
    expect(await windowsSearchDomains(registry)).toEqual([
      'old.contoso.com',
      'dhcp.contoso.com',
      'card.contoso.com',
      'last.contoso.com',
    ]);
    await write(TCPIP, 'NV Domain', 'corp.contoso.com');
    expect((await windowsSearchDomains(registry))[0]).toBe('corp.contoso.com');
    await write(SUFFIX_POLICY, 'NV PrimaryDnsSuffix', 'policy.contoso.com');
    expect((await windowsSearchDomains(registry))[0]).toBe('policy.contoso.com');
    await write(TCPIP, 'SearchList', 'a.contoso.com,b.contoso.com');
    expect(await windowsSearchDomains(registry)).toEqual(['a.contoso.com', 'b.contoso.com']);
    await write(POLICY, 'SearchList', 'Listed.contoso.com., rubbish!, ,listed.contoso.com');
    expect(await windowsSearchDomains(registry)).toEqual(['listed.contoso.com']);
  });

  it('leave out what cannot be read', async () => {
    await write(POLICY, 'SearchList', 'listed.contoso.com');
    await write(TCPIP, 'Domain', 'corp.contoso.com');
    await write(CARD, 'Domain', 'card.contoso.com');
    const denied = deniedRegistry(registry, /DNSClient|Interfaces/);
    expect(await windowsSearchDomains(denied)).toEqual(['corp.contoso.com']);
    expect(await windowsSearchDomains(deniedRegistry(registry, /./))).toEqual([]);
  });
});

describe('the search domains of a machine', () => {
  it('are the registry’s, and where it has none, those of resolv.conf', async () => {
    const file = path.join(folder.path, 'resolv.conf');
    expect(await machineSearchDomains(registry, file)).toEqual([]);
    await writeFile(file, 'search lab.contoso.com\n');
    expect(await machineSearchDomains(registry, file)).toEqual(['lab.contoso.com']);
    await write(TCPIP, 'Domain', 'corp.contoso.com');
    expect(await machineSearchDomains(registry, file)).toEqual(['corp.contoso.com']);
  });
});

describe('resolv.conf', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['nameserver 10.0.0.1\nsearch corp.contoso.com contoso.com\n', ['corp.contoso.com', 'contoso.com']],
    ['search a.example\r\nsearch b.example\tc.example\r\n', ['b.example', 'c.example']],
    ['search a.example\ndomain b.example\n', ['b.example']],
    ['domain b.example c.example\n', ['b.example']],
    ['domain b.example\nsearch a.example', ['a.example']],
    ['# search a.example\n; search a.example\n search a.example\nsearchlist a.example', []],
    ['search a.example. A.example bad!name .', ['a.example']],
  ])('%j says %j', (text, found) => {
    expect(resolvConfSearchDomains(text)).toEqual(found);
  });

  it('whatever it holds, gives host names, each once', () => {
    const line = fc.tuple(
      fc.constantFrom('search ', 'domain ', 'search\t', '#', ''),
      fc.string({ maxLength: 60 }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const found = resolvConfSearchDomains(lines.map((parts) => parts.join('')).join('\n'));
        expect(new Set(found).size).toBe(found.length);
        for (const name of found) expect(hostName(name)).toBe(name);
      }),
    );
  });
});
