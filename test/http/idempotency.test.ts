import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import request, { type Response } from 'supertest';
import { compose } from '../../src/compose';
import { readConfig } from '../../src/config';
import { createApp } from '../../src/http/app';
import type { JournalPage } from '../../src/http/controllers/changes.controller';
import { openKeyFiles } from '../../src/http/idempotency/keyFiles';
import type { Services } from '../../src/http/services';
import { systemClock } from '../../src/lib/clock';
import type { BackupPage, ChangeOutcome } from '../../src/proxy/model';
import { FakeServiceManager } from '../support/fakeServiceManager';
import { memoryLogger } from '../support/memoryLogger';
import { temporaryFolder } from '../support/temporaryFolder';
import { type Service, bodyOf, openService } from './service';

let service: Service;
beforeEach(async () => {
  service = await openService();
});
afterEach(() => service.close());

const post = (key: string, where = '/proxy/copy', body?: object, token: string | null = service.token) =>
  service.call('POST', where, { body, token, headers: { 'Idempotency-Key': key } });
const journal = async () => (bodyOf(await service.call('GET', '/changes')) as JournalPage).items;
const backups = async () => (bodyOf(await service.call('GET', '/proxy/backups')) as BackupPage).items;
const codeOf = (response: Response) => (bodyOf(response) as { code: string }).code;
const keyFiles = async () => {
  const folder = path.join(service.dataDir, 'idempotency');
  return (await readdir(folder)).map((name) => path.join(folder, name));
};

describe('a request that is asked again with its key', () => {
  it('gets the same answer, and is not done again', async () => {
    const first = await post('"k1"');
    const second = await post('"k1"');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.text).toBe(first.text);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    expect(second.headers['idempotency-replayed']).toBe('true');
    const { changeId } = bodyOf(first) as ChangeOutcome;
    expect(await journal()).toEqual([expect.objectContaining({ id: changeId })]);
    expect(await backups()).toHaveLength(1);
  });

  it('is told apart by its key: another key does it anew', async () => {
    const copied = bodyOf(await post('k1')) as ChangeOutcome;
    const where = `/proxy/backups/${copied.backupId ?? ''}/restore`;
    expect(bodyOf(await post('k2', where))).toMatchObject({ changed: true });
    expect(bodyOf(await post('k2', where))).toMatchObject({ changed: true });
    expect(bodyOf(await post('k3', where))).toMatchObject({ changed: false });
    expect(await journal()).toHaveLength(2);
  });

  it('gets the answer of a dry run again', async () => {
    const first = await post('"dry"', '/proxy/copy', { dryRun: true });
    await post('"wet"');
    expect((await post('"dry"', '/proxy/copy', { dryRun: true })).text).toBe(first.text);
  });

  it('gets a refusal again that the work itself has come to, under its own request id', async () => {
    const source = { source: 'LocalService' };
    const first = await post('"no"', '/proxy/copy', source);
    await post('"yes"', '/proxy/copy', { targets: ['LocalService'] });
    const second = await post('"no"', '/proxy/copy', source);
    expect([first.status, second.status]).toEqual([409, 409]);
    expect(codeOf(second)).toBe('source-not-configured');
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect((await post('"new"', '/proxy/copy', { ...source, dryRun: true })).status).toBe(200);
  });

  it('is done when what came before was refused by the checks', async () => {
    expect((await post('"k"', '/proxy/copy', { unknown: 1 })).status).toBe(400);
    expect((await post('"k"', '/proxy/copy', undefined, 'wrong')).status).toBe(401);
    expect(await keyFiles()).toEqual([]);
    expect(bodyOf(await post('"k"'))).toMatchObject({ changed: true });
  });

  it('takes the key with quotes or without for the same', async () => {
    const first = await post('8e03978e-40d5-43dd-bc93-6894a57f9324');
    const second = await post('"8e03978e-40d5-43dd-bc93-6894a57f9324"');
    expect(second.text).toBe(first.text);
  });

  it('restarts the sensor once', async () => {
    await service.close();
    const manager = new FakeServiceManager(
      {
        AATPSensorUpdater: { state: 'running', starts: { name: 'AATPSensor', afterMs: 0 } },
        AATPSensor: { state: 'running', dependsOn: ['AATPSensorUpdater'] },
      },
      systemClock,
    );
    const readTextFile = () => Promise.resolve({ state: 'absent' as const });
    service = await openService({}, undefined, { control: manager, readTextFile });
    const first = await post('"r"', '/sensor/restart');
    expect((await post('"r"', '/sensor/restart')).text).toBe(first.text);
    expect(await journal()).toHaveLength(1);
    const copied = bodyOf(await post('"c"', '/proxy/copy', { restartSensor: true })) as ChangeOutcome;
    expect(copied.sensorRestart).toMatchObject({ status: 'restarted' });
    expect((await journal()).map(({ id }) => id)).toEqual([
      copied.sensorRestart?.changeId,
      copied.changeId,
      expect.any(String),
    ]);
  });
});

describe('a key', () => {
  it.each(['', '""', '"a', 'a"b', 'a, b', '"a", "b"', '"a b"', `"${'x'.repeat(256)}"`, 'a;b=1', '"a\\b"'])(
    'is refused when it is %j',
    async (key) => {
      const response = await post(key);
      expect([response.status, codeOf(response)]).toEqual([400, 'idempotency-key-invalid']);
      expect(await journal()).toEqual([]);
    },
  );

  it.each(['"!"', `"${'x'.repeat(255)}"`, '"a\\"b\\\\"', 'a:b/c=d'])('may be %j', async (key) => {
    expect((await post(key, '/proxy/copy', { dryRun: true })).status).toBe(200);
  });

  it('is for one request: another body or operation is refused', async () => {
    const { backupId } = bodyOf(await post('"k"')) as ChangeOutcome;
    const others = [
      post('"k"', '/proxy/copy', { dryRun: true }),
      post('"k"', `/proxy/backups/${backupId ?? ''}/restore`),
    ];
    for (const response of await Promise.all(others)) {
      expect([response.status, codeOf(response)]).toEqual([422, 'idempotency-key-reused']);
    }
    expect(await journal()).toHaveLength(1);
  });

  it.each(['PUT', 'DELETE'])(
    'is refused with %s, which If-Match keeps from being done twice',
    async (method) => {
      const headers = { 'Idempotency-Key': '"k"', 'If-Match': '*' };
      const body = method === 'PUT' ? {} : undefined;
      const response = await service.call(method, '/proxy/contexts/LocalService', { headers, body });
      expect([response.status, codeOf(response)]).toEqual([400, 'idempotency-key-unexpected']);
    },
  );

  it('does no harm with GET', async () => {
    const headers = { 'Idempotency-Key': '"k"' };
    expect((await service.call('GET', '/proxy/contexts', { headers })).status).toBe(200);
  });

  it('is kept as a hash, without the token', async () => {
    await post('"my-secret-key"');
    const [file = ''] = await keyFiles();
    const text = await readFile(file, 'utf8');
    expect(file + text).not.toContain('my-secret-key');
    expect(text).not.toContain(service.token);
    expect(JSON.parse(text)).toMatchObject({ record: { actor: 'admin', answer: { status: 200 } } });
  });
});

/** Calls the next process, over what this one leaves when it is killed; `change` makes it what it would be then. */
async function afterKill(
  change: (dataDir: string) => Promise<void>,
  call: (post: (key: string, body?: object) => Promise<Response>, next: Services) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder();
  await cp(path.dirname(service.dataDir), folder.path, {
    recursive: true,
    filter: (file) => !file.endsWith('.lock'),
  });
  const dataDir = path.join(folder.path, 'data');
  await change(dataDir);
  const config = readConfig({
    SENSORPROXY_DATA_DIR: dataDir,
    SENSORPROXY_REGISTRY: `regfile:${path.join(folder.path, 'dc01.reg')}`,
  });
  const next = await compose(config, memoryLogger());
  try {
    const app = createApp(next.services);
    const ask = async (key: string, body?: object) =>
      request(app)
        .post('/proxy/copy')
        .set('Authorization', `Bearer ${service.token}`)
        .set('Idempotency-Key', key)
        .send(body);
    await call(ask, next.services);
  } finally {
    await next.close();
    await folder.remove();
  }
}

/** Takes the answer away from the only key there is: its process was killed before it was kept. */
async function forgetAnswer(dataDir: string): Promise<void> {
  const files = await openKeyFiles(dataDir);
  const [found] = await files.list();
  if (found?.record) await files.write({ ...found.record, answer: null });
}

const entriesOf = async ({ changes }: Services) => (await changes.page({ limit: 10 })).items;

describe('after the service was killed', () => {
  const body = { ticket: 'CHG1' };
  let first: Response;
  beforeEach(async () => {
    first = await post('"k"', '/proxy/copy', body);
  });

  it('an answer that was kept is given again', () =>
    afterKill(
      () => Promise.resolve(),
      async (ask, next) => {
        const again = await ask('"k"', body);
        expect(again.text).toBe(first.text);
        expect(again.headers['idempotency-replayed']).toBe('true');
        expect((await ask('"k"', {})).status).toBe(422);
        expect(await entriesOf(next)).toHaveLength(1);
      },
    ));

  it('a change that was recorded is answered from the journal, and not done again', () =>
    afterKill(forgetAnswer, async (ask, next) => {
      const again = await ask('"k"', body);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(bodyOf(again)).toEqual({ ...(bodyOf(first) as ChangeOutcome), findings: [] });
      expect((await ask('"k"', body)).text).toBe(again.text);
      expect(await entriesOf(next)).toHaveLength(1);
    }));

  it('of many that ask then, one effect is seen', () =>
    afterKill(forgetAnswer, async (ask, next) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('"k"', body)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
      expect(await entriesOf(next)).toHaveLength(1);
    }));

  it('a change that the journal does not have is done', () =>
    afterKill(
      async (dataDir) => {
        await forgetAnswer(dataDir);
        await rm(path.join(dataDir, 'journal'), { recursive: true });
      },
      async (ask, next) => {
        const again = await ask('"k"', body);
        expect(again.status).toBe(200);
        expect(again.headers).not.toHaveProperty('idempotency-replayed');
        expect(await entriesOf(next)).toEqual([]); // It is in force already.
      },
    ));

  it('a key whose file was damaged is not taken for a new one', () =>
    afterKill(
      async (dataDir) => {
        const folder = path.join(dataDir, 'idempotency');
        for (const name of await readdir(folder)) {
          const text = await readFile(path.join(folder, name), 'utf8');
          await writeFile(path.join(folder, name), text.replace('"changed":true', '"changed":flse'));
        }
      },
      async (ask) => {
        const again = await ask('"k"', body);
        expect([again.status, codeOf(again)]).toEqual([503, 'idempotency-key-unrecorded']);
        expect((await ask('"other"', body)).status).toBe(200);
      },
    ));
});

describe('the restart that belongs to a copy', () => {
  it('is told as not recorded when the service was killed in between', async () => {
    const asked = { restartSensor: true };
    await post('"k"', '/proxy/copy', asked);
    // Without a service manager the restart fails at once and is not recorded.
    await afterKill(forgetAnswer, async (ask) => {
      expect(bodyOf(await ask('"k"', asked))).toMatchObject({
        changed: true,
        sensorRestart: { status: 'failed', changeId: null },
        restartRecommended: true,
      });
    });
  });
});
