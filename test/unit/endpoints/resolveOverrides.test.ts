import { isIP } from 'node:net';
import { type Network, systemNetwork, withOverrides } from '../../../src/endpoints/probe/network';
import { parseResolveOverrides } from '../../../src/endpoints/resolveOverrides';
import { loopbackNetwork } from './checking';

describe('resolve overrides', () => {
  it('are read as curl takes them', () => {
    expect(
      parseResolveOverrides('A.contoso.com:443:127.0.0.1, b:8443:[::1],[2001:db8::1]:443:10.0.0.1'),
    ).toEqual([
      { host: 'a.contoso.com', port: 443, address: '127.0.0.1' },
      { host: 'b', port: 8443, address: '::1' },
      { host: '2001:db8::1', port: 443, address: '10.0.0.1' },
    ]);
  });

  it.each([
    ['', 'entry 1'],
    ['a:443', 'entry 1'],
    ['a:443:127.0.0.1,', 'entry 2'],
    ['a:443:::1', 'entry 1'],
    ['a:443:b', 'its address'],
    ['a:443:127.0.0.1:5', 'entry 1'],
    ['a:443:[127.0.0.1]', 'its address'],
    ['a:0:127.0.0.1', 'its port'],
    ['a:x:127.0.0.1', 'its port'],
    ['a b:443:127.0.0.1', 'its host'],
    ['a\r\nb:443:127.0.0.1', 'its host'],
    [':443:127.0.0.1', 'its host'],
    ['*:443:127.0.0.1', 'its host'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseResolveOverrides(text)).toThrow(
      expect.objectContaining({ code: 'resolve-malformed' }) as Error,
    );
    expect(() => parseResolveOverrides(text)).toThrow(reason);
  });

  it('leave the rest to the system’s resolver', async () => {
    const addresses = await withOverrides(systemNetwork, []).lookup('localhost', 443);
    expect(addresses.length).toBeGreaterThan(0);
    expect(addresses.every((address) => isIP(address) !== 0)).toBe(true);
  });

  it('answer for their host and port alone, and before the DNS', async () => {
    const network: Network = { ...loopbackNetwork, lookup: () => Promise.resolve(['192.0.2.1']) };
    const overridden = withOverrides(network, parseResolveOverrides('a:443:10.0.0.1,a:443:10.0.0.2'));
    expect(await overridden.lookup('A', 443)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(await overridden.lookup('a', 444)).toEqual(['192.0.2.1']);
    expect(await overridden.lookup('b', 443)).toEqual(['192.0.2.1']);
  });
});
