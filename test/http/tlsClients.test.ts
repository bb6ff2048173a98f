import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import path from 'node:path';
import {
  type Authority,
  createAuthority,
  daysFromNow,
  type KeyAndCertificate,
} from '../support/certificates';
import { openTlsService, showing, type TlsService } from './tlsService';

let tls: TlsService;
let clients: Authority;
let reader: KeyAndCertificate;
let operator: KeyAndCertificate;

beforeAll(async () => {
  clients = await createAuthority('Client root');
  reader = await clients.issue({ hosts: [], usage: 'client', subject: 'CN=monitor, OU=a\\,b, O=Contoso' });
  operator = await clients.issue({ hosts: [], usage: 'client', subject: 'O=Contoso' });
  tls = await openTlsService(async (_authority, folder) => {
    const ca = path.join(folder, 'clients.pem');
    await writeFile(ca, clients.cert);
    const { fingerprint256 } = new X509Certificate(operator.cert);
    return {
      SENSORPROXY_TLS_CLIENT_CA: ca,
      SENSORPROXY_TLS_CLIENT_SCOPES: `CN=monitor, OU=a\\,b, O=Contoso=read; sha256:${fingerprint256}=operate; CN=old=admin`,
    };
  });
});
afterAll(() => tls.close());

const read = (options: object) => tls.call('/proxy/contexts', options);
const copy = (options: object) =>
  tls.call('/proxy/copy', {
    ...options,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"source":"CurrentUser","targets":["LocalService"]}',
  });

describe('a client certificate that is mapped', () => {
  it('needs no token, and may do what its scope says', async () => {
    expect((await read(showing(reader))).status).toBe(200);
    const { status, body } = await copy(showing(reader));
    expect([status, body.code, body.scope]).toEqual([403, 'scope-missing', 'operate']);
    expect(body.detail).toContain('the client certificate has read');
  });

  it('is the actor in the journal: by its fingerprint where it has no common name', async () => {
    const { status, body } = await copy(showing(operator));
    expect(status).toBe(200);
    const change = await tls.call(`/changes/${String(body.changeId)}`, showing(operator));
    const hex = new X509Certificate(operator.cert).fingerprint256.replaceAll(':', '').toLowerCase();
    expect(change.body.actor).toBe(`cert:sha256:${hex}`);
  });

  it('is the actor in the log: by its common name', async () => {
    await read({ ...showing(reader), headers: { 'x-request-id': 'by-certificate' } });
    const line = tls.service.lines.find((text) => text.includes('"by-certificate"')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ actor: 'cert:monitor', status: 200 });
  });

  it('counts on each request of a connection, and after a resumed session', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const round of [1, 2])
      expect([round, (await read({ ...showing(reader), agent })).status]).toEqual([round, 200]);
    agent.destroy();
    const first = await tls.connect({ ...showing(reader), maxVersion: 'TLSv1.2' });
    const session = first.getSession();
    first.destroy();
    const answer = await read({ ...showing(reader), maxVersion: 'TLSv1.2', session });
    expect(answer.status).toBe(200);
  });

  it('gives way to a token, be it right or wrong', async () => {
    const right = { authorization: `Bearer ${tls.service.token}`, 'x-request-id': 'by-token' };
    expect((await read({ ...showing(reader), headers: right })).status).toBe(200);
    expect(tls.service.lines.find((text) => text.includes('"by-token"'))).toContain('"actor":"admin"');
    const wrong = await read({ ...showing(operator), headers: { authorization: 'Bearer wrong' } });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'token-invalid']);
  });
});

describe('as none is', () => {
  const cases: [string, () => Promise<KeyAndCertificate>][] = [
    ['a certificate that is not mapped', () => clients.issue({ hosts: ['x'], usage: 'client' })],
    ['a subject with more to it', () => named(clients, 'CN=monitor, OU=a\\,b, O=Contoso, C=DE')],
    ['a subject with less to it', () => named(clients, 'CN=monitor, O=Contoso')],
    ['a subject that only reads alike', () => named(clients, 'CN=monitor\\, OU\\=a\\, b, O=Contoso')],
    ['a subject in another order', () => named(clients, 'O=Contoso, OU=a\\,b, CN=monitor')],
    ['a subject in another case', () => named(clients, 'CN=Monitor, OU=a\\,b, O=Contoso')],
    [
      'the subject from another authority',
      async () => named(await createAuthority('Other'), 'CN=monitor, OU=a\\,b, O=Contoso'),
    ],
    [
      'the subject from another authority of the same name',
      async () => named(await createAuthority('Client root'), 'CN=monitor, OU=a\\,b, O=Contoso'),
    ],
    [
      'one that has expired',
      () =>
        clients.issue({
          hosts: [],
          usage: 'client',
          subject: 'CN=old',
          notBefore: daysFromNow(-9),
          notAfter: daysFromNow(-1),
        }),
    ],
    [
      'one that does not hold yet',
      () => clients.issue({ hosts: [], usage: 'client', subject: 'CN=old', notBefore: daysFromNow(1) }),
    ],
    ['a server’s certificate', () => clients.issue({ hosts: [], subject: 'CN=old' })],
  ];

  it.each(cases)('%s counts: 401 without a token, served with one', async (_name, make) => {
    const shown = showing(await make());
    const without = await read(shown);
    expect([without.status, without.body.code]).toEqual([401, 'unauthenticated']);
    const headers = { authorization: `Bearer ${tls.service.token}` };
    expect((await read({ ...shown, headers })).status).toBe(200);
  });

  it('no certificate asks for a token', async () => {
    expect((await read({})).status).toBe(401);
    expect((await tls.call('/livez')).status).toBe(200);
  });
});

function named(authority: Authority, subject: string): Promise<KeyAndCertificate> {
  return authority.issue({ hosts: [], usage: 'client', subject });
}
