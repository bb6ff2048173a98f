import { isIP } from 'node:net';
import fc from 'fast-check';
import { parseEndpointsFile } from '../../../src/endpoints/endpointsFile';
import { parseResolveOverrides } from '../../../src/endpoints/resolveOverrides';
import { DomainError } from '../../../src/lib/errors';
import { anyText } from '../../support/damage';

const port = fc.integer({ min: 1, max: 65535 });
const bracketed = (address: string) => (isIP(address) === 6 ? `[${address}]` : address);

function attempt<T>(parse: () => T, code: string): T | null {
  try {
    return parse();
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).code).toBe(code);
    return null;
  }
}

describe('overrides of names', () => {
  const text = fc.oneof(
    anyText(),
    fc.string({ unit: fc.constantFrom(...Array.from('ab1.:-_[],@/% \r\n\0é')), maxLength: 40 }),
  );

  it('come back as they were stated', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((one) => isIP(one) === 6),
    );
    const overrides = fc.array(fc.record({ host: fc.domain(), port, address }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(overrides, (list) => {
        const stated = list.map((one) => `${one.host}:${one.port}:${bracketed(one.address)}`).join(',');
        expect(parseResolveOverrides(stated)).toEqual(
          list.map((one) => ({ ...one, host: one.host.toLowerCase() })),
        );
      }),
    );
  });

  it('are read or refused, and what is read is a name, a port and an address', () => {
    fc.assert(
      fc.property(text, (given) => {
        for (const { host, port: at, address } of attempt(
          () => parseResolveOverrides(given),
          'resolve-malformed',
        ) ?? []) {
          expect(host).not.toMatch(/[^\x21-\x7e]|[/@[\]%]/);
          expect(at).toBeGreaterThan(0);
          expect(isIP(address)).not.toBe(0);
        }
      }),
    );
  });
});

describe('a file of endpoints', () => {
  it('comes back as it was written, with its defaults', () => {
    const endpoint = fc.record({ host: fc.domain(), port, region: fc.constantFrom('Europe', 'UK 2') });
    const endpoints = fc.uniqueArray(endpoint, {
      minLength: 1,
      selector: (one) => `${one.host.toLowerCase()}:${one.port}`,
    });
    fc.assert(
      fc.property(endpoints, (list) => {
        expect(parseEndpointsFile(JSON.stringify(list))).toEqual(
          list.map((one) => ({ ...one, host: one.host.toLowerCase(), path: '/tri/sensor/api/ping' })),
        );
      }),
    );
  });

  it('is read or refused, and what is read can go into a request line', () => {
    const field = fc.oneof(anyText(), fc.integer(), fc.constantFrom('/a', '/a b', '/\r\nX: y', 'a.b', 443));
    const entry = fc.dictionary(fc.constantFrom('host', 'port', 'region', 'path', '__proto__', 'x'), field);
    const file = fc.oneof(
      fc.json(),
      fc.array(entry, { maxLength: 3 }).map((list) => JSON.stringify(list)),
    );
    fc.assert(
      fc.property(file, (text) => {
        for (const { host, path } of attempt(() => parseEndpointsFile(text), 'endpoints-file-malformed') ??
          []) {
          expect(`${host}${path}`).not.toMatch(/[^\x21-\x7e]/);
        }
      }),
    );
  });
});
