import fc from 'fast-check';
import { hostOfAddress, parseAuthority } from '../../../src/lib/authority';
import { anyText } from '../../support/damage';

it.each([
  ['localhost', 'localhost', null],
  ['LocalHost.:80', 'localhost', 80],
  ['localhost:', 'localhost', null],
  ['127.0.0.1:65535', '127.0.0.1', 65535],
  ['[::1]:8484', '[::1]', 8484],
  ['[2001:0DB8:0:0::7]', '[2001:db8::7]', null],
  ['a_b.example', 'a_b.example', null],
])('%s is the host %s and the port %s', (text, host, port) => {
  expect(parseAuthority(text)).toEqual({ host, port });
});

it.each([
  '',
  '.',
  ':80',
  'a:b',
  'a:65536',
  'a b',
  'a/',
  'u@a',
  '%61',
  '[::1',
  '::1',
  '[127.0.0.1]',
  '[::1%25lo]',
  'é',
])('%j is none', (text) => {
  expect(parseAuthority(text)).toBeUndefined();
});

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['fe80::1%eth0', '[fe80::1]'],
  ['::1', '[::1]'],
  ['', undefined],
])('the address %s is the host %s', (address, host) => {
  expect(hostOfAddress(address)).toBe(host);
});

it('spells each host in one way, which it spells the same again', () => {
  const hosts = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]`),
  );
  fc.assert(
    fc.property(hosts, fc.option(fc.nat(65535)), (host, port) => {
      const text = port === null ? host : `${host}:${port}`;
      const parsed = parseAuthority(text);
      expect(parsed?.port).toBe(port);
      expect(parseAuthority(text.toUpperCase())).toEqual(parsed);
      expect(parseAuthority(parsed?.host ?? '')).toEqual({ host: parsed?.host, port: null });
    }),
  );
});

it('takes no text by surprise', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      expect(parseAuthority(text)?.host ?? 'x').toMatch(/^[a-z0-9._[\]:-]+$/);
    }),
  );
});
