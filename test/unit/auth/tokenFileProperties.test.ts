import fc from 'fast-check';
import { SCOPES } from '../../../src/auth/scopes';
import { isTokenName, parseTokenFile, tokenHash } from '../../../src/auth/tokenFile';
import { DomainError } from '../../../src/lib/errors';

const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const record = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/).filter(isTokenName),
  sha256: fc.string().map(tokenHash),
  scope: fc.constantFrom(...SCOPES),
  createdAt: time,
  expiresAt: fc.option(time),
});
const records = fc.uniqueArray(record, { selector: ({ name }) => name.toLowerCase() });

/** Parses, or tells that the text was refused as it should be; anything else fails. */
function attempt(text: string) {
  try {
    return parseTokenFile(text);
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).code).toBe('token-file-malformed');
    return null;
  }
}

it('a file of tokens comes back as it was written', () => {
  fc.assert(
    fc.property(records, (list) => {
      expect(parseTokenFile(JSON.stringify(list))).toEqual(list);
    }),
  );
});

it('any text and any JSON is read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.array(fc.jsonValue()).map((list) => JSON.stringify(list)),
      ),
      (text) => {
        attempt(text);
      },
    ),
  );
});

it('a file with a field of another form gives no token at all', () => {
  const broken = fc
    .tuple(record, fc.constantFrom('name', 'sha256', 'scope', 'createdAt'), fc.jsonValue())
    .filter(([, , value]) => typeof value !== 'string')
    .map(([one, field, value]) => ({ ...one, [field]: value }));
  fc.assert(
    fc.property(records, broken, (list, one) => {
      expect(attempt(JSON.stringify([...list, one]))).toBeNull();
    }),
  );
});
