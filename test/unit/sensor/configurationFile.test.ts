import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import {
  parseConfiguration,
  readConfiguration,
  readLocalTextFile,
} from '../../../src/sensor/configurationFile';
import { hostName } from '../../../src/wininet/hostName';
import { FOLDER, configurationText } from '../../support/practiceSensor';
import { temporaryFolder } from '../../support/temporaryFolder';

const ENDPOINT = 'WorkspaceApplicationSensorApiWebClientConfigurationServiceEndpoint';
const endpointOf = (value: unknown) => parseConfiguration(configurationText({ [ENDPOINT]: value }));

describe('the configuration', () => {
  it('names the endpoint, and that the sensor has no proxy of its own', () => {
    expect(parseConfiguration(configurationText())).toEqual({
      endpoint: { host: 'contososensorapi.atp.azure.com', port: 443 },
      endpointFault: null,
      ownProxy: false,
    });
  });

  it('is read behind a byte order mark', () => {
    expect(parseConfiguration(`\uFEFF${configurationText()}`)?.endpoint?.port).toBe(443);
  });

  it('tells of a proxy of the sensor’s own, and keeps nothing of it', () => {
    const proxy = { Url: 'http://proxy:8080', UserName: 'svc', EncryptedPassword: 'c2VjcmV0' };
    const parsed = parseConfiguration(configurationText({ SensorProxyConfiguration: proxy }));
    expect(parsed?.ownProxy).toBe(true);
    expect(JSON.stringify(parsed)).not.toMatch(/svc|proxy:8080|c2VjcmV0/);
    expect(parseConfiguration(configurationText({ SensorProxyConfiguration: {} }))?.ownProxy).toBe(true);
    expect(parseConfiguration('{}')?.ownProxy).toBe(false);
  });

  it('gives the host’s name as it is looked up', () => {
    expect(endpointOf({ Address: 'ContosoSensorAPI.atp.azure.com.', Port: 8443 })?.endpoint).toEqual({
      host: 'contososensorapi.atp.azure.com',
      port: 8443,
    });
  });

  it.each([
    ['no address', { Port: 443 }],
    ['an address that is no text', { Address: 5, Port: 443 }],
    ['an address that is a URL', { Address: 'https://contoso/', Port: 443 }],
    ['an address with a line break', { Address: 'contoso\r\nHost: x', Port: 443 }],
    ['an address with credentials', { Address: 'a:b@contoso', Port: 443 }],
    ['no port', { Address: 'contoso' }],
    ['a port out of range', { Address: 'contoso', Port: 65536 }],
    ['port 0', { Address: 'contoso', Port: 0 }],
    ['a port that is no whole number', { Address: 'contoso', Port: 443.5 }],
    ['a port that is text', { Address: 'contoso', Port: '443' }],
    ['a list', ['contoso', 443]],
    ['nothing', null],
    ['names of a prototype', { __proto__: { Address: 'contoso', Port: 443 } }],
  ])('names no endpoint when it has %s, and says what is wrong without repeating it', (_what, value) => {
    const parsed = endpointOf(value);
    expect(parsed?.endpoint).toBeNull();
    expect(parsed?.endpointFault).toMatch(/^(?:Address|Port|It) .*Endpoint.*\.$/);
    expect(parsed?.endpointFault).not.toContain('contoso');
  });

  it('takes no field from a prototype', () => {
    const inherited = `{"__proto__": {"SensorProxyConfiguration": {}, "${ENDPOINT}": {"Address": "x", "Port": 1}}}`;
    expect(parseConfiguration(inherited)).toMatchObject({ endpoint: null, ownProxy: false });
    expect(parseConfiguration('{"constructor": 1, "toString": null}')).toMatchObject({ endpoint: null });
  });

  it.each(['', 'null', '[]', '"text"', '5', '{', '{"a":1}}', '\0', '{"a":undefined}'])(
    'is none in the text %j',
    (text) => {
      expect(parseConfiguration(text)).toBeNull();
    },
  );

  it('is read or refused whatever its depth', () => {
    for (const depth of [10, 100_000]) {
      const nested = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      expect([null, false]).toContain(parseConfiguration(nested)?.ownProxy ?? null);
    }
  });

  it('never gives an endpoint that is no host name and port, whatever the JSON', () => {
    const address = fc.oneof(fc.string(), fc.domain(), fc.ipV6(), fc.jsonValue());
    const port = fc.oneof(fc.integer(), fc.double(), fc.jsonValue());
    const endpoint = fc.oneof(fc.record({ Address: address, Port: port }), fc.jsonValue());
    fc.assert(
      fc.property(
        endpoint,
        fc.jsonValue(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (at, proxy, others) => {
          const text = JSON.stringify({ ...others, [ENDPOINT]: at, SensorProxyConfiguration: proxy });
          const parsed = parseConfiguration(text);
          expect(parsed?.ownProxy).toBe(proxy !== null);
          const found = parsed?.endpoint ?? null;
          expect(found === null).toBe(parsed?.endpointFault !== null);
          if (found === null) return;
          expect(hostName(found.host)).toBe(found.host);
          expect(found.port >= 1 && found.port <= 65535).toBe(true);
        },
      ),
    );
  });

  it('is parsed or refused without a throw, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseConfiguration(text);
      }),
    );
  });
});

describe('the configuration of a folder', () => {
  it('is asked for by its name, with a bound', async () => {
    const asked: unknown[] = [];
    await readConfiguration(FOLDER, (location, maxBytes) => {
      asked.push([location, maxBytes]);
      return Promise.resolve({ state: 'absent' });
    });
    expect(asked).toEqual([[`${FOLDER}\\SensorConfiguration.json`, 1024 * 1024]]);
  });

  it.each(['\\\\server\\share', '\\\\?\\C:\\Sensor', '\\\\.\\pipe', 'C:\\a\\..\\b', 'Sensor', ''])(
    'is not opened in %j',
    async (folder) => {
      const read = await readConfiguration(folder, () => Promise.reject(new Error('it was opened')));
      expect(read).toMatchObject({ state: 'unreadable' });
    },
  );
});

describe('a file of this machine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const at = (name: string) => path.join(folder.path, name);
  const put = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(at(name), bytes);
    return at(name);
  };

  beforeEach(async () => {
    folder = await temporaryFolder();
  });

  afterEach(() => folder.remove());

  it.each<[string, Uint8Array]>([
    ['UTF-8', Buffer.from('{"ä":1}')],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFF{"ä":1}')],
    ['UTF-16 with a byte order mark', Buffer.from('\uFEFF{"ä":1}', 'utf16le')],
  ])('is read in %s', async (_encoding, bytes) => {
    expect(await readLocalTextFile(await put('a.json', bytes), 100)).toEqual({
      state: 'read',
      text: '{"ä":1}',
    });
  });

  it('may be as long as its bound, and no longer', async () => {
    const file = await put('a.json', 'x'.repeat(100));
    expect(await readLocalTextFile(file, 100)).toMatchObject({ state: 'read' });
    expect(await readLocalTextFile(file, 99)).toMatchObject({ state: 'unreadable' });
  });

  it('is refused when its bytes are no text', async () => {
    expect(await readLocalTextFile(await put('a.json', Buffer.from([0x7b, 0xff])), 9)).toMatchObject({
      state: 'unreadable',
    });
  });

  it('is absent when it is not there, or its path is one of another system', async () => {
    expect(await readLocalTextFile(at('none.json'), 9)).toEqual({ state: 'absent' });
    expect(await readLocalTextFile(`none\\SensorConfiguration.json`, 9)).toEqual({ state: 'absent' });
  });

  it('is not read, nor waited for, when it is no ordinary file', async () => {
    await mkdir(at('folder'));
    execFileSync('mkfifo', [at('pipe')]);
    await symlink('/dev/zero', at('zero'));
    for (const name of ['folder', 'pipe', 'zero'])
      expect(await readLocalTextFile(at(name), 9)).toMatchObject({ state: 'unreadable' });
  });

  it('says why it cannot be opened, without its path', async () => {
    const read = await readLocalTextFile(path.join(await put('a.json', 'x'), 'below'), 9);
    expect(read).toEqual({ state: 'unreadable', detail: 'It cannot be opened or read (ENOTDIR).' });
  });
});
