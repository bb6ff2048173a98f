import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { acquireFileLock, FileLockedError } from '../../../src/lib/fileLock';
import { keyPairOf } from '../../../src/lib/keyPair';
import { createAuthority } from '../../support/certificates';
import { damaged, SEED } from '../../support/damage';
import { temporaryFolder } from '../../support/temporaryFolder';

describe('a lock file', () => {
  it('with any content is taken over, or is a living process’s, and nothing is left of it once it is released', async () => {
    const folder = await temporaryFolder();
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8').catch(() => '');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const holder = fc.record(
      {
        pid: fc.oneof(
          fc.constantFrom<unknown>(process.pid, process.ppid, 1, 0, -1, 1.5, 2 ** 31, 1e300, '1', null),
          fc.nat(),
        ),
        id: fc.oneof(fc.uuid(), fc.jsonValue()),
        startTime: fc.oneof(fc.constantFrom(startTime, '1', ''), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const own = Buffer.from(JSON.stringify({ pid: process.ppid, startTime, id: 'x' }));
    const content = fc.oneof(
      damaged(own),
      holder.map((one) => Buffer.from(JSON.stringify(one))),
    );
    let file = 0;
    try {
      // Many at a time: each lock that is taken over waits a while, lest another starter does the same.
      await fc.assert(
        fc.asyncProperty(fc.array(content, { minLength: 40, maxLength: 40 }), async (contents) => {
          const ends = await Promise.all(
            // One that is a living process's is always among them.
            [own, ...contents].map(async (bytes) => {
              const location = path.join(folder.path, String((file += 1)));
              await writeFile(`${location}.lock`, bytes);
              try {
                const lock = await acquireFileLock(location);
                await expect(acquireFileLock(location)).rejects.toBeInstanceOf(FileLockedError);
                await lock.release();
                return 'taken';
              } catch (error) {
                expect(error).toBeInstanceOf(FileLockedError);
                const { pid } = JSON.parse(bytes.toString()) as { readonly pid: unknown };
                expect((error as FileLockedError).pid).toBe(pid);
                expect((await readFile(`${location}.lock`)).equals(bytes)).toBe(true);
                return 'locked';
              }
            }),
          );
          expect(new Set(ends)).toEqual(new Set(['taken', 'locked']));
          const locked = ends.filter((end) => end === 'locked').length;
          const left = await readdir(folder.path);
          expect(left.filter((name) => !/^\d+\.lock$/.test(name))).toEqual([]);
          expect(left.length).toBeGreaterThanOrEqual(locked);
        }),
        { seed: SEED, numRuns: 3 },
      );
    } finally {
      await folder.remove();
    }
  });
});

describe('a certificate with its key', () => {
  it('that has a time which is none is refused, and the error says so', async () => {
    const authority = await createAuthority('Root');
    const { cert, key } = await authority.issue({ hosts: ['localhost'] });
    const der = Buffer.from(new X509Certificate(cert).raw);
    // UTCTime, 13 bytes: the first is notBefore.
    der.write('6', der.indexOf(Buffer.from([0x17, 0x0d])) + 4, 'latin1');
    const damagedCert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(() => keyPairOf(damagedCert, key)).toThrow(/^the times in the certificate cannot be read\.$/);
  });

  it('whose files are damaged is read, or refused with what is wrong, and no part of the key is told', async () => {
    const authority = await createAuthority('Root');
    const { cert, key } = await authority.issue({ hosts: ['localhost'] });
    const der = new X509Certificate(cert).raw;
    const pem = (bytes: Buffer) =>
      `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
    // By the text, and below it by the bytes, which reaches each field of the certificate.
    const texts = fc.oneof(
      damaged(Buffer.from(cert)).map((bytes) => bytes.toString('latin1')),
      damaged(der).map(pem),
      fc.constantFrom(cert, cert + cert, key, ''),
    );
    const keys = fc.oneof(
      damaged(Buffer.from(key)).map((bytes) => bytes.toString('latin1')),
      fc.constantFrom(key, cert + key),
    );
    const secrets = key.split('\n').filter((line) => line.length > 40 && !line.startsWith('-'));
    expect(secrets.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(texts, keys, (certText, keyText) => {
        try {
          const pair = keyPairOf(certText, keyText);
          expect(pair.validTo).toMatch(/^\d{4}-\d\d-\d\dT/);
          expect(pair.sha256).toMatch(/^[0-9a-f]{64}$/);
        } catch (error) {
          expect((error as Error).constructor).toBe(Error);
          expect((error as Error).message).toMatch(/^[^\n]{10,}\.$/);
          for (const secret of secrets) expect((error as Error).message).not.toContain(secret);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});
