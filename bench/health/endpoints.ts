/** All endpoints of the practice network: one TLS server, whose certificate fits each of their names. */
import type { KeyAndCertificate } from '../../test/support/certificates';
import { startTlsEndpoint } from '../../test/support/tlsEndpoint';
import { serveParent } from './child';

/** Where they are reached. */
export interface EndpointsReport {
  readonly port: number;
}

serveParent(async (settings) => {
  const { port } = await startTlsEndpoint({ certificate: settings as KeyAndCertificate });
  const report = (): EndpointsReport => ({ port });
  return report;
});
