/** TLS with the proxy itself, as the HTTPS keyword of a PAC file asks for; and whether a proxy expects it. */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { shownText } from '../../wininet/hostName';
import { reasonOf, tlsOptions } from './handshake';
import type { ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';

const LOOK_MS = 2000;

/** Shakes hands with the proxy. Throws `PhaseFailure` when that fails or its certificate does not hold. */
export async function secureProxy(run: ProbeRun, socket: Socket, host: string): Promise<TLSSocket> {
  const secured = await handshake(run, socket, host).catch((error: unknown) => {
    throw new PhaseFailure('proxy-tls-failed', shownText(reasonOf(error)));
  });
  if (secured.authorized) return secured;
  throw new PhaseFailure('proxy-tls-untrusted', shownText(String(secured.authorizationError)));
}

/** Whether what listens at the proxy's address speaks TLS: looked at once plain HTTP has got no answer. */
export async function speaksTls(run: ProbeRun, host: string, port: number): Promise<boolean> {
  const address = run.addresses[0];
  if (address === undefined) return false;
  const socket = run.own(run.network.connect(address, port));
  const timer = setTimeout(() => socket.destroy(), LOOK_MS);
  try {
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject).once('close', reject);
    });
    await opened;
    await handshake(run, socket, host);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function handshake(run: ProbeRun, socket: Socket, host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = run.own(connect(tlsOptions(run, socket, host)));
    secured.once('error', reject).once('close', () => {
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    // Not at once: to end the connection inside OpenSSL's callback crashes Node 20.
    secured.once('secureConnect', () => setImmediate(resolve, secured));
  });
}
