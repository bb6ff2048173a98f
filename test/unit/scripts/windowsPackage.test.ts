import { createHash } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { unzipSync } from 'fflate';
import { bundledPlaces, componentsAt, licencesOf, type Component } from '../../../scripts/windows/components';
import { NODE_LINUX, NODE_WINDOWS, lockedPart } from '../../../scripts/windows/parts';
import { purlOf, sbomOf, uuidOf } from '../../../scripts/windows/sbom';
import { sumsOf } from '../../../scripts/windows/sums';
import { verifyIntegrity } from '../../../scripts/windows/windowsNode';
import { zipOf } from '../../../scripts/windows/zip';
import { temporaryFolder } from '../../support/temporaryFolder';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe('zipOf', () => {
  const files = new Map([
    ['top/b.txt', bytes('b')],
    ['top/a/c.txt', bytes('c'.repeat(1000))],
  ]);

  it('packs what unpacks to the same', () => {
    const unpacked = unzipSync(zipOf(files, new Date('2026-01-02T03:04:05Z')));
    expect(new Map(Object.entries(unpacked))).toEqual(new Map([...files].sort()));
  });

  it('does not depend on the order in which files come', () => {
    const date = new Date('2026-01-02T03:04:05Z');
    expect(zipOf(new Map([...files].reverse()), date)).toEqual(zipOf(files, date));
  });

  it('dates every file 12:00 of the day in UTC, whatever the time zone is', () => {
    const day = (2026 - 1980) * 512 + 12 * 32 + 31;
    for (const time of ['2026-12-31T00:00:01Z', '2026-12-31T23:59:59Z']) {
      const zip = Buffer.from(zipOf(files, new Date(time)));
      // Time and date of the first local header (APPNOTE.TXT, 4.3.7).
      expect([zip.readUInt16LE(10), zip.readUInt16LE(12)]).toEqual([12 << 11, day]);
    }
  });
});

describe('sumsOf', () => {
  it('writes what sha256sum reads, sorted', () => {
    const sum = (text: string) => createHash('sha256').update(text).digest('hex');
    const files = new Map([
      ['b c', bytes('2')],
      ['a', bytes('1')],
    ]);
    expect(sumsOf(files)).toBe(`${sum('1')}  a\n${sum('2')}  b c\n`);
  });
});

describe('the bill of materials', () => {
  const component = (name: string, more: Partial<Component> = {}): Component => ({
    name,
    version: '1.2.3',
    integrity: `sha512-${Buffer.alloc(64, 7).toString('base64')}`,
    licence: 'MIT',
    licenceText: `licence of ${name}`,
    place: `node_modules/${name}`,
    dependsOn: [],
    ...more,
  });
  const product = {
    name: 'sensorproxy',
    version: '0.1.0',
    licence: 'MIT',
    dependsOn: ['node_modules/@scope/a', 'node_modules/in-no-package'],
  };
  const components = [
    component(NODE_WINDOWS.name, { place: NODE_WINDOWS.name }),
    component('@scope/a', { dependsOn: ['node_modules/b'] }),
    component('b', { licence: '(MIT OR Apache-2.0)' }),
  ];
  const date = new Date('2026-01-02T03:04:05Z');

  it('is valid, and the same for the same', async () => {
    const text = sbomOf(product, components, date);
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    expect(sbomOf(product, components, date)).toBe(text);
  });

  it('has another serial number for other contents', () => {
    const serial = (text: string) => (JSON.parse(text) as { serialNumber: string }).serialNumber;
    expect(serial(sbomOf(product, components.slice(0, 1), date))).not.toBe(
      serial(sbomOf(product, components, date)),
    );
  });

  it('says what depends on what: the product on Node and on what it imports', () => {
    const { dependencies } = JSON.parse(sbomOf(product, components, date)) as {
      dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
    };
    expect([...dependencies].sort((a, b) => (a.ref < b.ref ? -1 : 1))).toEqual([
      { ref: NODE_WINDOWS.name },
      { ref: 'node_modules/@scope/a', dependsOn: ['node_modules/b'] },
      { ref: 'node_modules/b' },
      { ref: 'sensorproxy@0.1.0', dependsOn: [NODE_WINDOWS.name, 'node_modules/@scope/a'] },
    ]);
  });

  it('names packages by package URL', () => {
    expect(purlOf({ name: '@scope/a', version: '1.0.0-rc.1' })).toBe('pkg:npm/%40scope/a@1.0.0-rc.1');
    expect(purlOf({ name: 'b', version: '2.0.0' })).toBe('pkg:npm/b@2.0.0');
  });

  it('makes UUIDs of version 5', () => {
    expect(uuidOf('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('x')).not.toBe(uuidOf('y'));
  });

  it('has a text of licences with each package by name', () => {
    expect(licencesOf(components)).toMatch(/\n@scope\/a 1\.2\.3 \(MIT\)\n=+\n\nlicence of @scope\/a\n/);
  });
});

describe('components', () => {
  it('are the packages with bytes in the bundle, nested ones too', () => {
    const input = (bytesInOutput: number) => ({ bytesInOutput });
    const inputs = {
      'src/main.ts': input(10),
      'node_modules/@scope/a/index.js': input(1),
      'node_modules/b/lib/x.js': input(1),
      'node_modules/b/node_modules/a/index.js': input(1),
      'node_modules/left-out/index.js': input(0),
    };
    const output = { bytes: 13, inputs, imports: [], exports: [] };
    expect(bundledPlaces({ inputs: {}, outputs: { 'dist/main.js': output } })).toEqual([
      'node_modules/@scope/a',
      'node_modules/b',
      'node_modules/b/node_modules/a',
    ]);
  });

  it('have version and hash from the lock file, a licence, and edges among themselves', () => {
    const places = ['node_modules/express', 'node_modules/qs'];
    const [express, qs] = componentsAt(places, new Map());
    expect(express).toMatchObject({ ...lockedPart('express'), licence: 'MIT', dependsOn: [qs?.place] });
    expect(express?.licenceText).toContain('Permission is hereby granted');
  });

  it('are refused without a licence, or in a version that the lock file does not have', async () => {
    const folder = await temporaryFolder();
    const write = (manifest: object) =>
      writeFile(path.join(folder.path, 'package.json'), JSON.stringify(manifest));
    const at = () => componentsAt(['node_modules/qs'], new Map([['node_modules/qs', folder.path]]));
    const { version } = lockedPart('qs');
    try {
      await write({ name: 'qs', version, license: 'BSD-3-Clause' });
      expect(at).toThrow('no licence in');
      await write({ name: 'qs', version });
      expect(at).toThrow('qs names no licence');
      await write({ name: 'qs', version: '0.0.1', license: 'BSD-3-Clause' });
      expect(at).toThrow(`node_modules/qs is 0.0.1, package-lock.json says ${version}`);
    } finally {
      await folder.remove();
    }
  });
});

describe('what is downloaded', () => {
  it('is deleted when its hash is not the pinned one', async () => {
    const folder = await temporaryFolder();
    try {
      const file = path.join(folder.path, 'node.tgz');
      await writeFile(file, 'not Node');
      await expect(verifyIntegrity(file, NODE_WINDOWS.integrity)).rejects.toThrow(
        /^node\.tgz has the wrong hash and was deleted: sha512-\S+ in place of sha512-\S+$/,
      );
      await expect(access(file)).rejects.toThrow('ENOENT');
    } finally {
      await folder.remove();
    }
  });

  it('is pinned: both packages of Node have one version, and what the lock file lacks is refused', () => {
    expect(NODE_LINUX.version).toBe(NODE_WINDOWS.version);
    expect(() => lockedPart('no-such-package')).toThrow('does not pin node_modules/no-such-package');
  });
});
