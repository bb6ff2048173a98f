import fc from 'fast-check';
import { folderOf, isLocalPath, programOf } from '../../../src/sensor/imagePath';

const FOLDER = 'C:\\Program Files\\Azure Advanced Threat Protection Sensor\\2.240.1';
const EXE = `${FOLDER}\\Microsoft.Tri.Sensor.exe`;
const variables = new Map([
  ['programfiles', 'C:\\Program Files'],
  ['systemdrive', 'C:'],
  ['evil', '\\\\elsewhere\\share'],
]);

describe('the program of an ImagePath', () => {
  it.each([
    ['quoted', `"${EXE}"`],
    ['quoted, with arguments', `"${EXE}" --service "a b"`],
    ['unquoted, with spaces', EXE],
    ['unquoted, with spaces and arguments', `${EXE} --service x.exe`],
    [
      'with a variable',
      '"%ProgramFiles%\\Azure Advanced Threat Protection Sensor\\2.240.1\\Microsoft.Tri.Sensor.exe"',
    ],
    ['with a variable in another case', `%SYSTEMDRIVE%${EXE.slice(2)}`],
    ['with the prefix of a native path', `\\??\\${EXE}`],
    ['with space around it', `  "${EXE}"  `],
  ])('is found when it is %s', (_how, text) => {
    expect(programOf(text, variables)).toBe(EXE);
  });

  it.each([
    ['on another machine', '\\\\server\\share\\sensor.exe'],
    ['on another machine, in quotes', '"\\\\server\\share\\sensor.exe"'],
    ['on another machine, by a variable', '%evil%\\sensor.exe'],
    ['on another machine, behind a prefix', '\\\\?\\UNC\\server\\share\\sensor.exe'],
    ['on another machine, behind the native prefix', '\\??\\UNC\\server\\share\\sensor.exe'],
    ['on another machine, with slashes', '//server/share/sensor.exe'],
    ['a device', '\\\\.\\C:\\sensor.exe'],
    ['a stream of a file', 'C:\\folder:stream\\sensor.exe'],
    ['relative', 'system32\\sensor.exe'],
    ['relative to a drive', 'C:sensor.exe'],
    ['behind dots', 'C:\\Program Files\\..\\Windows\\sensor.exe'],
    ['in a folder whose name ends in a dot', 'C:\\folder.\\sensor.exe'],
    ['behind a variable that is not known', '%nothing%\\sensor.exe'],
    ['in quotes that do not end', `"${EXE}`],
    ['nothing', ''],
    ['nothing but quotes', '""'],
    ['far too long', `C:\\${'x'.repeat(40_000)}.exe`],
  ])('is not given when it is %s', (_how, text) => {
    expect(programOf(text, variables)).toBeNull();
  });

  const name = fc
    .stringMatching(/^[A-Za-z0-9 ()._äß-]{1,20}$/)
    .filter((text) => !/[. ]$/.test(text) && !text.startsWith(' ') && !/\.exe\s/i.test(`${text} `));
  const folders = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `D:\\${names.join('\\')}`);
  const programs = fc.tuple(folders, name).map(([folder, file]) => `${folder}\\${file}.exe`);
  const argumentsOf = fc.string({ maxLength: 30 }).filter((text) => !text.includes('%'));

  it('is the path that was written, whatever its arguments', () => {
    fc.assert(
      fc.property(programs, argumentsOf, (program, rest) => {
        expect(programOf(`"${program}" ${rest}`, variables)).toBe(program);
        expect(programOf(`${program} ${rest}`, variables)).toBe(program);
      }),
    );
  });

  it('is on a drive of this machine, or is none, whatever the text', () => {
    const pieces = fc.constantFrom(
      '"',
      '\\',
      '\\\\',
      'C:',
      '%evil%',
      '%programfiles%',
      '..',
      '.exe',
      ' ',
      '??',
      '/',
    );
    const texts = fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 12 });
    fc.assert(
      fc.property(texts, (parts) => {
        const found = programOf(parts.join(''), variables);
        expect(found === null || isLocalPath(found)).toBe(true);
        expect(found ?? 'C:\\x').toMatch(/^[A-Za-z]:\\[^:]*$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the folder of a program', () => {
  it('gives the version that it is named after', () => {
    expect(folderOf(EXE)).toEqual({ folder: FOLDER, version: '2.240.1' });
  });

  it.each(['C:\\Sensor\\sensor.exe', 'C:\\2\\sensor.exe', 'C:\\v2.1\\sensor.exe', 'C:\\sensor.exe'])(
    'gives none for %s',
    (program) => {
      expect(folderOf(program).version).toBeNull();
    },
  );
});
