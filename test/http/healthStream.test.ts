import { connect } from 'node:net';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { HealthHistory } from '../../src/endpoints/history/healthHistory';
import type { HealthReport } from '../../src/endpoints/report';
import { createSharedRuns } from '../../src/endpoints/runs/sharedRuns';
import type { HealthLine } from '../../src/http/healthStream';
import { type RunningServer, startServer } from '../../src/http/server';
import { DomainError } from '../../src/lib/errors';
import { systemClock } from '../../src/lib/clock';
import { checkOf, failedCheck, reportOf } from '../unit/endpoints/checks';
import { type ControlledRun, controlledCheck, runAt } from '../unit/endpoints/controlledRun';
import { contract, expectToBe } from './contract';
import { type Service, bodyOf, openService } from './service';

const NDJSON = { Accept: 'application/x-ndjson' };
const first = checkOf({ context: 'LocalSystem' });
const second = failedCheck();

let service: Service;
let server: RunningServer;
let runs: readonly ControlledRun[];
let history: HealthHistory;

beforeEach(async () => {
  const controlled = controlledCheck();
  runs = controlled.runs;
  history = new HealthHistory();
  const health = createSharedRuns({
    start: controlled.start,
    clock: systemClock,
    record: (check) => {
      history.record(check);
    },
  });
  service = await openService({}, (services) => ({ ...services, health }));
  server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  for (const run of runs) run.fail(new Error('the test is over'));
  await server.stop();
  await service.close();
});

/** A stream's answer, line by line. */
interface Stream {
  readonly call: ClientRequest;
  readonly response: IncomingMessage;
  readonly next: () => Promise<HealthLine | 'end'>;
}

/** Resolves when the headers are there. */
async function stream(query = '', method = 'GET', headers: Record<string, string> = NDJSON): Promise<Stream> {
  const call = request(`${server.url}/endpoints/health${query}`, {
    method,
    agent: false,
    headers: { authorization: `Bearer ${service.token}`, ...headers },
  });
  call.on('error', () => undefined).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return {
    call,
    response,
    next: async () => {
      const line = await lines.next();
      if (line.done === true) return 'end';
      const schema =
        contract.paths['/endpoints/health']?.get?.responses['200']?.content?.[NDJSON.Accept]?.schema;
      const value = JSON.parse(line.value) as HealthLine;
      expectToBe(schema ?? {}, value);
      return value;
    },
  };
}

/** The run with this number, once it is there. */
async function run(index = 0): Promise<ControlledRun> {
  await until(() => runs.length > index);
  return runAt(runs, index);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const json = (query: string, headers: Record<string, string> = {}) =>
  service.call('GET', `/endpoints/health${query}`, { headers });

describe('a stream', () => {
  it('begins when the run has begun, has each check as it ends, and a summary last', async () => {
    const answer = stream('?context=LocalSystem&context=LocalService&timeoutMs=500&slowMs=400');
    const checks = await run();
    expect(checks.query).toMatchObject({
      contexts: ['LocalSystem', 'LocalService'],
      timeoutMs: 500,
      slowMs: 400,
    });
    checks.begin();
    // The headers are here, though no check has ended.
    const { response, next } = await answer;
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      vary: 'Accept',
      'x-request-id': expect.any(String),
    });
    checks.tell(second);
    expect(await next()).toEqual({ type: 'check', check: second });
    checks.tell(first);
    expect(await next()).toEqual({ type: 'check', check: first });
    checks.finish([first, second]);
    const { status, checkedAt, durationMs, findings } = reportOf([first, second]);
    expect(await next()).toEqual({ type: 'summary', status, checkedAt, durationMs, findings });
    expect(await next()).toBe('end');
  });

  it('gets a problem with its own status when the run fails before it has begun', async () => {
    const answer = stream('?context=Nobody', 'GET', { ...NDJSON, 'X-Request-Id': 'early' });
    (await run()).fail(new DomainError('notFound', 'context-not-found', 'no such account.'));
    const { response } = await answer;
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toBe('application/problem+json');
    const [body] = (await once(response, 'data')) as [Buffer];
    expect(JSON.parse(body.toString())).toMatchObject({
      code: 'context-not-found',
      instance: 'urn:sensorproxy:request:early',
    });
  });

  it.each([
    ['what the caller can know', new DomainError('unavailable', 'registry-unavailable', 'it is gone.'), 503],
    ['a fault of ours', new Error('the secret cause'), 500],
  ])('ends with a problem when it has begun: %s', async (_name, error, status) => {
    const answer = stream('', 'GET', { ...NDJSON, 'X-Request-Id': 'half-way' });
    (await run()).tell(first);
    const { response, next } = await answer;
    expect(await next()).toMatchObject({ type: 'check' });
    (await run()).fail(error);
    const line = await next();
    expect(line).toMatchObject({
      type: 'problem',
      problem: { status, instance: 'urn:sensorproxy:request:half-way' },
    });
    expect(JSON.stringify(line)).not.toContain('secret');
    expect(await next()).toBe('end');
    expect(response.complete).toBe(true);
    // The log has the cause.
    expect(
      service.lines.filter((text) => text.includes(error.message) && text.includes('half-way')),
    ).toHaveLength(1);
  });

  it('that joins late has what is done already first', async () => {
    const [early, json0] = [stream(), json('')];
    (await run()).tell(first);
    const late = await stream();
    expect(await late.next()).toEqual({ type: 'check', check: first });
    (await run()).tell(second);
    (await run()).finish();
    expect(await late.next()).toEqual({ type: 'check', check: second });
    expect(await late.next()).toMatchObject({ type: 'summary', status: 'unhealthy' });
    expect(await (await early).next()).toEqual({ type: 'check', check: first });
    expect((bodyOf(await json0) as HealthReport).checks).toEqual([first, second]);
    expect(runs).toHaveLength(1);
    expect(history.page({ limit: 10 }).items).toHaveLength(2);
  });

  it('tells a result again that is young enough', async () => {
    const report = json('');
    (await run()).tell(first);
    (await run()).finish();
    await report;
    const { next } = await stream('?maxAgeMs=60000');
    expect(await next()).toEqual({ type: 'check', check: first });
    expect(await next()).toMatchObject({ type: 'summary' });
    expect(bodyOf(await json('?maxAgeMs=60000'))).toEqual(reportOf([first]));
    expect(runs).toHaveLength(1);
  });

  it('is refused together with strict, which needs a status', async () => {
    const { response } = await stream('?strict=true');
    expect(response.statusCode).toBe(400);
    const [body] = (await once(response, 'data')) as [Buffer];
    expect(JSON.parse(body.toString())).toMatchObject({
      code: 'validation-failed',
      errors: [{ in: 'query', pointer: '/strict' }],
    });
    expect(runs).toHaveLength(0);
  });

  it('answers a HEAD when the run has begun, and waits no longer', async () => {
    const answer = stream('', 'HEAD');
    (await run()).begin();
    const { response } = await answer;
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/x-ndjson');
    await until(() => runAt(runs, 0).signal.aborted);
    const missing = stream('?context=Nobody', 'HEAD');
    (await run(1)).fail(new DomainError('notFound', 'context-not-found', 'no such account.'));
    expect((await missing).response.statusCode).toBe(404);
  });
});

describe('a caller that goes away', () => {
  it('ends the probes when it was the last that waited', async () => {
    const [one, two] = [stream(), stream()];
    (await run()).begin();
    (await one).call.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runAt(runs, 0).signal.aborted).toBe(false);
    (await run()).tell(first);
    expect(await (await two).next()).toEqual({ type: 'check', check: first });
    (await two).call.destroy();
    await until(() => runAt(runs, 0).signal.aborted);
  });

  it('is waited for no longer, stream or report alike', async () => {
    const report = stream('', 'GET', { Accept: 'application/json' });
    report.catch(() => undefined);
    const watched = stream();
    (await run()).begin();
    (await watched).call.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runAt(runs, 0).signal.aborted).toBe(false);
    (await run()).finish([first]);
    expect((await report).response.statusCode).toBe(200);
  });
});

describe('the media type', () => {
  it.each([undefined, '*/*', 'application/json', 'application/*', 'application/json, application/x-ndjson'])(
    'of Accept: %s is JSON',
    async (accept) => {
      const answer = json('', accept === undefined ? {} : { Accept: accept });
      (await run()).finish([first]);
      const { status, headers, text } = await answer;
      expect([status, headers['content-type'], headers.vary]).toEqual([
        200,
        'application/json; charset=utf-8',
        'Accept',
      ]);
      expect(JSON.parse(text)).toEqual(reportOf([first]));
    },
  );

  it('is one of the two', async () => {
    const answer = await json('', { Accept: 'text/html' });
    expect(answer.status).toBe(406);
    expect(bodyOf(answer)).toMatchObject({ code: 'not-acceptable' });
    expect(runs).toHaveLength(0);
  });
});

it.each(['maxAgeMs=-1', 'maxAgeMs=3600001', 'maxAgeMs=1.5', 'slowMs=99', 'slowMs=60001', 'slowMs=x'])(
  'refuses %s',
  async (query) => {
    const answer = await json(`?${query}`);
    expect(answer.status).toBe(400);
    expect(bodyOf(answer)).toMatchObject({
      errors: [{ in: 'query', pointer: `/${query.split('=')[0] ?? ''}` }],
    });
  },
);

it('streams what the real probes find', async () => {
  const real = await openService();
  const realServer = await startServer(real.app, { host: '127.0.0.1', port: 0 });
  try {
    const answer = await fetch(`${realServer.url}/endpoints/health`, {
      headers: { authorization: `Bearer ${real.token}`, ...NDJSON },
    });
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as HealthLine).type)).toEqual(['check', 'check', 'summary']);
    const missing = await fetch(`${realServer.url}/endpoints/health?context=Nobody`, {
      headers: { authorization: `Bearer ${real.token}`, ...NDJSON },
    });
    expect(missing.status).toBe(404);
  } finally {
    await realServer.stop();
    await real.close();
  }
});

describe('what follows a request on its connection', () => {
  it('does not get into the stream that answers it', async () => {
    const socket = connect(server.address.port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `GET /endpoints/health HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer ${service.token}\r\n\r\n`,
    );
    while (runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    runAt(runs, 0).begin();
    while (!received.includes('\r\n\r\n')) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write('\0garbage\r\n\r\n');
    await closed;
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
    expect(received).not.toContain(' 400 ');
    expect(received).not.toContain('request-malformed');
  });
});
