import { createRouter, needsPac, type Route, type ScriptOutcome } from '../../../src/wininet/route';
import { answer, settingsOf, targetOf } from './routeCases';

const target = targetOf('https://contososensorapi.atp.azure.com:443');
const pacUrl = 'http://user:hunter2@pac.contoso.com/proxy.pac';
const { inForce } = settingsOf({ flags: 15, proxy: 'p:8080', pac: pacUrl });
const gone: ScriptOutcome = { kind: 'unavailable', reason: 'pac-unreachable', seen: 'nothing answers' };
const failed: ScriptOutcome = { kind: 'failed', reason: 'pac-threw', seen: 'it threw TypeError' };
const known = (route: Route) => {
  if (route.kind !== 'known') throw new Error(`unknown: ${route.because}`);
  return route;
};

describe('the route of an account', () => {
  it('is told whole: what decided, the hops, the entry, and what speaks against it', () => {
    const choose = createRouter(settingsOf({ flags: 2, proxy: 'https=proxy.contoso.com:8080' }));
    expect(choose(target)).toEqual({
      kind: 'known',
      via: 'proxy',
      hops: [{ kind: 'proxy', protocol: 'http', host: 'proxy.contoso.com', port: 8080 }],
      because: 'static proxy, entry https=proxy.contoso.com:8080',
      doubts: [{ reason: 'no-direct-flag', seen: null }],
    });
  });

  it('holds IPv6 hosts without brackets', () => {
    const choose = createRouter(settingsOf({ flags: 3, proxy: '[2001:db8::1]:8080' }));
    expect(known(choose(target)).hops).toEqual([
      { kind: 'proxy', protocol: 'http', host: '2001:db8::1', port: 8080 },
    ]);
  });

  it.each([gone, failed])('tells a doubt by its reason and what was seen: %j', (outcome) => {
    const choose = createRouter(settingsOf({ flags: 5, pac: pacUrl }));
    const { doubts } = known(choose(target, { autoDetect: null, pac: outcome }));
    expect(doubts).toEqual([
      'reason' in outcome ? { reason: outcome.reason, seen: outcome.seen } : undefined,
    ]);
  });

  it('says what is wrong with a PAC file’s answer', () => {
    const choose = createRouter(settingsOf({ flags: 5, pac: pacUrl }));
    const seen = (text: string) =>
      known(choose(target, { autoDetect: null, pac: answer(text) })).doubts.map((doubt) => doubt.seen);
    expect(seen('PROXY a:x; QUIC b; DIRECT')).toEqual([
      'entry 1 has a port that is no number from 1 to 65535, entry 2 begins with no keyword that WinINET knows',
    ]);
    expect(seen('')).toEqual(['it is empty']);
  });

  it('says nothing of the PAC file’s URL, which may hold credentials', () => {
    const choose = createRouter(settingsOf({ flags: 15, pac: pacUrl, proxy: 'p' }));
    for (const outcome of [null, gone, failed, answer('DIRECT')]) {
      const route = choose(target, { autoDetect: null, pac: outcome });
      expect(JSON.stringify(route)).not.toContain('hunter2');
    }
  });

  it('is chosen for many targets by one router', () => {
    const choose = createRouter(settingsOf({ flags: 3, proxy: 'http=a:1;https=b:2', bypass: '*.local' }));
    const vias = ['http://x.com:80', 'https://x.com:443', 'https://x.local:443'].map(
      (text) => choose(targetOf(text)).because,
    );
    expect(vias).toEqual([
      'static proxy, entry http=a:1',
      'static proxy, entry https=b:2',
      'bypass list entry *.local',
    ]);
  });

  it('takes 64 KiB of either list in its stride', () => {
    const started = performance.now();
    for (const piece of ['a;', 'https=', 'https=a:80;', '@', '=', ':', '[', 'a.', 'socks://', '*.']) {
      const long = piece.repeat(65536 / piece.length);
      createRouter(settingsOf({ flags: 3, proxy: long, bypass: long }))(target);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the PAC file’s URL', () => {
  const notFound: ScriptOutcome = { kind: 'notFound', seen: 'no server' };

  it.each([
    ['auto-detect has not been asked', null, true],
    ['there is no WPAD server', notFound, true],
    ['the WPAD script cannot be had', gone, true],
    ['the WPAD script failed', failed, false],
    ['the WPAD script answered', answer('DIRECT'), false],
  ])('is looked at when %s: %j %s', (_when, outcome, looked) => {
    expect(needsPac(inForce, outcome)).toBe(looked);
  });

  it('is looked at when auto-detect is off, whatever came of it', () => {
    const alone = settingsOf({ flags: 5, pac: pacUrl }).inForce;
    expect(needsPac(alone, answer('DIRECT'))).toBe(true);
  });

  it('is not looked at when there is none in force', () => {
    expect(needsPac(null, null)).toBe(false);
    expect(needsPac(settingsOf({ flags: 9, pac: pacUrl }).inForce, notFound)).toBe(false);
    expect(needsPac(settingsOf({ flags: 5 }).inForce, null)).toBe(false);
  });
});
