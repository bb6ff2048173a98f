import { contract } from './contract';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  // Each wrong token is looked at by itself here; scopes.test.ts looks at many.
  service = await openService({}, (services) => ({ ...services, failures: { note: () => null } }));
});

afterAll(() => service.close());

const secured = Object.entries(contract.paths).flatMap(([path, operations]) =>
  Object.entries(operations)
    .filter(([, { security }]) => security?.length !== 0)
    .map(([method]) => [method.toUpperCase(), path.replace('{id}', 'x')] as const),
);

it('covers what there is', () => {
  expect(secured.length).toBeGreaterThan(10);
});

it.each(secured)('%s %s asks for a token, before anything else', async (method, path) => {
  const response = await service.call(method, `${path}?unknown=1`, {
    token: null,
    ...(method === 'GET' ? {} : { body: '{' }),
  });
  expect(response.status).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer realm="sensorproxy"');
  expect(bodyOf(response)).toMatchObject({ code: 'unauthenticated' });
});

it.each(secured)('%s %s refuses a wrong token', async (method, path) => {
  const response = await service.call(method, path, { token: 'wrong' });
  expect(response.status).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer realm="sensorproxy", error="invalid_token"');
  expect(bodyOf(response)).toMatchObject({ code: 'token-invalid' });
});

it.each(['/livez', '/readyz', '/openapi.json', '/docs/', '/problems', '/problems/etag-stale'])(
  '%s needs no token',
  async (path) => {
    expect((await service.call('GET', path, { token: null })).status).toBe(200);
  },
);

it.each([
  ['bearer in lower case', (token: string) => `bearer ${token}`, 200],
  ['spaces around the token', (token: string) => `Bearer   ${token}  `, 200],
  ['another scheme', (token: string) => `Basic ${token}`, 401],
  ['the token alone', (token: string) => token, 401],
  ['the scheme alone', () => 'Bearer', 401],
  ['an empty token', () => 'Bearer ', 401],
  ['the token and more', (token: string) => `Bearer ${token} x`, 401],
  ['two tokens', (token: string) => `Bearer ${token}, Bearer ${token}`, 401],
  ['half the token', (token: string) => `Bearer ${token.slice(0, 20)}`, 401],
  ['a very long token', () => `Bearer ${'x'.repeat(8000)}`, 401],
])('with %s, the answer is fitting', async (_name, header, status) => {
  const headers = { Authorization: header(service.token) };
  expect((await service.call('GET', '/proxy/contexts', { token: null, headers })).status).toBe(status);
});

it('takes no token from the query', async () => {
  const response = await service.call('GET', `/proxy/contexts?access_token=${service.token}`, {
    token: null,
  });
  expect(response.status).toBe(401);
});
