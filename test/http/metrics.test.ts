import { parseExposition } from '../unit/endpoints/exposition';
import { type Service, openService } from './service';

let service: Service;
let probes = 0;

beforeAll(async () => {
  service = await openService({}, (services) => ({
    ...services,
    health: (...call) => {
      probes += 1;
      return services.health(...call);
    },
  }));
});

afterAll(() => service.close());

it('has no value of a check at first', async () => {
  const response = await service.call('GET', '/metrics');
  expect(response.status).toBe(200);
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const probes = parseExposition(response.text).filter(({ name }) => name.startsWith('sensorproxy_probe_'));
  expect(probes).toEqual([]);
  expect(response.text).toContain('# TYPE sensorproxy_probe_success gauge');
});

it('has the last result of each endpoint and account, and probes nothing to get it', async () => {
  await service.call('GET', '/endpoints/health');
  await service.call('GET', '/endpoints/health');
  const response = await service.call('GET', '/metrics');
  await service.call('GET', '/metrics');
  const samples = parseExposition(response.text);
  const labels = { host: '127.0.0.1', port: '1', region: 'Here' };
  expect(samples.filter(({ name }) => name === 'sensorproxy_probe_success')).toEqual(
    ['LocalSystem', 'LocalService'].map((context) => ({
      name: 'sensorproxy_probe_success',
      labels: { context, ...labels },
      value: 0,
    })),
  );
  expect(samples).toContainEqual({
    name: 'sensorproxy_probe_failure_info',
    labels: { context: 'LocalService', ...labels, code: 'connect-refused', phase: 'connect' },
    value: 1,
  });
  expect(probes).toBe(2);
});

it('answers Prometheus, which would rather have another format, and a HEAD', async () => {
  const headers = {
    Accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  };
  expect((await service.call('GET', '/metrics', { headers })).headers['content-type']).toMatch(
    /^text\/plain/,
  );
  expect((await service.call('HEAD', '/metrics')).status).toBe(200);
});

it('needs the token', async () => {
  expect((await service.call('GET', '/metrics', { token: null })).status).toBe(401);
});
