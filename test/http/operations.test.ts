import type { EndpointList, HealthReport } from '../../src/endpoints/report';
import { type Service, bodyOf, openService } from './service';

let service: Service;

beforeAll(async () => {
  service = await openService();
});

afterAll(() => service.close());

describe('operations', () => {
  it('is alive', async () => {
    expect(bodyOf(await service.call('GET', '/livez'))).toEqual({ alive: true });
  });

  it('is ready, part by part', async () => {
    const response = await service.call('GET', '/readyz');
    expect(response.status).toBe(200);
    expect(bodyOf(response)).toMatchObject({ ready: true });
  });

  it('answers 503 with the same shape when a part does not work', async () => {
    const part = { name: 'registry', ready: false, detail: 'a test' };
    const down = await openService({}, (services) => ({
      ...services,
      readiness: () => Promise.resolve({ ready: false, parts: [part] }),
    }));
    try {
      const response = await down.call('GET', '/readyz', { token: null });
      expect(response.status).toBe(503);
      expect(bodyOf(response)).toEqual({ ready: false, parts: [part] });
      expect((await down.call('GET', '/livez')).status).toBe(200);
    } finally {
      await down.close();
    }
  });
});

describe('endpoints', () => {
  it('lists those in force', async () => {
    const { items } = bodyOf(await service.call('GET', '/endpoints')) as EndpointList;
    expect(items.filter(({ probed }) => probed)).toMatchObject([
      { host: '127.0.0.1', port: 1, origin: 'file' },
    ]);
  });

  it('probes them for both of the sensor’s accounts', async () => {
    const response = await service.call('GET', '/endpoints/health');
    expect(response.status).toBe(200);
    const report = bodyOf(response) as HealthReport;
    expect(report.checks.map(({ context }) => context)).toEqual(['LocalSystem', 'LocalService']);
    expect(report.status).not.toBe('healthy');
  });

  it('probes for the accounts that are asked for', async () => {
    const one = bodyOf(
      await service.call('GET', '/endpoints/health?context=NetworkService&region=Here'),
    ) as HealthReport;
    expect(one.checks.map(({ context }) => context)).toEqual(['NetworkService']);
    const two = bodyOf(
      await service.call(
        'GET',
        '/endpoints/health?context=NetworkService&context=LocalService&timeoutMs=2000',
      ),
    ) as HealthReport;
    expect(two.checks.map(({ context }) => context)).toEqual(['NetworkService', 'LocalService']);
  });

  it('answers 503 with the report when it is asked to be strict', async () => {
    const response = await service.call('GET', '/endpoints/health?strict=true');
    expect(response.status).toBe(503);
    expect((bodyOf(response) as HealthReport).checks).toHaveLength(2);
  });

  it('refuses a region and an account that are not there', async () => {
    expect(bodyOf(await service.call('GET', '/endpoints/health?region=Atlantis'))).toMatchObject({
      code: 'region-unknown',
    });
    expect(bodyOf(await service.call('GET', '/endpoints/health?context=Nobody'))).toMatchObject({
      code: 'context-not-found',
    });
  });
});
