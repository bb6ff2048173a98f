import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, readConfig } from '../../../src/config';
import { type Authority, createAuthority, type KeyAndCertificate } from '../../support/certificates';
import { temporaryFolder } from '../../support/temporaryFolder';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let authority: Authority;
let own: KeyAndCertificate;
let cert: string;
let key: string;
let ca: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  authority = await createAuthority('Root');
  own = await authority.issue({ hosts: ['dc01.contoso.com'] });
  [cert, key, ca] = await Promise.all([
    file('tls.crt', own.cert),
    file('tls.key', own.key),
    file('ca.pem', authority.cert),
  ]);
});
afterAll(() => folder.remove());

async function file(name: string, text: string): Promise<string> {
  const location = path.join(folder.path, name);
  await writeFile(location, text);
  return location;
}

function problems(settings: Record<string, string>): readonly string[] {
  try {
    readConfig(prefixed(settings), 'linux');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function prefixed(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, text]) => [`SENSORPROXY_${name}`, text]));
}

describe('the TLS settings', () => {
  it('lift the refusal of addresses beyond loopback', () => {
    const config = readConfig(prefixed({ HOST: '0.0.0.0', TLS_CERT: cert, TLS_KEY: key }), 'linux');
    expect(config).toMatchObject({
      plaintextBeyondLoopback: false,
      tls: {
        certFile: cert,
        keyFile: key,
        pair: { cert: own.cert, key: own.key },
        clientCa: null,
        clientScopes: [],
      },
    });
  });

  it('take the client certificates’ authority and mapping', () => {
    const settings = { TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: ca, TLS_CLIENT_SCOPES: 'CN=x=read' };
    expect(readConfig(prefixed(settings), 'linux').tls).toMatchObject({
      clientCa: authority.cert,
      clientScopes: [{ scope: 'read' }],
    });
  });

  it('need each other', () => {
    expect(problems({ TLS_CERT: cert })).toEqual([
      'SENSORPROXY_TLS_KEY: it is needed, since SENSORPROXY_TLS_CERT is set.',
    ]);
    expect(problems({ TLS_KEY: key, HOST: '0.0.0.0' })).toEqual([
      'SENSORPROXY_TLS_CERT: it is needed, since SENSORPROXY_TLS_KEY is set.',
    ]);
    const both = { TLS_CERT: cert, TLS_KEY: key };
    const needed = 'SENSORPROXY_TLS_CLIENT_SCOPES: it and SENSORPROXY_TLS_CLIENT_CA need each other.';
    expect(problems({ ...both, TLS_CLIENT_CA: ca })).toEqual([needed]);
    expect(problems({ ...both, TLS_CLIENT_SCOPES: 'CN=x=read' })).toEqual([needed]);
    expect(problems({ TLS_CLIENT_CA: ca, TLS_CLIENT_SCOPES: 'CN=x=read' })).toEqual([
      'SENSORPROXY_TLS_CLIENT_CA: it needs SENSORPROXY_TLS_CERT.',
    ]);
  });

  it('are refused all at once, by name', () => {
    const bad = { TLS_CERT: '/nowhere/x', TLS_KEY: cert, TLS_CLIENT_CA: key, TLS_CLIENT_SCOPES: 'CN=x' };
    expect(problems({ ...bad, HOST: '0.0.0.0' })).toEqual([
      'SENSORPROXY_TLS_CERT: the file cannot be read (ENOENT).',
      'SENSORPROXY_TLS_KEY: the file holds no PEM private key.',
      'SENSORPROXY_TLS_CLIENT_CA: the file holds no PEM certificate.',
      'SENSORPROXY_TLS_CLIENT_SCOPES: entry 1 (CN=x) does not end in = and a scope (read, operate, admin).',
    ]);
  });

  it('refuse a key of another certificate, and a chain with the server’s own certificate behind', async () => {
    const other = await authority.issue({ hosts: ['x'] });
    const otherKey = await file('other.key', other.key);
    const turned = await file('turned.crt', `${authority.cert}\n${own.cert}`);
    expect(problems({ TLS_CERT: cert, TLS_KEY: otherKey })).toEqual([
      'SENSORPROXY_TLS_KEY: the key does not belong to the certificate.',
    ]);
    expect(problems({ TLS_CERT: turned, TLS_KEY: key })[0]).toMatch(/the server’s own must come first\.$/);
  });

  it('refuse an encrypted key, in either form', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const text = privateKey.export({ type, format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' });
      const encrypted = await file('encrypted.key', text.toString());
      expect(problems({ TLS_CERT: cert, TLS_KEY: encrypted })[0]).toMatch(
        /^SENSORPROXY_TLS_KEY: the key is encrypted\./,
      );
    }
  });

  it('refuse broken PEM, and a key that OpenSSL finds too weak', async () => {
    const broken = await file('broken.key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    expect(problems({ TLS_CERT: cert, TLS_KEY: broken })).toEqual([
      'SENSORPROXY_TLS_KEY: the private key cannot be read.',
    ]);
    const weak = await authority.issue({ hosts: ['weak'], rsaBits: 512 });
    const [weakCert, weakKey] = [await file('weak.crt', weak.cert), await file('weak.key', weak.key)];
    expect(problems({ TLS_CERT: weakCert, TLS_KEY: weakKey })[0]).toMatch(
      /^SENSORPROXY_TLS_KEY: OpenSSL does not take the certificate with its key \(.*too small.*\)\.$/,
    );
  });

  it('take a certificate that has expired: the log warns of it', async () => {
    const old = await authority.issue({
      hosts: ['x'],
      notBefore: new Date(2020, 1),
      notAfter: new Date(2021, 1),
    });
    const files = { TLS_CERT: await file('old.crt', old.cert), TLS_KEY: await file('old.key', old.key) };
    expect(readConfig(prefixed(files), 'linux').tls?.pair.validTo).toMatch(/^2021-/);
  });
});

describe('the allowed hosts', () => {
  it('are names and addresses, in one spelling', () => {
    const text = 'DC01.contoso.com., 10.0.0.7,[2001:DB8::0:1] ,2001:db8::2';
    expect(readConfig(prefixed({ ALLOWED_HOSTS: text }), 'linux').allowedHosts).toEqual([
      'dc01.contoso.com',
      '10.0.0.7',
      '[2001:db8::1]',
      '[2001:db8::2]',
    ]);
  });

  it.each(['https://dc01', 'dc01:8484', 'dc01:', '*.contoso.com', 'dc01/x', '*', 'dc 01'])(
    'are not %s',
    (text) => {
      expect(problems({ ALLOWED_HOSTS: `ok, ${text}` })[0]).toMatch(
        /^SENSORPROXY_ALLOWED_HOSTS: each must be/,
      );
    },
  );
});
