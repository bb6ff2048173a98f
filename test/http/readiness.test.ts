import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createReadiness, type ReadinessSources } from '../../src/http/readiness';
import type { Readiness } from '../../src/http/services';
import type { JournalEntry } from '../../src/journal/journal';
import { JournalFolder } from '../../src/journal/journalFolder';
import { probeFolder } from '../../src/lib/probeFolder';
import { DomainError } from '../../src/lib/errors';
import type { Registry } from '../../src/registry/registry';
import { anna } from '../support/practice';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Service, bodyOf, openService } from './service';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** A clock that stands still until it is turned. */
function clockAt() {
  let now = 0;
  return {
    clock: { now: () => new Date(now).toISOString(), monotonicMs: () => now },
    pass: (ms: number) => (now += ms),
  };
}

function registryThat(listSubkeys: Registry['listSubkeys']): Registry {
  const unused = () => Promise.reject(new Error('not asked for'));
  return {
    driver: 'regfile',
    listSubkeys,
    readValue: unused,
    writeValue: unused,
    deleteValue: unused,
    listValues: unused,
    createKey: unused,
    close: unused,
  };
}

function look(changes: Partial<ReadinessSources> = {}): () => Promise<Readiness> {
  return createReadiness({
    registry: registryThat(() => Promise.resolve([])),
    because: 'an embedded registry',
    dataDir: folder.path,
    journal: { condition: { open: true, clean: true, damaged: 0 } },
    recoveryWaits: () => Promise.resolve(false),
    clock: clockAt().clock,
    ...changes,
  });
}

const unready = ({ ready, parts }: Readiness) => ({
  ready,
  parts: parts.filter((part) => !part.ready).map(({ name, detail }) => [name, detail]),
});

it('is ready when all parts are, and names them', async () => {
  const { ready, parts } = await look()();
  expect(ready).toBe(true);
  expect(parts.map(({ name }) => name)).toEqual(['registry', 'dataDir', 'journal', 'recovery', 'tokens']);
  expect(await readdir(folder.path)).toEqual([]);
});

describe('a part that does not work', () => {
  const denied = new DomainError('forbidden', 'registry-access-denied', `HKEY_USERS\\${anna}: denied (5).`);
  const systemError = (code: string) => Object.assign(new Error(`${code} /var/lib/secret`), { code });

  it.each<[string, Partial<ReadinessSources>, string, string]>([
    [
      'a registry that refuses',
      { registry: registryThat(() => Promise.reject(denied)) },
      'registry',
      'the driver regfile fails (registry-access-denied)',
    ],
    [
      'a registry that breaks',
      { registry: registryThat(() => Promise.reject(new Error('C:\\x'))) },
      'registry',
      'the driver regfile fails (unknown reason)',
    ],
    [
      'a registry without the system’s hive',
      { registry: registryThat(() => Promise.resolve(undefined)) },
      'registry',
      'the hive of the operating system is not there',
    ],
    [
      'a journal that is closed',
      { journal: { condition: { open: false, clean: true, damaged: 0 } } },
      'journal',
      'it is closed',
    ],
    [
      'an interrupted change',
      { recoveryWaits: () => Promise.resolve(true) },
      'recovery',
      'an interrupted change is not undone yet; the log says why',
    ],
    [
      'a note that cannot be seen',
      { recoveryWaits: () => Promise.reject(systemError('EIO')) },
      'recovery',
      'it cannot be told whether an interrupted change waits (EIO)',
    ],
  ])('%s is named, with the reason, without path or account', async (_name, changes, part, detail) => {
    expect(unready(await look(changes)())).toEqual({ ready: false, parts: [[part, detail]] });
  });

  it('a data folder that is gone is named', async () => {
    const dataDir = path.join(folder.path, 'gone');
    expect(unready(await look({ dataDir })())).toEqual({
      ready: false,
      parts: [['dataDir', 'it cannot be written (ENOENT)']],
    });
  });

  it('tokens that cannot be read are named', async () => {
    await writeFile(path.join(folder.path, 'tokens.json'), '[{"name":"anna"');
    expect(unready(await look()()).parts).toEqual([
      ['tokens', expect.stringContaining('(token-file-malformed)') as string],
    ]);
    await rm(path.join(folder.path, 'tokens.json'));
    await mkdir(path.join(folder.path, 'tokens.json'));
    expect(unready(await look()()).parts).toEqual([
      ['tokens', expect.stringContaining('(token-file-unusable)') as string],
    ]);
  });

  it('lines of the journal that cannot be used are told, and do not stop the rest', async () => {
    const { ready, parts } = await look({
      journal: { condition: { open: true, clean: true, damaged: 2 } },
    })();
    expect(ready).toBe(true);
    expect(parts[2]?.detail).toBe('it is open; 2 lines cannot be used');
  });
});

describe('however often it is asked', () => {
  it('the disk is written to once in five seconds', async () => {
    const { clock, pass } = clockAt();
    const ready = look({ clock });
    expect((await ready()).ready).toBe(true);
    await folder.remove();
    pass(4_999);
    expect((await ready()).ready).toBe(true);
    pass(1);
    expect(unready(await ready()).parts).toEqual([['dataDir', 'it cannot be written (ENOENT)']]);
  });

  it('the registry is asked once at a time, and one that does not answer is told after three seconds', async () => {
    const { clock, pass } = clockAt();
    let asked = 0;
    const registry = registryThat(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const ready = look({ clock, registry });
    const both = Promise.all([ready(), ready()]);
    pass(60_000);
    for (const one of [...(await both), await ready()])
      expect(unready(one).parts).toEqual([['registry', 'it does not answer']]);
    expect(asked).toBe(1);
  });
});

it('leaves no file behind, and rejects with what the disk says', async () => {
  await probeFolder(folder.path);
  expect(await readdir(folder.path)).toEqual([]);
  await expect(probeFolder(path.join(folder.path, 'gone'))).rejects.toMatchObject({ code: 'ENOENT' });
});

describe('the service', () => {
  let service: Service;

  beforeEach(async () => {
    service = await openService();
  });
  afterEach(() => service.close());

  const readiness = async () => {
    const response = await service.call('GET', '/readyz', { token: null });
    return { status: response.status, ...unready(bodyOf(response) as Readiness) };
  };

  it('tells of a change that was interrupted and waits, and is ready when it is gone', async () => {
    const note = path.join(service.dataDir, 'pending.json');
    await writeFile(note, '{}');
    expect(await readiness()).toMatchObject({ status: 503, parts: [['recovery', expect.any(String)]] });
    await rm(note);
    expect(await readiness()).toMatchObject({ status: 200, ready: true });
  });

  it('tells how many lines of the journal cannot be used', async () => {
    await service.call('POST', '/proxy/copy');
    const location = path.join(service.dataDir, 'journal');
    const [segment = ''] = (await readdir(location)).filter((name) => name.endsWith('.jsonl'));
    await appendFile(path.join(location, segment), 'torn');
    const isEntry = (value: unknown): value is JournalEntry => typeof value === 'object';
    const journal = await JournalFolder.open(location, { logger: service.services.logger, isEntry });
    expect(journal.condition).toEqual({ open: true, clean: true, damaged: 1 });
    expect(journal.size.entries).toBe(1);
    await journal.close();
    expect(journal.condition.open).toBe(false);
  });
});
