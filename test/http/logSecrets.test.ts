import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Response } from 'supertest';
import type { JournalPage } from '../../src/http/controllers/changes.controller';
import { isChange } from '../../src/proxy/evidence';
import type { ChangeOutcome, ProxyContexts } from '../../src/proxy/model';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { RegistryType } from '../../src/registry/registry';
import { deniedRegistry } from '../support/deniedRegistry';
import { faultyRegistry } from '../support/faultyRegistry';
import { anna, connectionsKey, localService, localSystem, openPractice } from '../support/practice';
import { settingsBytes } from '../support/settingsBytes';
import { temporaryFolder } from '../support/temporaryFolder';
import { type CallOptions, type Service, bodyOf, openService } from './service';

const SECRET = 'Passw0rd-that-nobody-may-see';
const WRONG = 'sp_wrong-token-that-nobody-may-see';

/** Values in which somebody has put a password, as programs other than this one let them. */
const values: Readonly<Record<string, Uint8Array>> = {
  [anna]: settingsBytes({
    flags: 3,
    proxy: `http://svc:${SECRET}@proxy.contoso.com:8080`,
    bypass: `${SECRET}.contoso.com`,
  }),
  [localSystem]: settingsBytes({ flags: 5, pac: `http://svc:${SECRET}@127.0.0.1:1/p.pac?key=${SECRET}` }),
  // It ends in the middle of its proxy list.
  [localService]: settingsBytes({ flags: 3, proxy: `${SECRET}:80` }).subarray(0, 50),
};
const hexes = Object.values(values).map((bytes) => Buffer.from(bytes).toString('hex'));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let regfile: string;
let service: Service;
let answers: Response[];

beforeEach(async () => {
  answers = [];
  folder = await temporaryFolder();
  regfile = path.join(folder.path, 'dc02.reg');
  await writeFile(regfile, practiceDomainController());
  const registry = await openRegFile(regfile);
  for (const [sid, data] of Object.entries(values)) {
    await registry.createKey(connectionsKey(sid));
    await registry.writeValue(connectionsKey(sid), 'DefaultConnectionSettings', {
      type: RegistryType.binary,
      data,
    });
  }
  await registry.close();
});
afterEach(async () => {
  await service.close();
  await folder.remove();
});

/** Calls, and keeps the answer; fails unless it has the status that the test is about. */
async function expectStatus(status: number, method: string, location: string, options?: CallOptions) {
  const answer = await service.call(method, location, options);
  expect({ location, status: answer.status, text: answer.text }).toMatchObject({ location, status });
  answers.push(answer);
  return answer;
}

/** What is told from `info` on; the rest is for who looks for a fault, and asked for it. */
const told = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ level }) => level !== 'debug');

/** Neither what was logged, nor an answer that is none of the values itself, holds a secret or a whole value. */
async function expectNothingTold(lines: readonly string[], furtherHexes: readonly string[] = []) {
  const problems = answers.filter(({ status }) => status >= 400);
  expect(problems.length).toBeGreaterThan(0);
  const metrics = await service.call('GET', '/metrics');
  expect(metrics.status).toBe(200);
  const texts = [
    ...told(lines).map((line) => JSON.stringify(line)),
    ...problems.map(({ text, headers }) => text + JSON.stringify(headers)),
    metrics.text,
  ];
  for (const text of texts) {
    for (const hidden of [service.token, WRONG, SECRET, ...hexes, ...furtherHexes])
      expect(text).not.toContain(hidden);
  }
}

describe('the log, the problems and the metrics', () => {
  it('hold no token, no password and no whole value, whatever is asked of a registry that has passwords in it', async () => {
    service = await openService({ SENSORPROXY_REGISTRY: `regfile:${regfile}` });
    const shown = await expectStatus(200, 'GET', '/proxy/contexts');
    // The values are there: what is looked for below could come out.
    const { contexts } = bodyOf(shown) as ProxyContexts;
    expect(contexts.map(({ hex }) => hex)).toEqual(expect.arrayContaining(hexes));
    await expectStatus(200, 'GET', '/endpoints/health?timeoutMs=1000');
    await expectStatus(200, 'GET', '/endpoints/allowlist');
    const copied = await expectStatus(200, 'POST', '/proxy/copy', { headers: { 'X-Request-Id': 'copy-1' } });
    const { backupId, changed } = bodyOf(copied) as ChangeOutcome;
    expect(changed).toBe(true);
    await expectStatus(200, 'GET', '/endpoints/health?timeoutMs=1000');
    await expectStatus(200, 'POST', `/proxy/backups/${backupId ?? ''}/restore`, { body: {} });
    const etag = (await expectStatus(200, 'GET', '/proxy/contexts/LocalService')).headers.etag ?? '';
    const ifMatch = { 'If-Match': etag };
    const proxyServer = 'plain.contoso.com:8080';
    const refused = [
      { proxyServer, autoConfigUrl: `http://svc:${SECRET}@pac.contoso.com/p.pac` },
      { proxyServer: `http://svc:${SECRET}@proxy.contoso.com:8080` },
      { proxyServer, bypassList: [`${SECRET} /`] },
    ];
    for (const body of refused)
      await expectStatus(422, 'PUT', '/proxy/contexts/LocalService', { headers: ifMatch, body });
    await expectStatus(200, 'PUT', '/proxy/contexts/LocalService', {
      headers: ifMatch,
      body: { proxyServer },
    });
    await expectStatus(412, 'PUT', '/proxy/contexts/LocalService', {
      headers: ifMatch,
      body: { proxyServer },
    });
    await expectStatus(401, 'GET', '/proxy/contexts', { token: WRONG });
    await expectStatus(401, 'GET', `/proxy/contexts/LocalService`, {
      token: null,
      headers: { Cookie: WRONG },
    });
    await expectStatus(400, 'POST', '/proxy/copy', { body: `{"source": "${SECRET}` });
    await expectStatus(400, 'POST', '/proxy/copy', {
      body: { [SECRET.slice(0, 20)]: SECRET, ticket: `\n${SECRET}` },
    });
    await expectStatus(404, 'POST', '/proxy/copy', { body: { source: SECRET } });
    await expectStatus(404, 'GET', `/${SECRET}`, { headers: { Cookie: SECRET, Referer: SECRET } });
    await expectStatus(404, 'GET', `/changes/${SECRET}`);
    // A folder in the file's place: what no system overwrites.
    await rm(regfile);
    await mkdir(regfile);
    const failed = await expectStatus(503, 'POST', '/proxy/copy', { headers: { 'X-Request-Id': 'copy-2' } });
    expect(bodyOf(failed)).toMatchObject({ code: 'write-failed' });
    const { items } = bodyOf(await service.call('GET', '/changes')) as JournalPage;
    const journal = items.filter((entry) => isChange(entry)).flatMap((entry) => entry.contexts);
    const written = journal.flatMap(({ beforeHex, afterHex }) => [beforeHex, afterHex]);
    expect(written).toEqual(expect.arrayContaining(hexes));
    await expectNothingTold(
      service.lines,
      written.filter((hex) => hex !== null),
    );
    const lines = told(service.lines);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'proxy settings changed', requestId: 'copy-1', actor: 'admin' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'request', requestId: 'copy-2', actor: 'admin', status: 503 }),
    );
    expect(service.lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ message: 'request', requestId: 'copy-1', actor: 'admin', status: 200 }),
    );
  });

  it('hold none when a write fails and cannot be put back, nor when the driver cannot read', async () => {
    let denied = /^$/;
    let failing = false;
    const practice = await openPractice({
      wrap: (registry) => {
        // The first target is written; the second is refused, and so is putting the first one back.
        const writing = faultyRegistry(registry, ({ operation, key }) => {
          if (!failing || operation !== 'writeValue') return undefined;
          if (key === connectionsKey(localSystem)) return 'denied-after';
          return 'denied';
        });
        return {
          ...writing,
          readValue: (key, name) => deniedRegistry(writing, denied).readValue(key, name),
          listValues: (key) => deniedRegistry(writing, denied).listValues(key),
          listSubkeys: (key) => deniedRegistry(writing, denied).listSubkeys(key),
        };
      },
    });
    try {
      for (const [sid, data] of Object.entries(values)) await practice.setRaw(sid, data);
      service = await openService({}, (services) => ({ ...services, proxy: practice.proxy }));
      failing = true;
      const failed = await expectStatus(503, 'POST', '/proxy/copy');
      expect(bodyOf(failed)).toMatchObject({ code: 'write-failed' });
      failing = false;
      denied = /Internet Settings/;
      for (const location of ['/proxy/contexts', '/proxy/contexts/LocalSystem'])
        expect(bodyOf(await expectStatus(503, 'GET', location))).toMatchObject({
          code: 'registry-access-denied',
        });
      await expectStatus(503, 'POST', '/proxy/copy');
      expect(practice.logger.lines.join('\n')).toContain('a change failed and');
      await expectNothingTold([...practice.logger.lines, ...service.lines]);
    } finally {
      await practice.close();
    }
  });
});
