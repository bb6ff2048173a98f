import { PROBLEMS } from '../../src/http/problemTable';
import { contract } from './contract';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

const html = { Accept: 'text/html' };

describe('/openapi.json', () => {
  it('is the contract', async () => {
    const response = await service.call('GET', '/openapi.json');
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(bodyOf(response)).toEqual(contract);
  });
});

describe('/docs', () => {
  it('leads to the folder that its page is in', async () => {
    const response = await service.call('GET', '/docs');
    expect(response.status).toBe(308);
    expect(response.headers.location).toBe('/docs/');
  });

  it('is a page without scripts of its own, under a policy that keeps everything with this service', async () => {
    const response = await service.call('GET', '/docs/', { headers: html });
    expect(response.status).toBe(200);
    expect(response.headers['content-security-policy']).toContain("script-src 'self';");
    expect(response.headers['content-security-policy']).toContain("connect-src 'self';");
    expect(response.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(response.text).not.toMatch(/(?:src|href)="?https?:/);
  });

  it.each([
    'swagger-ui-bundle.js',
    'swagger-ui-standalone-preset.js',
    'swagger-ui-init.js',
    'swagger-ui.css',
    'favicon-32x32.png',
  ])('has the file %s that the page asks for', async (file) => {
    expect((await service.call('GET', `/docs/${file}`)).status).toBe(200);
  });

  it.each(['nothing.js', '..%2f..%2fpackage.json', '%2e%2e/express/package.json'])(
    'has no file %s',
    async (file) => {
      const response = await service.call('GET', `/docs/${file}`);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    },
  );
});

describe('/problems', () => {
  it('lists every code', async () => {
    const { text } = await service.call('GET', '/problems', { headers: html });
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`href="/problems/${code}"`);
  });

  it.each(Object.entries(PROBLEMS))('has a page about %s', async (code, { title }) => {
    const response = await service.call('GET', `/problems/${code}`, { headers: html });
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.text).toContain(`<h1>${title}</h1>`);
  });

  it('gives the same as JSON to who asks for it', async () => {
    const response = await service.call('GET', '/problems/etag-stale', {
      headers: { Accept: 'application/json' },
    });
    expect(bodyOf(response)).toMatchObject({ code: 'etag-stale', status: 412, type: '/problems/etag-stale' });
    const list = await service.call('GET', '/problems', { headers: { Accept: 'application/json' } });
    expect((bodyOf(list) as { items: unknown[] }).items).toHaveLength(Object.keys(PROBLEMS).length);
  });

  it('has no page about a code that there is not', async () => {
    expect((await service.call('GET', '/problems/__proto__')).status).toBe(404);
  });
});
