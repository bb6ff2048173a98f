import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { createClientCertificates, parseClientScopes } from '../../../src/auth/clientCertificates';
import { nameKey, parseName, parseSubject, tokensOf } from '../../../src/auth/distinguishedName';
import { SCOPES } from '../../../src/auth/scopes';
import type { Clock } from '../../../src/lib/clock';
import { createAuthority, daysFromNow } from '../../support/certificates';
import { anyText } from '../../support/damage';

type Name = readonly (readonly (readonly [string, string])[])[];

const HEX = 'ab12'.repeat(16);

/** The key of a name in text, or undefined for what is none. */
function keyOf(text: string): string | undefined {
  const tokens = tokensOf(text);
  const name = tokens && parseName(tokens);
  return name && nameKey(name);
}

/** Writes a value as RFC 4514 has it. */
function escaped(value: string): string {
  const characters = Array.from(value);
  return characters
    .map((character, index) => {
      const atAnEnd = index === 0 || index === characters.length - 1;
      if (/[,+"\\<>;=]/.test(character) || (atAnEnd && /[ #]/.test(character))) return `\\${character}`;
      return /\p{Cc}/u.test(character)
        ? [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
        : character;
    })
    .join('');
}

function written(name: Name, between = ','): string {
  return name.map((part) => part.map(([type, value]) => `${type}=${escaped(value)}`).join('+')).join(between);
}

const value = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => !/\p{Cs}/u.test(text) && !/^ +$/.test(text));
const hostileValue = fc.string({
  unit: fc.constantFrom(',', '+', '=', ';', '\\', '"', '#', ' ', '<', '\n', '\0', 'a', 'CN', 'read', 'é'),
  minLength: 1,
  maxLength: 8,
});
const names: fc.Arbitrary<Name> = fc.array(
  fc.array(fc.tuple(fc.constantFrom('CN', 'O', 'OU', 'DC', '2.5.4.5'), fc.oneof(value, hostileValue)), {
    minLength: 1,
    maxLength: 2,
  }),
  { minLength: 1, maxLength: 4 },
);

describe('the mapping of client certificates', () => {
  it('takes fingerprints and names, apart by semicolons, each with the scope behind the last equals sign', () => {
    expect(parseClientScopes(` sha256:${HEX}=operate ;; CN=ansible, O=Contoso=read; OU=a=b=admin;`)).toEqual([
      { key: `sha256:${HEX}`, scope: 'operate' },
      { key: `subject:${String(keyOf('CN=ansible,O=Contoso'))}`, scope: 'read' },
      { key: `subject:${String(keyOf('OU=a\\=b'))}`, scope: 'admin' },
    ]);
  });

  it('takes a fingerprint as OpenSSL shows it', () => {
    const shown = HEX.toUpperCase().match(/../g)?.join(':') ?? '';
    expect(parseClientScopes(`SHA256:${shown}=read`)[0]?.key).toBe(`sha256:${HEX}`);
  });

  it.each([
    ['nothing', ' ; ', /^it has no entry/],
    [
      'no scope',
      'CN=x=read; CN=ansible',
      /^entry 2 \(CN=ansible\) does not end in = and a scope \(read, operate, admin\)/,
    ],
    ['an unknown scope', 'CN=x=write', /^entry 1 \(CN=x=write\) does not end/],
    ['a scope in another case', 'CN=x=READ', /^entry 1/],
    ['an escaped equals sign before the scope', 'CN=x\\=read', /^entry 1/],
    ['a scope alone', '=read', /^entry 1 \(=read\) has neither/],
    ['a name without type', 'ansible=read', /^entry 1 \(ansible=read\) has neither/],
    ['a name that ends in a type', 'CN=x,O=read', /^entry 1/],
    ['an empty value', 'CN=,O=x=read', /^entry 1/],
    ['a name that ends in a comma', 'CN=x,=read', /^entry 1/],
    ['quotes', 'CN="a,b"=read', /^entry 1/],
    ['a value in hexadecimal', 'CN=#0401=read', /^entry 1/],
    ['a wildcard type', '*=x=read', /^entry 1/],
    ['a short fingerprint', `sha256:${HEX.slice(2)}=read`, /^entry 1 .* has no fingerprint/],
    ['a long fingerprint', `sha256:${HEX}ab=read`, /^entry 1 .* has no fingerprint/],
    ['another hash', `sha1:${HEX}=read`, /^entry 1/],
    ['a backslash that escapes nothing', 'CN=CONTOSO\\ansible=read', /^a backslash escapes nothing/],
    ['a backslash at the end', 'CN=x=read\\', /^a backslash escapes nothing/],
    ['bytes that are no UTF-8', 'CN=\\ff=read', /^entry 1/],
    ['the same name twice', 'CN=x,O=y=read; cn=x, o=y=admin', /^entry 2 \(cn=x, o=y=admin\) speaks of/],
    ['the same fingerprint twice', `sha256:${HEX}=read;sha256:${HEX.toUpperCase()}=read`, /^entry 2/],
  ])('refuses %s', (_what, text, reason) => {
    expect(() => parseClientScopes(text)).toThrow(reason);
  });

  it('reads back whatever names and scopes were written', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(names, { selector: nameKey, minLength: 1, maxLength: 4 }),
        fc.constantFrom(...SCOPES),
        fc.constantFrom(';', ' ; ', ';;'),
        (many, scope, between) => {
          const text = many.map((name) => `${written(name)}=${scope}`).join(between);
          expect(parseClientScopes(text)).toEqual(
            many.map((name) => ({ key: `subject:${nameKey(name)}`, scope })),
          );
        },
      ),
    );
  });

  it('takes no text by surprise: it is parsed, or refused with a sentence', () => {
    const pieces = fc.constantFrom(
      'CN=',
      'x',
      ',',
      ';',
      '=',
      '+',
      '\\',
      ' ',
      'read',
      'sha256:',
      HEX,
      '"',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (text) => {
          try {
            for (const { key } of parseClientScopes(text)) expect(key).toMatch(/^(?:sha256|subject):/);
          } catch (error) {
            expect(String(error)).toMatch(/^Error: [a-z].*\.$/s);
          }
        },
      ),
    );
  });
});

describe('two names', () => {
  it.each([
    ['CN=a,O=b', 'CN=a, O=b'],
    ['CN=a,O=b', ' cn = a ,o= b '],
    ['CN=a+OU=b', 'OU=b + CN=a'],
    ['CN=a\\,b', 'CN=a\\2Cb'],
    ['CN=é', 'CN=\\C3\\A9'],
    ['CN=a b', 'CN=a\\ b'],
  ])('%s and %s are one', (one, other) => {
    expect(keyOf(one)).toBeDefined();
    expect(keyOf(one)).toBe(keyOf(other));
  });

  it.each([
    ['CN=a,O=b', 'O=b,CN=a'],
    ['CN=a,O=b', 'CN=a\\,O\\=b'],
    ['CN=a,O=b', 'CN=a+O=b'],
    ['CN=a', 'CN=A'],
    ['CN=a', 'CN=a\\ '],
    ['CN=a b', 'CN=a  b'],
    ['CN=a', 'CN=a,O=b'],
    ['CN=é', 'CN=e\u0301'],
    ['CN=a', 'CN=a\\00'],
  ])('%s and %s are two', (one, other) => {
    expect(keyOf(one)).toBeDefined();
    expect(keyOf(other)).toBeDefined();
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('are one only if their parts are', () => {
    fc.assert(
      fc.property(names, names, fc.constantFrom(',', ', ', ' , '), (one, other, between) => {
        expect(keyOf(written(one, between))).toBe(nameKey(one));
        const same = nameKey(one) === nameKey(other);
        expect(keyOf(written(one)) === keyOf(written(other))).toBe(same);
      }),
    );
  });
});

describe('a certificate', () => {
  const clockAt = (date: Date): Clock => ({ now: () => date.toISOString(), monotonicMs: () => 0 });

  async function certificate(subject: string): Promise<X509Certificate> {
    const authority = await createAuthority('Clients');
    const { cert } = await authority.issue({ hosts: [], usage: 'client', subject, notAfter: daysFromNow(2) });
    return new X509Certificate(cert);
  }

  it.each([
    ['CN=ansible, OU=Ops\\, EU, O=Contoso', 'cert:ansible'],
    ['CN=a\\+b\\=c\\;d, O=Contoso', 'cert:a+b=c;d'],
    ['CN=Zoë Müller, DC=contoso, DC=com', 'cert:Zoë Müller'],
  ])('with the subject %s is found by it, and named after it', async (subject, name) => {
    const holderOf = createClientCertificates(parseClientScopes(`${subject}=read`), clockAt(daysFromNow(0)));
    expect(holderOf(await certificate(subject))).toEqual({ name, scope: 'read' });
    expect(holderOf(await certificate(`${subject}, C=DE`))).toBeUndefined();
  });

  it('goes by its fingerprint before its subject', async () => {
    const own = await certificate('CN=ansible');
    const mapping = parseClientScopes(`CN=ansible=admin; sha256:${own.fingerprint256}=read`);
    expect(createClientCertificates(mapping, clockAt(daysFromNow(0)))(own)?.scope).toBe('read');
  });

  it('stands for nobody once its time is over, also on a connection that goes on', async () => {
    let now = daysFromNow(0);
    const clock: Clock = { now: () => now.toISOString(), monotonicMs: () => 0 };
    const holderOf = createClientCertificates(parseClientScopes('CN=ansible=read'), clock);
    const own = await certificate('CN=ansible');
    expect(holderOf(own)).toBeDefined();
    now = daysFromNow(3);
    expect(holderOf(own)).toBeUndefined();
  });

  it('without a subject, or with one that is no name, has none', () => {
    expect([undefined, '', 'CN=\\ff', 'CN'].map(parseSubject)).toEqual(Array(4).fill(undefined));
  });
});
