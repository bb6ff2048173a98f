/** Verdicts about the endpoint’s answer, and about the check as a whole. */
import type { VerdictKind } from './verdictKind';

const HTTP_PATH =
  'Check that nothing between this machine and the endpoint answers in its place, and try again later.';

/** Verdicts about the endpoint’s answer, and about the check as a whole. */
export const HTTP_VERDICTS = [
  {
    code: 'http-captive-page',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer was a web page, not the ping’s',
    remedy: 'Exempt the sensor’s endpoints from the sign-in page or web filter on the way.',
  },
  {
    code: 'http-redirect',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer was a redirect, as a sign-in page gives it',
    remedy: 'Exempt the sensor’s endpoints from the sign-in page or web filter on the way.',
  },
  {
    code: 'http-forbidden',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer was a refusal (401, 402 or 403), which the sensor reports as a licence error',
    remedy:
      'Check that no filter on the way answers in the service’s place; where none does, check the workspace’s licence and the sensor’s registration.',
  },
  {
    code: 'http-unexpected-status',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer was neither 200 nor 503',
    remedy: HTTP_PATH,
  },
  {
    code: 'http-client-certificate-required',
    phase: 'request',
    outcome: 'unknown',
    summary: 'the endpoint demands a client certificate before it answers',
    remedy:
      'Only the sensor holds such a certificate, so that this check ends here. Look at the sensor’s own log.',
  },
  {
    code: 'http-malformed',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer was not HTTP',
    remedy: HTTP_PATH,
  },
  {
    code: 'http-closed',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the connection was closed before the answer came',
    remedy: HTTP_PATH,
  },
  {
    code: 'http-timeout',
    phase: 'request',
    outcome: 'unhealthy',
    summary: 'the answer did not come in time',
    remedy: `Try a longer timeoutMs. ${HTTP_PATH}`,
  },
  {
    code: 'clock-offset',
    phase: 'request',
    outcome: 'degraded',
    summary: 'this machine’s clock and the answer’s Date differ by more than five minutes',
    remedy: 'Set the clock (w32tm /resync): certificates and Kerberos depend on it.',
  },
  {
    code: 'slow',
    phase: 'request',
    outcome: 'degraded',
    summary: 'the check took longer than the caller’s limit for slow',
    remedy:
      'Look at the phase that took longest. A slow connect or CONNECT is the network’s or the proxy’s; a slow answer is the service’s.',
  },
] as const satisfies readonly VerdictKind[];
