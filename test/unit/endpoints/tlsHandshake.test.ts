import type { SecureVersion } from 'node:tls';
import fc from 'fast-check';
import { createTrustStore, type TrustStore } from '../../../src/endpoints/probe/trust';
import { createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { type Cut, startCutRelay } from '../../support/cutRelay';
import { HOST, probePort, type Probing } from '../../support/probing';
import { startScriptedServer } from '../../support/scriptedServer';
import { startTlsEndpoint } from '../../support/tlsEndpoint';
import { Closing } from './checking';

const closing = new Closing();
let certificate: KeyAndCertificate;
let trust: TrustStore;

beforeAll(async () => {
  const authority = await createAuthority('Contoso Test Root');
  certificate = await authority.issue({ hosts: [HOST] });
  trust = createTrustStore(authority.cert);
});
afterEach(() => closing.closeAll());

/** What a server that gives these bytes for an answer leads to. */
async function failureOf(says: Buffer, timeoutMs?: number) {
  const server = await startScriptedServer({ says, thenCloses: true });
  try {
    return (await probePort(server.port, { trust, timeoutMs })).failure;
  } finally {
    await server.close();
  }
}

const record = (type: number, ...body: readonly number[]) =>
  Buffer.from([type, 3, 3, 0, body.length, ...body]);
const fatalAlert = (description: number) => record(21, 2, description);

describe('what answers without TLS', () => {
  it.each([
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    '<html><body>Sign in</body></html>',
    'SSH-2.0-OpenSSH_9.2\r\n',
    '220 smtp.contoso.com ESMTP\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'CONNECT contoso.com:443 HTTP/1.1\r\n\r\n',
    '\0\0\0\0\0\0\0\0',
  ])('is named: %j', async (text) => {
    expect(await failureOf(Buffer.from(text, 'latin1'))).toMatchObject({ code: 'tls-not-tls' });
  });
});

describe('a handshake that the endpoint refuses', () => {
  it.each([
    [40, 'handshake_failure'],
    [42, 'bad_certificate'],
    [48, 'unknown_ca'],
    [70, 'protocol_version'],
    [71, 'insufficient_security'],
    [80, 'internal_error'],
    [112, 'unrecognized_name'],
    [116, 'certificate_required'],
  ])('is told with its alert: %i, %s', async (description, name) => {
    const failure = await failureOf(fatalAlert(description));
    expect(failure).toMatchObject({ code: 'tls-protocol' });
    expect(failure?.detail).toContain(`the alert ${name}`);
  });

  it('is a protocol too old when it answers with TLS 1.0', async () => {
    const hello = Buffer.concat([
      Buffer.from([2, 0, 0, 38, 3, 1]),
      Buffer.alloc(32, 7),
      Buffer.from([0, 0, 47, 0]),
    ]);
    expect(await failureOf(record(22, ...hello))).toMatchObject({
      code: 'tls-protocol',
      detail: expect.stringMatching(/unsupported protocol/) as unknown,
    });
  });

  it('is closed when the other side says good-bye, or says nothing', async () => {
    expect(await failureOf(record(21, 1, 0))).toMatchObject({ code: 'tls-closed' });
    expect(await failureOf(Buffer.from([22]))).toMatchObject({ code: 'tls-closed' });
  });

  it('always has a name, whatever the bytes', async () => {
    const bytes = fc
      .tuple(
        fc.constantFrom([], [22, 3, 3], [21, 3, 3, 0, 2], [22, 3, 3, 0, 90, 2]),
        fc.uint8Array({ minLength: 1 }),
      )
      .map(([start, rest]) => Buffer.from([...start, ...rest]));
    const codes = ['tls-not-tls', 'tls-protocol', 'tls-closed', 'tls-timeout'];
    await fc.assert(
      fc.asyncProperty(bytes, async (says) => {
        expect(codes).toContain((await failureOf(says, 5000))?.code);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a handshake that is cut', () => {
  const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];
  const offsets = [1, 5, 6, 40, 130, 131, 140, 300, 600];

  async function cut(version: SecureVersion, how: Cut, probing: Omit<Probing, 'trust'> = {}) {
    const tls = { minVersion: version, maxVersion: version, requestCert: true, rejectUnauthorized: false };
    const server = await closing.add(startTlsEndpoint({ certificate, tls }));
    const relay = await closing.add(startCutRelay(server.port, how));
    return { relay, result: probePort(relay.port, { trust, ...probing }) };
  }

  it.each(versions.flatMap((version) => offsets.map((offset) => [version, offset] as const)))(
    'is closed when the other side resets or ends it: %s, after %i bytes',
    async (version, afterBytes) => {
      for (const then of ['resets', 'ends'] as const) {
        const { result } = await cut(version, { afterBytes, then });
        expect((await result).failure).toMatchObject({ code: 'tls-closed' });
      }
    },
  );

  it.each(versions.flatMap((version) => offsets.map((offset) => [version, offset] as const)))(
    'can be given up: %s, after %i bytes',
    async (version, afterBytes) => {
      const leaving = new AbortController();
      const cutOff = await cut(version, { afterBytes, then: 'hangs' }, { signal: leaving.signal });
      setTimeout(() => {
        leaving.abort(new Error('the caller has gone'));
      }, 60);
      await expect(cutOff.result).rejects.toThrow('the caller has gone');
      await untilNoneOpen(cutOff.relay);
    },
  );

  it.each(versions)('ends by itself when the time is up: %s', async (version) => {
    const { relay, result } = await cut(version, { afterBytes: 300, then: 'hangs' }, { timeoutMs: 1500 });
    expect((await result).failure).toMatchObject({ code: 'tls-timeout' });
    await untilNoneOpen(relay);
  });

  it.each(['resets', 'ends'] as const)(
    'is told with the client certificate that was asked for before, when the other side %s it',
    async (then) => {
      const { result } = await cut('TLSv1.2', { afterBytes: 'second flight', then });
      expect((await result).failure).toMatchObject({
        code: 'tls-closed',
        detail: expect.stringMatching(/had asked for a client certificate/) as unknown,
      });
    },
  );
});

async function untilNoneOpen(server: { open(): number }): Promise<void> {
  for (let i = 0; i < 100 && server.open() > 0; i += 1) await new Promise((go) => setTimeout(go, 10));
  expect(server.open()).toBe(0);
}
