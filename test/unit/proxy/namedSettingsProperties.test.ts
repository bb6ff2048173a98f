import fc from 'fast-check';
import { DomainError } from '../../../src/lib/errors';
import type { PutSettingsRequest } from '../../../src/proxy/model';
import { checkNamedSettings } from '../../../src/proxy/namedSettings';
import { interpretValue, toProxySettings } from '../../../src/proxy/settingsValue';
import { RegistryType } from '../../../src/registry/registry';
import {
  decodeConnectionSettings,
  editConnectionSettings,
  encodeConnectionSettings,
} from '../../../src/wininet/connectionSettings';
import { anyText, SEED } from '../../support/damage';
import { settingsBytes } from '../../support/settingsBytes';

const piece = fc.constantFrom(
  ...[
    'proxy.contoso.com',
    '10.1.2.3',
    '[2001:db8::1]',
    'a',
    '*',
    '.',
    '<local>',
    '<-loopback>',
    'xn--bcher-kva.de',
  ],
  ...[
    ':',
    '8080',
    ':80',
    '=',
    'http=',
    'https=',
    'socks=',
    'http://',
    'https://',
    '/',
    '/p.pac',
    '?q=1',
    '#x',
    '@',
  ],
  ...[';', ' ', ',', '"', '\t', '\0', 'ä', '\\', '%20'],
);
const text = fc.oneof(
  { arbitrary: fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')), weight: 6 },
  anyText(20),
);
const proxyServer = fc.oneof(
  fc.constantFrom(
    'proxy.contoso.com:8080',
    'http=a:80;https=b:443',
    'http=a:80 https=b',
    '[2001:db8::1]:3128',
  ),
  text,
);
const autoConfigUrl = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constantFrom('http://pac.contoso.com/p.pac', 'http://svc:secret@pac.contoso.com/', 'file:///c:/p.pac'),
  text,
);
const request: fc.Arbitrary<PutSettingsRequest> = fc.record(
  {
    proxyServer: fc.option(proxyServer),
    bypassList: fc.array(fc.oneof(fc.constantFrom('*.contoso.com', '<local>', '10.1.*'), text), {
      maxLength: 3,
    }),
    autoConfigUrl: fc.option(autoConfigUrl),
    autoDetect: fc.boolean(),
  },
  { requiredKeys: [] },
);
const current = fc.option(
  fc
    .record({
      flags: fc.nat(0xffff),
      counter: fc.constantFrom(0, 1, 0xffffffff),
      proxy: fc.string(),
      pac: fc.string(),
    })
    .map((fields) => {
      const decoded = decodeConnectionSettings(settingsBytes(fields));
      if (!decoded.ok) throw new Error(decoded.error.reason);
      return decoded.settings;
    }),
);

it('settings that are accepted are read from the value as they were named, and all others are refused by pointer', () => {
  let accepted = 0;
  fc.assert(
    fc.property(request, current, (named, before) => {
      let settings: ReturnType<typeof checkNamedSettings>;
      try {
        settings = checkNamedSettings(named);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        expect(error.code).toBe('settings-invalid');
        const { errors } = error.extensions as { readonly errors: readonly { readonly pointer: string }[] };
        expect(errors.length).toBeGreaterThan(0);
        for (const { pointer } of errors)
          expect(pointer).toMatch(/^\/(?:proxyServer|autoConfigUrl|bypassList(?:\/\d)?)$/);
        return;
      }
      accepted += 1;
      const data = encodeConnectionSettings(editConnectionSettings(before, settings));
      const read = toProxySettings(interpretValue({ type: RegistryType.binary, data }));
      expect(read).toMatchObject({
        flags: {
          direct: true,
          proxy: (named.proxyServer ?? null) !== null,
          autoConfigUrl: (named.autoConfigUrl ?? null) !== null,
          autoDetect: named.autoDetect ?? false,
        },
        proxyServer: named.proxyServer ?? null,
        bypassList: named.bypassList ?? [],
        autoConfigUrl: named.autoConfigUrl ?? null,
      });
      expect(`${read?.autoConfigUrl ?? ''}${read?.proxyServer ?? ''}`).not.toContain('svc:secret');
    }),
    { seed: SEED, numRuns: 800 },
  );
  expect(accepted).toBeGreaterThan(80);
});
