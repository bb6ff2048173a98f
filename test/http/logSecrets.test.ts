import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeEach(async () => {
  service = await openService();
});
afterEach(() => service.close());

describe('the log', () => {
  it('has each line as JSON, with request id and actor, and never a token, a password or a registry value', async () => {
    const wrong = 'sp_wrong-token-that-nobody-may-see';
    const secret = 'Passw0rd-that-nobody-may-see';
    const etag = (await service.call('GET', '/proxy/contexts/LocalService')).headers.etag ?? '';
    const put = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': etag, 'X-Request-Id': 'put-1' },
      body: {
        proxyServer: 'plain.contoso.com:8080',
        autoConfigUrl: `http://svc:${secret}@pac.contoso.com/p.pac`,
      },
    });
    const bad = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': etag },
      body: { proxyServer: `http://svc:${secret}@proxy.contoso.com:8080` },
    });
    expect([put.status, bad.status].every((status) => status < 500)).toBe(true);
    const copied = await service.call('POST', '/proxy/copy', { headers: { 'X-Request-Id': 'copy-1' } });
    const { backupId } = bodyOf(copied) as { readonly backupId: string };
    await service.call('POST', `/proxy/backups/${backupId}/restore`, { body: {} });
    await service.call('GET', '/endpoints/health?timeoutMs=1000');
    await service.call('GET', '/proxy/contexts', { token: wrong });
    await service.call('GET', `/proxy/contexts?token=${wrong}`, { token: null });
    await service.call('POST', '/proxy/copy', { body: `{"source": "${secret}` });
    await service.call('GET', `/${secret}`, { headers: { Cookie: secret, Referer: secret } });
    const { items } = bodyOf(await service.call('GET', '/changes')) as {
      readonly items: readonly { readonly contexts: readonly { readonly afterHex: string | null }[] }[];
    };
    const values = items.flatMap(({ contexts }) => contexts.map(({ afterHex }) => afterHex));
    expect(values.length).toBeGreaterThan(1);

    const lines = service.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines.filter(({ level }) => level !== 'debug');
    expect(told.length).toBeGreaterThan(5);
    const text = told.map((line) => JSON.stringify(line)).join('\n');
    for (const hidden of [service.token, wrong, secret, ...values.filter((value) => value !== null)])
      expect(text).not.toContain(hidden);
    expect(told).toContainEqual(
      expect.objectContaining({ message: 'proxy settings changed', requestId: 'copy-1', actor: 'admin' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'request', requestId: 'copy-1', actor: 'admin', status: 200 }),
    );
  });
});
