import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { DIGICERT_GLOBAL_ROOT_CA } from '../../support/digicertRoot';
import { rootFindings, systemRootsOnWindows } from '../../../src/endpoints/rootFindings';

const G2 = 'DF3C24F9BFD666761B268073FE06D1CC8D4F82A4';
const CA = 'A8985D3A65E5E5C4B2D7D66D40C6DD2FB19C5436';
const COMMERCIAL = 'contososensorapi.atp.azure.com';
const GCC = 'contososensorapi.gcc.atp.azure.com';
const GCC_HIGH = 'contososensorapi.atp.azure.us';

/** Node's own roots and that one, as a machine's store, without those of these thumbprints. */
const storeWithout = (...thumbprints: readonly string[]) =>
  [...rootCertificates, DIGICERT_GLOBAL_ROOT_CA].filter(
    (pem) => !thumbprints.includes(new X509Certificate(pem).fingerprint.replaceAll(':', '')),
  );
const missing = (hosts: readonly string[], stored: readonly string[] | null) =>
  rootFindings(hosts, stored).map(({ detail }) => /thumbprint ([0-9A-F]{40})/.exec(detail)?.[1]);

describe('roots that the endpoints need', () => {
  it('are not asked for when the store cannot be read, or is not Windows’', () => {
    expect(rootFindings([COMMERCIAL, GCC_HIGH], null)).toEqual([]);
    expect(process.platform === 'win32' || systemRootsOnWindows() === null).toBe(true);
  });

  it('are found in a store that has them', () => {
    expect(rootFindings([COMMERCIAL, GCC, GCC_HIGH], storeWithout())).toEqual([]);
  });

  it('are missing from a store without them, each for its endpoints only', () => {
    expect(missing([COMMERCIAL], storeWithout(G2))).toEqual([G2]);
    expect(missing([GCC], storeWithout(G2, CA))).toEqual([G2]);
    expect(missing([GCC_HIGH], storeWithout(G2))).toEqual([]);
    expect(missing([GCC_HIGH], storeWithout(CA))).toEqual([CA]);
    expect(missing([COMMERCIAL, GCC, GCC_HIGH], storeWithout(G2, CA))).toEqual([G2, CA]);
  });

  it('are asked for by the name’s end, however it is written', () => {
    expect(missing(['CONTOSOsensorapi.ATP.Azure.com.'], [])).toEqual([G2]);
    expect(missing(['atp.azure.com.contoso.com', 'notatp.azure.com', '10.1.2.3'], [])).toEqual([]);
  });

  it('are told with their name and with what helps', () => {
    expect(rootFindings([COMMERCIAL], [])).toMatchObject([
      {
        code: 'root-missing',
        severity: 'warning',
        detail: expect.stringMatching(/DigiCert Global Root G2/) as unknown,
        remedy: expect.stringMatching(/ctldl\.windowsupdate\.com.*certutil -addstore root/) as unknown,
      },
    ]);
  });

  it('are looked for among what is no certificate, too', () => {
    expect(missing([COMMERCIAL], ['', 'nonsense', ...storeWithout()])).toEqual([]);
  });
});
