import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { TLSSocket } from 'node:tls';
import { createAuthority, daysFromNow } from '../support/certificates';
import { openTlsService, type TlsService, until } from './tlsService';

let tls: TlsService;

beforeEach(async () => {
  tls = await openTlsService();
});
afterEach(() => tls.close());

/** The certificate that a new connection sees. */
async function shown(): Promise<string> {
  const socket = await tls.connect({ rejectUnauthorized: false });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function ask(socket: TLSSocket): Promise<string> {
  const answered = once(socket, 'data');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return String(await answered);
}

function logged(level: string, message: string): number {
  const lines = tls.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter((line) => line.level === level && line.message === message).length;
}

const replaced = () => logged('info', 'the TLS certificate was replaced');
const refused = () => logged('error', 'the new TLS certificate cannot be used; the old one goes on');
/** Several looks at the files. */
const someLooks = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('new TLS files', () => {
  it('are shown to new connections, while old ones go on', async () => {
    const before = await shown();
    const old = await tls.connect();
    expect(await ask(old)).toMatch(/^HTTP\/1\.1 200 /);
    const next = await tls.authority.issue({ hosts: ['localhost'] });
    await tls.replace(tls.files.cert, next.cert);
    await tls.replace(tls.files.key, next.key);
    await until(() => replaced() === 1);
    expect(await shown()).not.toBe(before);
    expect(await ask(old)).toMatch(/^HTTP\/1\.1 200 /);
    old.destroy();
    // What is not the certificate stays as it was.
    await expect(tls.connect({ maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow();
  });

  it('are never mixed: one of the two alone changes nothing, and is told once', async () => {
    const before = await shown();
    const next = await tls.authority.issue({ hosts: ['localhost'] });
    await tls.replace(tls.files.cert, next.cert);
    await until(() => refused() === 1);
    await someLooks();
    expect([refused(), replaced(), await shown()]).toEqual([1, 0, before]);
    await tls.replace(tls.files.key, next.key);
    await until(() => replaced() === 1);
    expect(await shown()).not.toBe(before);
  });

  it.each<[string, () => Promise<void>]>([
    ['are garbage', () => tls.replace(tls.files.cert, 'garbage')],
    ['are empty', () => tls.replace(tls.files.key, '')],
    ['are gone', () => rm(tls.files.key)],
    [
      'hold an encrypted key',
      () =>
        tls.replace(
          tls.files.key,
          '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
        ),
    ],
  ])('that %s leave the old ones in use', async (_what, spoil) => {
    const before = await shown();
    await spoil();
    await until(() => refused() === 1);
    expect(await shown()).toBe(before);
  });

  it('that say the same change nothing', async () => {
    const own = await tls.authority.issue({ hosts: ['localhost'] });
    await tls.replace(tls.files.cert, own.cert);
    await tls.replace(tls.files.key, own.key);
    await until(() => replaced() === 1);
    await tls.replace(tls.files.cert, own.cert);
    await someLooks();
    expect([replaced(), refused()]).toEqual([1, 0]);
  });

  it('that have expired are shown, with a warning', async () => {
    const authority = await createAuthority('Old');
    const old = await authority.issue({
      hosts: ['localhost'],
      notBefore: daysFromNow(-20),
      notAfter: daysFromNow(-10),
    });
    await tls.replace(tls.files.cert, old.cert);
    await tls.replace(tls.files.key, old.key);
    await until(() => replaced() === 1);
    expect(logged('warn', 'the TLS certificate has expired: callers will refuse it')).toBe(1);
  });
});
