/** What an error of a connection means to whoever typed the command. */
import { systemCodeOf } from '../../lib/errors';
import { ClientFailure, unreachable } from './failure';

/** What is known of a request that failed. */
export interface RequestState {
  readonly connected: boolean;
  readonly timedOut: boolean;
  /** The service, as messages call it. */
  readonly name: string;
  readonly url: URL;
  readonly idempotencyKey?: string;
}

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);
const NOT_TLS = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** The error as a failure; one that is a failure already, or a fault of this program's, comes back as it is. */
export function connectionFailure(error: unknown, state: RequestState): unknown {
  if (error instanceof ClientFailure) return error;
  const code = systemCodeOf(error);
  if (code === undefined && !state.timedOut) return error;
  return unreachable(inWords(code ?? '', state), ...doubt(state));
}

function inWords(code: string, { timedOut, connected, name, url }: RequestState): string {
  const isTls = url.protocol === 'https:';
  if (timedOut && connected) return `${name} did not answer in time. Give it more with --timeout.`;
  if (timedOut) return `No connection to ${name} came about in time.`;
  if (UNTRUSTED.has(code))
    return `The certificate of ${name} is not trusted (${code}). Name its authority with --ca <pem file>.`;
  if (NOT_TLS.has(code))
    return `What listens at ${name} does not speak TLS as it should (${code}). Check --url.`;
  if (code.startsWith('HPE_'))
    return `What listens at ${name} does not speak HTTP as it should (${code}). Check --url.`;
  switch (code) {
    case 'ECONNREFUSED':
      return `Nothing listens at ${name}. Check that the service runs (sensorproxy service status), or name it with --url.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${url.hostname} cannot be looked up (${code}). Check --url.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate of ${name} is for other names. Use a name that it has in --url.`;
    case 'PIN_MISMATCH':
      return `What listens at ${name} shows another certificate than SENSORPROXY_TLS_CERT names: it is not the service, or has not read the file yet.`;
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${name} has expired. Replace it, or check this machine’s clock.`;
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return connected
        ? `${name} closed the connection before the answer was whole.${isTls ? '' : ' Where it speaks TLS, the URL begins with https.'}`
        : `${name} closed the connection at once.`;
    default:
      return `${name} cannot be reached (${code}).`;
  }
}

/** A change whose answer is lost may have been made. */
function doubt({ connected, idempotencyKey }: RequestState): readonly string[] {
  if (!connected || idempotencyKey === undefined) return [];
  return [
    `Whether it was done is not known. Type the same again with --idempotency-key ${idempotencyKey}: it is not done twice, and you get its answer.`,
  ];
}
