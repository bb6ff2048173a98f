import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import vm from 'node:vm';
import type { Allowlist } from '../../src/endpoints/allowlist/allowlist';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { connectionsKey } from '../support/practice';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

const LIST = '/endpoints/allowlist';

describe('the allow-list', () => {
  it('is JSON unless asked otherwise: the endpoints that are probed, and what certificates need', async () => {
    const response = await service.call('GET', LIST);
    expect(response.status).toBe(200);
    const { serviceTag, items } = bodyOf(response) as Allowlist;
    expect(serviceTag).toBe('AzureAdvancedThreatProtection');
    expect(items.map(({ host, port, purpose }) => [host, port, purpose])).toEqual([
      ['127.0.0.1', 1, 'sensor'],
      ['crl.microsoft.com', 80, 'certificates'],
      ['ctldl.windowsupdate.com', 80, 'certificates'],
      ['www.microsoft.com', 80, 'certificates'],
    ]);
    expect(bodyOf(await service.call('GET', `${LIST}?format=json`))).toEqual({ serviceTag, items });
  });

  it.each([
    ['text', 'text/plain; charset=utf-8', undefined, /^127\.0\.0\.1:1\ncrl\.microsoft\.com:80\n/],
    [
      'csv',
      'text/csv; charset=utf-8; header=present',
      'attachment; filename="sensorproxy-allowlist.csv"',
      /^host,port,.*\r\n127\.0\.0\.1,1,tcp,sensor,,Here,file\r\n/,
    ],
    [
      'squid',
      'text/plain; charset=utf-8',
      undefined,
      /^acl sensorproxy_addresses_1 dst -n -- 127\.0\.0\.1$/m,
    ],
    [
      'pac',
      'application/x-ns-proxy-autoconfig',
      'attachment; filename="sensorproxy-allowlist.pac"',
      /^function FindProxyForURL\(url, host\) \{$/m,
    ],
  ])('comes as %s', async (format, type, disposition, expected) => {
    const response = await service.call('GET', `${LIST}?format=${format}`);
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe(type);
    expect(response.headers['content-disposition']).toBe(disposition);
    expect(textOf(response)).toMatch(expected);
  });

  it.each(['json', 'text', 'csv', 'squid', 'pac'])(
    'answers HEAD as GET, without a body, for %s',
    async (format) => {
      const got = await service.call('GET', `${LIST}?format=${format}`);
      const head = await service.call('HEAD', `${LIST}?format=${format}`);
      expect(head.status).toBe(200);
      for (const name of ['content-type', 'content-length', 'content-disposition'])
        expect(head.headers[name]).toBe(got.headers[name]);
      expect(head.text || '').toBe('');
    },
  );

  it('does not look at Accept', async () => {
    const response = await service.call('GET', `${LIST}?format=text`, { headers: { Accept: 'image/png' } });
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    const json = await service.call('GET', LIST, { headers: { Accept: 'text/csv' } });
    expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('needs a token', async () => {
    expect((await service.call('GET', LIST, { token: null })).status).toBe(401);
  });

  it('lists the whole catalogue in force when nothing is configured', async () => {
    const plain = await openService({ SENSORPROXY_ENDPOINTS_FILE: '' });
    try {
      const { items } = bodyOf(await plain.call('GET', LIST)) as Allowlist;
      const { items: endpoints } = bodyOf(await plain.call('GET', '/endpoints')) as {
        items: { host: string; probed: boolean }[];
      };
      const probed = endpoints.filter((endpoint) => endpoint.probed).map(({ host }) => host);
      expect(items.filter(({ purpose }) => purpose === 'sensor').map(({ host }) => host)).toEqual(
        probed.sort(),
      );
    } finally {
      await plain.close();
    }
  });
});

describe('the PAC file', () => {
  it('has the routes of the account that is asked for, LocalService unless stated', async () => {
    const settings = {
      autoDetect: false,
      proxyServer: 'proxy.contoso.com:8080',
      bypassList: ['crl.microsoft.com'],
    };
    const own = await openService({ SENSORPROXY_WORKSPACE: 'contoso' });
    try {
      const put = { headers: { 'If-Match': '"absent"' }, body: settings };
      expect((await own.call('PUT', '/proxy/contexts/LocalService', put)).status).toBe(200);
      const gone = { headers: { 'If-Match': '*' } };
      expect((await own.call('DELETE', '/proxy/contexts/LocalSystem', gone)).status).toBe(200);
      const service = evaluate(textOf(await own.call('GET', `${LIST}?format=pac`)));
      const system = evaluate(textOf(await own.call('GET', `${LIST}?format=pac&context=LocalSystem`)));
      const endpoint = ['https://contososensorapi.atp.azure.com/', 'contososensorapi.atp.azure.com'] as const;
      expect(service(...endpoint)).toBe('PROXY proxy.contoso.com:8080');
      expect(service('http://www.microsoft.com/pki/x', 'www.microsoft.com')).toBe(
        'PROXY proxy.contoso.com:8080',
      );
      expect(service('http://crl.microsoft.com/x', 'crl.microsoft.com')).toBe('DIRECT');
      expect(service('https://example.com/', 'example.com')).toBe('DIRECT');
      expect(system(...endpoint)).toBe('DIRECT');
    } finally {
      await own.close();
    }
  });

  it('is refused for an account whose routes cannot be told, saying what to do', async () => {
    const folder = await temporaryFolder();
    const regfile = path.join(folder.path, 'malformed.reg');
    const section = `[${connectionsKey('S-1-5-20')}]\r\n"DefaultConnectionSettings"=hex:46,00\r\n`;
    await writeFile(regfile, Buffer.concat([practiceDomainController(), Buffer.from(section, 'utf16le')]));
    const own = await openService({ SENSORPROXY_REGISTRY: `regfile:${regfile}` });
    try {
      const response = await own.call('GET', `${LIST}?format=pac&context=NetworkService`);
      expect(response.status).toBe(422);
      expect(bodyOf(response)).toMatchObject({
        code: 'route-unknown',
        detail: expect.stringContaining('GET /proxy/contexts') as unknown,
      });
      expect((await own.call('GET', `${LIST}?format=squid`)).status).toBe(200);
    } finally {
      await own.close();
      await folder.remove();
    }
  });
});

describe('a request that does not fit', () => {
  it.each([
    ['?format=yaml', '/format'],
    ['?format=', '/format'],
    ['?format=JSON', '/format'],
    ['?format=csv&format=pac', '/format'],
    ['?format=pac&context=', '/context'],
    ['?format=pac&context=LocalSystem&context=LocalService', '/context'],
    ['?context=LocalService', '/context'],
    ['?format=csv&context=LocalService', '/context'],
    ['?region=Europe', '/region'],
    ['?host=evil.example', '/host'],
    ['?Format=csv', '/Format'],
  ])('%s is refused, with a pointer to the parameter', async (query, pointer) => {
    const response = await service.call('GET', `${LIST}${query}`);
    expect(response.status).toBe(400);
    expect(bodyOf(response)).toMatchObject({ code: 'validation-failed', errors: [{ in: 'query', pointer }] });
  });

  it.each([
    ['Nobody', 404, 'context-not-found'],
    ['S-1-5-21-1-2-3-4', 404, 'context-not-found'],
    ['S-1-', 400, 'id-invalid'],
  ])('for the account %s is refused', async (context, status, code) => {
    const response = await service.call('GET', `${LIST}?format=pac&context=${context}`);
    expect(response.status).toBe(status);
    expect(bodyOf(response)).toMatchObject({ code });
  });
});

/** supertest takes a PAC file for bytes. */
function textOf({ text, body }: { text?: string; body: unknown }): string {
  return Buffer.isBuffer(body) ? body.toString('utf8') : (text ?? '');
}

function evaluate(pac: string): (url: string, host: string) => unknown {
  const sandbox = vm.createContext(Object.create(null) as object);
  vm.runInContext(pac, sandbox);
  return (url, host) =>
    vm.runInContext(`FindProxyForURL(${JSON.stringify(url)}, ${JSON.stringify(host)})`, sandbox) as unknown;
}
