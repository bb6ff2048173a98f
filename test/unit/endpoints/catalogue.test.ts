import {
  type EndpointSettings,
  knownRegion,
  listEndpoints,
  parseEndpointsFile,
  REGIONS,
  selectEndpoints,
} from '../../../src/endpoints/catalogue';

const defaults: EndpointSettings = { workspace: null, cloud: 'commercial', regions: null, endpoints: null };
const file = parseEndpointsFile(
  '[{"host":"one.contoso.com"},{"host":"two.contoso.com","port":8443,"region":"Lab","path":"/up"}]',
);
const hosts = (settings: Partial<EndpointSettings>, asked?: readonly string[]) =>
  selectEndpoints({ ...defaults, ...settings }, asked).map(({ host }) => host);

describe('the catalogue', () => {
  it('holds every published row with its years', () => {
    const rows = listEndpoints(defaults).items.map(({ region, host, from, until, current }) =>
      [region, host, from, until, current ? 'current' : ''].join(' ').trim(),
    );
    expect(rows).toEqual([
      'US triprd1wcusw1sensorapi.atp.azure.com 2018-04 2020-07',
      'US triprd1wcuswb1sensorapi.atp.azure.com 2018-04 2020-07',
      'US triprd1wcuse1sensorapi.atp.azure.com 2018-04 2020-07',
      'US triprd1wcusw2sensorapi.atp.azure.com 2020-07 2021-11 current',
      'US triprd1wcuswb3sensorapi.atp.azure.com 2020-07 2021-11 current',
      'US triprd1wcuse3sensorapi.atp.azure.com 2020-07 2021-11 current',
      'Europe triprd1wceun1sensorapi.atp.azure.com 2018-04 2020-07',
      'Europe triprd1wceuw1sensorapi.atp.azure.com 2018-04 2020-07',
      'Europe triprd1wceun2sensorapi.atp.azure.com 2020-07 2021-11 current',
      'Europe triprd1wceuw3sensorapi.atp.azure.com 2020-07 2021-11 current',
      'Asia triprd1wcasse1sensorapi.atp.azure.com 2018-04 2020-07',
      'Asia triprd1wcasse2sensorapi.atp.azure.com 2020-07 2021-11 current',
      'UK triprd1wcuks2sensorapi.atp.azure.com 2020-07 2021-11 current',
      'US GCC High triff1wcva1sensorapi.atp.azure.us 2019-10 2020-07',
      'US GCC High triff1wcva2sensorapi.atp.azure.us 2020-07 2021-11 current',
    ]);
    expect(REGIONS).toEqual(['US', 'Europe', 'Asia', 'UK', 'US GCC High']);
  });

  it('marks as probed what the health check uses', () => {
    const probed = (settings: Partial<EndpointSettings>) =>
      listEndpoints({ ...defaults, ...settings })
        .items.filter((item) => item.probed)
        .map(({ host }) => host);
    for (const settings of [{}, { regions: ['UK', 'asia'] }, { workspace: 'contoso' }, { endpoints: file }]) {
      expect(probed(settings)).toEqual(hosts(settings));
    }
    const all = listEndpoints({ ...defaults, workspace: 'contoso', endpoints: file }).items;
    expect(all.filter(({ origin }) => origin === 'file').map(({ probed: used }) => used)).toEqual([
      false,
      false,
    ]);
    expect(all[0]).toEqual({
      host: 'contososensorapi.atp.azure.com',
      port: 443,
      path: '/tri/sensor/api/ping',
      region: 'workspace',
      origin: 'workspace',
      from: null,
      until: null,
      current: true,
      probed: true,
    });
  });
});

describe('the endpoints to probe', () => {
  it('are the current rows of all regions without further settings', () => {
    expect(hosts({})).toHaveLength(8);
    expect(selectEndpoints(defaults)[0]).toEqual({
      host: 'triprd1wcusw2sensorapi.atp.azure.com',
      port: 443,
      path: '/tri/sensor/api/ping',
      region: 'US',
      origin: 'catalogue',
    });
  });

  it('are those of the configured regions, narrowed by the regions asked for, whatever the case', () => {
    expect(hosts({ regions: ['uk', 'ASIA'] })).toEqual([
      'triprd1wcasse2sensorapi.atp.azure.com',
      'triprd1wcuks2sensorapi.atp.azure.com',
    ]);
    expect(hosts({}, ['us gcc high'])).toEqual(['triff1wcva2sensorapi.atp.azure.us']);
    expect(hosts({ regions: ['UK', 'Asia'] }, ['uk'])).toEqual(['triprd1wcuks2sensorapi.atp.azure.com']);
  });

  it.each([
    ['commercial', 'contososensorapi.atp.azure.com'],
    ['gcc', 'contososensorapi.gcc.atp.azure.com'],
    ['gcc-high', 'contososensorapi.atp.azure.us'],
  ] as const)('are the workspace’s alone in the cloud %s', (cloud, host) => {
    expect(hosts({ workspace: 'Contoso', cloud, endpoints: file, regions: ['UK'] })).toEqual([host]);
    expect(hosts({ workspace: 'Contoso', cloud }, ['Europe'])).toEqual([host]);
  });

  it('are the entries of an endpoints file in place of the catalogue', () => {
    expect(hosts({ endpoints: file, regions: ['UK'] })).toEqual(['one.contoso.com', 'two.contoso.com']);
    expect(hosts({ endpoints: file }, ['lab'])).toEqual(['two.contoso.com']);
  });

  it('are refused for a region that there is not, naming those there are', () => {
    const unknown = (settings: Partial<EndpointSettings>, known: string) => {
      expect(() => hosts(settings, ['Mars'])).toThrow(
        expect.objectContaining({ kind: 'invalid', code: 'region-unknown' }) as Error,
      );
      expect(() => hosts(settings, ['Mars'])).toThrow(known);
      expect(() => hosts(settings, ['Mars'])).not.toThrow('Mars');
    };
    unknown({}, 'US, Europe, Asia, UK, US GCC High');
    unknown({ regions: ['UK'] }, 'known here: UK.');
    unknown({ endpoints: file }, 'custom, Lab');
    unknown({ workspace: 'contoso' }, 'US, Europe');
    expect(knownRegion(' europe ')).toBe('Europe');
    expect(() => knownRegion('Mars')).toThrow('region-unknown');
  });
});

describe('the endpoint of the sensor on this machine', () => {
  const sensor = { host: 'fabrikamsensorapi.atp.azure.com', port: 443 };
  const probed = (settings: Partial<EndpointSettings>, asked: readonly string[] = [], own = sensor) =>
    selectEndpoints({ ...defaults, ...settings }, asked, own).map(
      ({ origin, host, port }) => `${origin} ${host}:${port}`,
    );
  const OWN = 'sensor fabrikamsensorapi.atp.azure.com:443';

  it('takes the place of the catalogue', () => {
    expect(selectEndpoints({ ...defaults, regions: ['UK'] }, [], sensor)).toEqual([
      { ...sensor, path: '/tri/sensor/api/ping', region: 'sensor', origin: 'sensor' },
    ]);
  });

  it('comes beside a workspace and an endpoints file', () => {
    expect(probed({ workspace: 'contoso' })).toEqual([OWN, 'workspace contososensorapi.atp.azure.com:443']);
    expect(probed({ endpoints: file })).toEqual([
      OWN,
      'file one.contoso.com:443',
      'file two.contoso.com:8443',
    ]);
  });

  it('is probed once when the settings name it too', () => {
    expect(probed({ workspace: 'fabrikam' })).toEqual([OWN]);
    const one = { host: 'two.contoso.com', port: 8443 };
    expect(probed({ endpoints: file }, [], one)).toEqual([
      'sensor two.contoso.com:8443',
      'file one.contoso.com:443',
    ]);
    expect(probed({ endpoints: file }, [], { ...one, port: 443 })).toHaveLength(3);
  });

  it('is not narrowed by a region, which narrows only an endpoints file', () => {
    expect(probed({}, ['europe'])).toEqual([OWN]);
    expect(probed({}, ['Sensor'])).toEqual([OWN]);
    expect(probed({ endpoints: file }, ['lab'])).toEqual([OWN, 'file two.contoso.com:8443']);
    expect(probed({ endpoints: file }, ['sensor'])).toEqual([OWN]);
    expect(probed({ workspace: 'contoso' }, ['UK'])).toHaveLength(2);
    expect(() => probed({}, ['Mars'])).toThrow('known here: sensor, US, Europe');
    expect(() => probed({ endpoints: file }, ['Mars'])).toThrow('known here: sensor, custom, Lab');
  });

  it('is listed first, and is what is marked as probed', () => {
    for (const settings of [{}, { workspace: 'contoso' }, { endpoints: file }]) {
      const { items } = listEndpoints({ ...defaults, ...settings }, sensor);
      expect(items[0]).toMatchObject({ ...sensor, origin: 'sensor', from: null, current: true });
      const used = items.filter((item) => item.probed);
      expect(used.map(({ origin, host, port }) => `${origin} ${host}:${port}`)).toEqual(probed(settings));
      expect(items.filter(({ origin }) => origin === 'catalogue')).toHaveLength(15);
    }
  });
});

describe('an endpoints file', () => {
  it('is read with its defaults', () => {
    expect(file).toEqual([
      { host: 'one.contoso.com', port: 443, region: 'custom', path: '/tri/sensor/api/ping' },
      { host: 'two.contoso.com', port: 8443, region: 'Lab', path: '/up' },
    ]);
    expect(
      parseEndpointsFile('\uFEFF[{"host":"[2001:DB8::1]"},{"host":"Bücher.example."}]').map(
        ({ host }) => host,
      ),
    ).toEqual(['2001:db8::1', 'xn--bcher-kva.example']);
  });

  it.each([
    ['no JSON', '[', 'it is not JSON'],
    ['no array', '{"host":"a"}', 'JSON array'],
    ['nothing in it', '[]', 'names no endpoint'],
    ['something else than objects', '["a"]', 'entry 1: it must be an object'],
    ['null', '[null]', 'entry 1: it must be an object'],
    [
      'an unknown field',
      '[{"host":"a"},{"host":"b","prot":1}]',
      'entry 2: it has a field other than host, port, region, path',
    ],
    ['no host', '[{"port":1}]', 'entry 1: host is missing'],
    ['a host with CR LF', '[{"host":"a\\r\\nb"}]', 'entry 1: host is missing, or no host name'],
    ['a host with NUL', '[{"host":"a\\u0000"}]', 'entry 1: host'],
    ['a host with quotes', '[{"host":"\\"a\\""}]', 'entry 1: host'],
    ['a URL as host', '[{"host":"https://a"}]', 'entry 1: host'],
    ['host and port in one', '[{"host":"a:443"}]', 'entry 1: host'],
    ['a port as text', '[{"host":"a","port":"443"}]', 'entry 1: port'],
    ['port 0', '[{"host":"a","port":0}]', 'entry 1: port'],
    ['port 65536', '[{"host":"a","port":65536}]', 'entry 1: port'],
    ['half a port', '[{"host":"a","port":1.5}]', 'entry 1: port'],
    ['a path without a slash', '[{"host":"a","path":"up"}]', 'entry 1: path'],
    ['a path with a space', '[{"host":"a","path":"/a b"}]', 'entry 1: path'],
    ['a path with CR LF', '[{"host":"a","path":"/a\\r\\nb"}]', 'entry 1: path'],
    ['an empty region', '[{"host":"a","region":""}]', 'entry 1: region'],
    ['a region with quotes', '[{"host":"a","region":"\\"x\\""}]', 'entry 1: region'],
    ['an address that is none', '[{"host":"256.1.1.1"}]', 'entry 1: host'],
    ['an address in an old way of writing', '[{"host":"0x7f000001"}]', 'entry 1: host'],
    ['a label that ends with a hyphen', '[{"host":"a-.contoso.com"}]', 'entry 1: host'],
    ['a field twice', '[{"host":"a"},{"host":"b","host":"c"}]', 'an entry has the field host twice'],
    [
      'the same place on two paths',
      '[{"host":"a","path":"/x"},{"host":"a","path":"/y"}]',
      'entry 2 has the host and port of entry 1',
    ],
    [
      'the same twice',
      '[{"host":"a"},{"host":"b"},{"host":"A","port":443}]',
      'entry 3 has the host and port of entry 1',
    ],
  ])('is refused with %s', (_, text, reason) => {
    expect(() => parseEndpointsFile(text)).toThrow(
      expect.objectContaining({ code: 'endpoints-file-malformed' }) as Error,
    );
    expect(() => parseEndpointsFile(text)).toThrow(reason);
  });
});
