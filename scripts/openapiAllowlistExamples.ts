import { type Allowlist, allowlistOf } from '../src/endpoints/allowlist/allowlist';
import { asCsv } from '../src/endpoints/allowlist/csv';
import { asPac } from '../src/endpoints/allowlist/pac';
import { asText } from '../src/endpoints/allowlist/text';
import type { Route } from '../src/wininet/route';

/** `GET /endpoints/allowlist` of a machine whose sensor is configured for a workspace. */
export const allowlistExample: Allowlist = allowlistOf([
  {
    host: 'contososensorapi.atp.azure.com',
    port: 443,
    path: '/tri/sensor/api/ping',
    region: 'sensor',
    origin: 'sensor',
  },
]);

const route: Route = {
  kind: 'known',
  via: 'proxy',
  hops: [{ kind: 'proxy', protocol: 'http', host: 'proxy.contoso.com', port: 8080 }],
  because: 'static proxy, entry proxy.contoso.com:8080',
  doubts: [],
};

/** The same in the other formats, by media type. */
export const allowlistTextExamples: Readonly<Record<string, string>> = {
  'text/plain': asText(allowlistExample.items),
  'text/csv': asCsv(allowlistExample.items),
  'application/x-ns-proxy-autoconfig': asPac(
    'LocalService',
    allowlistExample.items.map((item) => ({ item, route })),
  ),
};
