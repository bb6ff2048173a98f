import { sidOfCurrentUser } from '../../../src/registry/currentUser';
import { openRegFile } from '../../../src/registry/regfile/regFileRegistry';
import { reg, temporaryFolders } from './regFileTexts';

const ANNA = 'S-1-5-21-1004336348-1177238915-682003330-1104';
const BEN = 'S-1-5-21-1004336348-1177238915-682003330-1105';
const folders = temporaryFolders();

const session = (hive: string, name: string, domain?: string) => [
  `[${hive}\\Volatile Environment]`,
  `"USERNAME"="${name}"`,
  ...(domain === undefined ? [] : [`"USERDOMAIN"="${domain}"`]),
  '',
];

/** Whom the process runs as, told from a registry with these lines. */
async function told(...lines: string[]): Promise<string> {
  const registry = await openRegFile(await folders.file(reg(...lines)));
  try {
    return await sidOfCurrentUser(registry);
  } finally {
    await registry.close();
  }
}

describe('the account that this process runs as, told from the registry', () => {
  it('is the one whose session is the current user’s', async () => {
    const sid = await told(
      ...session('HKCU', 'ben', 'CONTOSO'),
      ...session(`HKU\\${ANNA}`, 'anna', 'CONTOSO'),
      ...session(`HKU\\${BEN}`, 'ben', 'CONTOSO'),
    );
    expect(sid).toBe(BEN);
  });

  it('is found in any case', async () => {
    const sid = await told(
      ...session('HKCU', 'Anna', 'contoso'),
      ...session(`HKU\\${ANNA}`, 'ANNA', 'CONTOSO'),
    );
    expect(sid).toBe(ANNA);
  });

  it('is not one of the same name in another domain', async () => {
    const sid = await told(
      ...session('HKCU', 'anna', 'CONTOSO'),
      ...session(`HKU\\${BEN}`, 'anna', 'DC01'),
      ...session(`HKU\\${ANNA}`, 'anna', 'CONTOSO'),
    );
    expect(sid).toBe(ANNA);
  });

  it('is found without a domain', async () => {
    expect(await told(...session('HKCU', 'anna'), ...session(`HKU\\${ANNA}`, 'anna'))).toBe(ANNA);
  });

  it.each([
    ['the current user has no session', [`[HKU\\${ANNA}]`]],
    ['somebody else alone is signed in', session(`HKU\\${ANNA}`, 'anna', 'CONTOSO')],
    ['the session has no name', [...session('HKCU', ''), ...session(`HKU\\${ANNA}`, '')]],
    ['the session is nobody’s', [...session('HKCU', 'anna'), ...session(`HKU\\${BEN}`, 'ben')]],
    [
      'the session stands in a hive that is no account’s',
      [...session('HKCU', 'anna'), ...session('HKU\\.DEFAULT', 'anna')],
    ],
    [
      'the name is no text',
      ['[HKCU\\Volatile Environment]', '"USERNAME"=dword:00000001', ...session(`HKU\\${ANNA}`, 'anna')],
    ],
  ])('is LocalSystem when %s', async (_when, lines) => {
    expect(await told(...lines)).toBe('S-1-5-18');
  });
});
