import fc from 'fast-check';
import { hostName } from '../../../src/wininet/hostName';
import {
  createRouter,
  type Route,
  type RouteSettings,
  type RouteTarget,
  type ScriptOutcome,
} from '../../../src/wininet/route';
import { anyText } from '../../support/damage';
import { answer, hopsText } from './routeCases';

const SECRET = 'hunter2';
/** Pieces that lead a parser astray, and text of any kind. */
const hostile = fc
  .array(
    fc.oneof(
      anyText(12),
      fc.constantFrom(
        ...['\r\n', '\0', '"', "'", ' ', ';', '@', '://', '=', ':', '[', ']', '/', '*', '.', '%', '\u202e'],
        ...[
          'PROXY ',
          'HTTPS ',
          'SOCKS ',
          'DIRECT',
          'https=',
          'socks=',
          'http://',
          'constructor://',
          '__proto__=',
        ],
        ...['<local>', '<-loopback>', 'p:8080', '[::1]:80', 'bücher.example', `u:${SECRET}@p:80`],
        ...[`http://u:${SECRET}@p/`, `;.u:${SECRET}@p;`],
      ),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/);
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
const target: fc.Arbitrary<RouteTarget> = fc.record({
  scheme: fc.constantFrom('http', 'https'),
  host: fc.oneof(name, fc.constantFrom('localhost', '127.0.0.1', '::1', '2001:db8::1', 'intranet')),
  port: fc.integer({ min: 1, max: 65535 }),
});
const text = fc.oneof(hostile, name);
const inForce = fc.record({
  direct: fc.boolean(),
  autoDetect: fc.boolean(),
  autoConfigUrl: fc.option(text),
  proxyServer: fc.option(text),
  bypassList: fc.option(text),
});
const settings: fc.Arbitrary<RouteSettings> = inForce.map((force) => ({
  scope: 'account',
  state: 'configured',
  inForce: force,
}));
const answered = text.map((said) => answer(said));
const unavailable: fc.Arbitrary<ScriptOutcome> = fc.constantFrom<ScriptOutcome>(
  { kind: 'notFound', seen: 'no server' },
  { kind: 'unavailable', reason: 'pac-unreachable', seen: 'nothing answers' },
  { kind: 'unavailable', reason: 'pac-not-a-script', seen: 'it does not parse' },
);
const failed: fc.Arbitrary<ScriptOutcome> = fc.constantFrom<ScriptOutcome>(
  { kind: 'failed', reason: 'pac-threw', seen: 'it threw TypeError' },
  { kind: 'failed', reason: 'pac-limit', seen: 'it took too long' },
);
const outcome = fc.option(fc.oneof(answered, unavailable, failed));

const withForce = (
  given: RouteSettings,
  change: Partial<NonNullable<RouteSettings['inForce']>>,
): RouteSettings => ({
  ...given,
  inForce: given.inForce && { ...given.inForce, ...change },
});
/** What a connection does: all of a route but the words. */
const way = (route: Route) => [
  route.kind,
  route.via,
  hopsText(route),
  route.kind === 'unknown' && route.reason,
];
const RUNS = { numRuns: 200 };

describe('any route at all', () => {
  it('is told without throwing, has a hop, and says nothing raw', () => {
    fc.assert(
      fc.property(settings, target, outcome, outcome, (given, to, autoDetect, pac) => {
        const route = createRouter(given)(to, { autoDetect, pac });
        expect(route.because).not.toBe('');
        expect(JSON.stringify(route)).not.toContain(SECRET);
        const doubts = route.kind === 'known' ? route.doubts : [];
        for (const words of [route.because, ...doubts.map(({ seen }) => seen ?? '')]) {
          expect(words).not.toMatch(/[\p{Cc}\p{Cf}"']/u);
        }
        if (route.kind === 'known') expect(route.hops.length).toBeGreaterThan(0);
      }),
      { numRuns: 600 },
    );
  });

  it('leads only to hosts and ports that are fit for a socket, in canonical form', () => {
    fc.assert(
      fc.property(settings, target, outcome, outcome, (given, to, autoDetect, pac) => {
        const route = createRouter(given)(to, { autoDetect, pac });
        for (const hop of route.kind === 'known' ? route.hops : []) {
          if (hop.kind === 'direct') continue;
          expect(hostName(hop.host)).toBe(hop.host);
          expect(hop.port).toBeGreaterThanOrEqual(1);
          expect(hop.port).toBeLessThanOrEqual(65535);
          expect(['http', 'https', 'socks']).toContain(hop.protocol);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('is the same for the machine’s settings as for an account’s, and names the policy', () => {
    fc.assert(
      fc.property(settings, target, outcome, outcome, (given, to, autoDetect, pac) => {
        const scripts = { autoDetect, pac };
        const account = createRouter(given)(to, scripts);
        const machine = createRouter({ ...given, scope: 'machine' })(to, scripts);
        expect(way(machine)).toEqual(way(account));
        expect(machine.because).toBe(`machine-wide settings (ProxySettingsPerUser is 0): ${account.because}`);
      }),
      RUNS,
    );
  });
});

describe('the order of the mechanisms', () => {
  it('lets neither the PAC file nor the static proxy matter when auto-detect answers or fails', () => {
    fc.assert(
      fc.property(
        settings,
        settings,
        target,
        fc.oneof(answered, failed),
        outcome,
        (a, b, to, autoDetect, pac) => {
          const routes = [a, b].map((given) =>
            createRouter(withForce(given, { autoDetect: true }))(to, { autoDetect, pac }),
          );
          expect(routes[0]).toEqual(routes[1]);
        },
      ),
      RUNS,
    );
  });

  it('gives the static proxy’s way when no script can be had', () => {
    fc.assert(
      fc.property(settings, target, unavailable, unavailable, (given, to, autoDetect, pac) => {
        const scripted = withForce(given, { autoDetect: true, autoConfigUrl: 'http://pac/' });
        const alone = withForce(given, { autoDetect: false, autoConfigUrl: null });
        const route = createRouter(scripted)(to, { autoDetect, pac });
        const expected = createRouter(alone)(to);
        expect(way(route)).toEqual(way(expected));
        expect(route.because.endsWith(`; ${expected.because}`)).toBe(true);
      }),
      RUNS,
    );
  });

  it('goes direct when a script fails, whatever else is set', () => {
    fc.assert(
      fc.property(settings, target, failed, (given, to, outcomeOfScript) => {
        const found = createRouter(withForce(given, { autoDetect: true }))(to, {
          autoDetect: outcomeOfScript,
          pac: null,
        });
        const configured = createRouter(
          withForce(given, { autoDetect: false, autoConfigUrl: 'http://pac/' }),
        )(to, { autoDetect: null, pac: outcomeOfScript });
        expect([hopsText(found), hopsText(configured)]).toEqual(['DIRECT', 'DIRECT']);
      }),
      RUNS,
    );
  });

  it('lets no bypass list touch what a script answers', () => {
    fc.assert(
      fc.property(settings, text, target, answered, (given, bypassList, to, pac) => {
        const scripted = withForce(given, { autoDetect: false, autoConfigUrl: 'http://pac/' });
        const route = (one: RouteSettings) => createRouter(one)(to, { autoDetect: null, pac });
        expect(route(withForce(scripted, { bypassList }))).toEqual(route(scripted));
      }),
      RUNS,
    );
  });
});

describe('the static proxy', () => {
  const chosen = (proxyServer: string, bypassList: string, to: RouteTarget) =>
    createRouter({
      scope: 'account',
      state: 'configured',
      inForce: { direct: true, autoDetect: false, autoConfigUrl: null, proxyServer, bypassList },
    })(to);
  const entries = fc.array(
    fc.oneof(
      name,
      name.map((one) => `*.${one}`),
      fc.constant('<local>'),
    ),
    { maxLength: 5 },
  );

  it('is passed by when the list names the host, wherever the entry stands', () => {
    fc.assert(
      fc.property(entries, entries, hostile, target, (before, after, proxyServer, to) => {
        const route = chosen(`${proxyServer};p`, [...before, to.host, ...after].join(';'), to);
        expect([route.via, hopsText(route)]).toEqual(['direct', 'DIRECT']);
      }),
      RUNS,
    );
  });

  it('is passed by no less for one more entry, unless that has a leading dot or is <-loopback>', () => {
    const more = fc.oneof(
      name,
      hostile.filter((one) => !/(?:^|[;\s/])\.|<-loopback>/iu.test(one)),
    );
    fc.assert(
      fc.property(entries, more, target, (list, entry, to) => {
        const before = chosen('p', list.join(';'), to);
        const after = chosen('p', [...list, entry].join(';'), to);
        if (before.via === 'direct') expect(after.via).toBe('direct');
      }),
      RUNS,
    );
  });

  it('does not depend on the case of either list', () => {
    fc.assert(
      fc.property(name, entries, target, (proxy, list, to) => {
        const lower = chosen(proxy, list.join(';'), to);
        const upper = chosen(proxy.toUpperCase(), list.join(';').toUpperCase(), to);
        expect(way(upper)).toEqual(way(lower));
      }),
      RUNS,
    );
  });
});
