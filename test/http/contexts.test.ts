import type { ChangeOutcome, ProxyContext, ProxyContexts } from '../../src/proxy/model';
import { anna } from '../support/practice';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeEach(async () => {
  service = await openService();
});

afterEach(() => service.close());

const settings = {
  proxyServer: 'other.contoso.com:3128',
  bypassList: ['<local>'],
  ticket: 'CHG1',
  reason: 'a test',
};

async function tagOf(id: string): Promise<string> {
  const { headers } = await service.call('GET', `/proxy/contexts/${id}`);
  return headers.etag ?? '';
}

describe('reading', () => {
  it('lists every account, compared with the signed-in user who has a proxy', async () => {
    const response = await service.call('GET', '/proxy/contexts');
    expect(response.status).toBe(200);
    const contexts = bodyOf(response) as ProxyContexts;
    expect(contexts).toMatchObject({ source: anna, inSync: false });
    expect(contexts.contexts.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['LocalSystem', 'LocalService', 'NetworkService', anna]),
    );
  });

  it('compares with the source that the settings name, as the metric and a copy do', async () => {
    await service.close();
    service = await openService({ SENSORPROXY_DRIFT_SOURCE: 'NetworkService' });
    await service.call('PUT', '/proxy/contexts/NetworkService', {
      body: settings,
      headers: { 'If-Match': await tagOf('NetworkService') },
    });
    const read = async () => bodyOf(await service.call('GET', '/proxy/contexts')) as ProxyContexts;
    expect(await read()).toMatchObject({ source: 'S-1-5-20', inSync: false });
    await service.call('POST', '/proxy/copy', { body: {} });
    expect(await read()).toMatchObject({ source: 'S-1-5-20', inSync: true });
    const { text } = await service.call('GET', '/metrics');
    expect(text).toMatch(/^sensorproxy_proxy_drift\{context="LocalService"\} 0$/m);
  });

  it('compares with the source that is asked for', async () => {
    const response = await service.call('GET', '/proxy/contexts?source=LocalSystem');
    expect((bodyOf(response) as ProxyContexts).source).toBe('S-1-5-18');
  });

  it('shows one account, with its entity tag in the header too', async () => {
    const response = await service.call('GET', '/proxy/contexts/LocalSystem');
    expect(response.status).toBe(200);
    expect(response.headers.etag).toMatch(/^"[^"]+"$/);
    expect((bodyOf(response) as ProxyContext).etag).toBe(response.headers.etag);
  });

  it.each([
    ['the tag', (tag: string) => tag],
    ['the tag as a weak one', (tag: string) => `W/${tag}`],
    ['the tag among others', (tag: string) => `"other", ${tag}`],
    ['a star', () => '*'],
  ])('answers 304 without a body when If-None-Match is %s', async (_name, header) => {
    const tag = await tagOf('LocalSystem');
    const response = await service.call('GET', '/proxy/contexts/LocalSystem', {
      headers: { 'If-None-Match': header(tag) },
    });
    expect(response.status).toBe(304);
    expect(response.text).toBe('');
    expect(response.headers.etag).toBe(tag);
  });

  it('tells where a person’s profile is kept, and knows .DEFAULT as LocalSystem', async () => {
    expect(bodyOf(await service.call('GET', `/proxy/contexts/${anna}`))).toMatchObject({
      profilePath: 'C:\\Users\\anna.admin',
    });
    expect(bodyOf(await service.call('GET', '/proxy/contexts/.DEFAULT'))).toMatchObject({
      id: 'LocalSystem',
      profilePath: null,
    });
  });

  it('says of somebody who is not signed in what helps', async () => {
    const response = await service.call('GET', '/proxy/contexts/S-1-5-21-1-2-3-1999');
    expect(response.status).toBe(404);
    expect(bodyOf(response)).toMatchObject({
      code: 'context-not-found',
      detail: expect.stringMatching(/sign in, or name another/) as unknown,
    });
  });

  it('answers in full when If-None-Match names another tag', async () => {
    const response = await service.call('GET', '/proxy/contexts/LocalSystem', {
      headers: { 'If-None-Match': '"other"' },
    });
    expect(response.status).toBe(200);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const get = await service.call('GET', '/proxy/contexts/LocalSystem');
    const head = await service.call('HEAD', '/proxy/contexts/LocalSystem');
    expect(head.status).toBe(200);
    expect(head.text).toBeFalsy();
    for (const name of ['etag', 'content-type', 'content-length'])
      expect(head.headers[name]).toBe(get.headers[name]);
  });
});

describe('setting', () => {
  it('sets the account, and gives the new entity tag, which serves for the next change', async () => {
    const tag = await tagOf('LocalService');
    const first = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': tag },
      body: settings,
    });
    expect(first.status).toBe(200);
    expect(bodyOf(first) as ChangeOutcome).toMatchObject({ changed: true, dryRun: false, source: null });
    expect(first.headers.etag).toBe(await tagOf('LocalService'));
    const second = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': first.headers.etag ?? '' },
      body: { ...settings, proxyServer: null, bypassList: [] },
    });
    expect(second.status).toBe(200);
  });

  it('writes nothing on a dry run, and keeps the entity tag', async () => {
    const tag = await tagOf('LocalService');
    const response = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': tag },
      body: { ...settings, dryRun: true },
    });
    expect(bodyOf(response) as ChangeOutcome).toMatchObject({
      changed: true,
      dryRun: true,
      changeId: null,
      backupId: null,
    });
    expect(await tagOf('LocalService')).toBe(tag);
  });

  it('asks for If-Match', async () => {
    const response = await service.call('PUT', '/proxy/contexts/LocalService', { body: settings });
    expect(response.status).toBe(428);
    expect(bodyOf(response)).toMatchObject({ code: 'if-match-required' });
  });

  it('refuses a stale entity tag', async () => {
    const response = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': '"stale"' },
      body: settings,
    });
    expect(response.status).toBe(412);
    expect(bodyOf(response)).toMatchObject({ code: 'etag-stale' });
  });

  it('refuses settings that cannot be stored, naming the field', async () => {
    const response = await service.call('PUT', '/proxy/contexts/LocalService', {
      headers: { 'If-Match': await tagOf('LocalService') },
      body: { proxyServer: 'a b\u0000c:99999999' },
    });
    expect(response.status).toBe(422);
    expect(bodyOf(response)).toMatchObject({
      code: 'settings-invalid',
      errors: expect.arrayContaining([expect.objectContaining({ pointer: '/proxyServer' })]) as unknown,
    });
  });
});

describe('removing', () => {
  it('removes the value, with ticket and reason from the query in the journal', async () => {
    const tag = await tagOf('LocalSystem');
    const response = await service.call('DELETE', '/proxy/contexts/LocalSystem?ticket=CHG2&reason=a%20test', {
      headers: { 'If-Match': tag },
    });
    expect(response.status).toBe(200);
    const { changeId } = bodyOf(response) as ChangeOutcome;
    const change = await service.call('GET', `/changes/${changeId ?? ''}`);
    expect(bodyOf(change)).toMatchObject({
      kind: 'delete',
      ticket: 'CHG2',
      reason: 'a test',
      actor: 'admin',
    });
    expect(bodyOf(await service.call('GET', '/proxy/contexts/LocalSystem'))).toMatchObject({
      state: 'absent',
    });
  });

  it('removes nothing on a dry run', async () => {
    const response = await service.call('DELETE', '/proxy/contexts/LocalSystem?dryRun=true', {
      headers: { 'If-Match': await tagOf('LocalSystem') },
    });
    expect(bodyOf(response)).toMatchObject({ dryRun: true, changed: true, changeId: null });
    expect(bodyOf(await service.call('GET', '/proxy/contexts/LocalSystem'))).toMatchObject({
      state: 'configured',
    });
  });

  it('refuses a body, whose dryRun would else be ignored', async () => {
    const response = await service.call('DELETE', '/proxy/contexts/LocalSystem', {
      headers: { 'If-Match': await tagOf('LocalSystem') },
      body: { dryRun: true },
    });
    expect(response.status).toBe(400);
    expect(bodyOf(response)).toMatchObject({ code: 'body-unexpected' });
    expect(bodyOf(await service.call('GET', '/proxy/contexts/LocalSystem'))).toMatchObject({
      state: 'configured',
    });
  });

  it('asks for If-Match', async () => {
    const response = await service.call('DELETE', '/proxy/contexts/LocalSystem');
    expect(response.status).toBe(428);
  });
});
