/**
 * SOCKS version 4 ("SOCKS: A protocol for TCP proxy across firewalls", Ying-Da Lee), the version that WinINET speaks: the
 * client looks the name up itself and asks for an IPv4 address.
 */
import { isIPv4, type Socket } from 'node:net';
import { PhaseFailure } from './phaseFailure';

const VERSION = 4;
const CONNECT = 1;
const GRANTED = 90;
const REPLY_BYTES = 8;
const REFUSALS: Readonly<Record<number, string>> = {
  91: 'rejected or failed',
  92: 'it could not ask this machine’s identd',
  93: 'this machine’s identd named another user',
};

/** Asks the SOCKS proxy for a connection to one of the addresses. Throws `PhaseFailure`. */
export async function socksConnect(
  socket: Socket,
  addresses: readonly string[],
  port: number,
): Promise<void> {
  const address = addresses.find((one) => isIPv4(one));
  if (address === undefined) {
    throw new PhaseFailure(
      'proxy-socks-refused',
      'the endpoint has no IPv4 address, and version 4 knows no other',
    );
  }
  const request = Buffer.from([
    VERSION,
    CONNECT,
    port >> 8,
    port & 0xff,
    ...address.split('.').map(Number),
    0,
  ]);
  socket.write(request);
  const reply = await readReply(socket);
  const code = reply[1] ?? 0;
  if (reply[0] !== 0 || code < GRANTED || code > 93) {
    throw new PhaseFailure('proxy-not-socks', 'its answer is no reply of version 4');
  }
  if (code !== GRANTED) {
    throw new PhaseFailure('proxy-socks-refused', `it answered ${code}: ${REFUSALS[code] ?? 'refused'}`);
  }
}

/** The reply's eight bytes; a server that closes or says something else first is no SOCKS proxy. */
function readReply(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const finish = (): void => {
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
    };
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      if (seen[0] !== 0 || seen.length > REPLY_BYTES) {
        finish();
        reject(new PhaseFailure('proxy-not-socks', 'its answer is no reply of version 4'));
      } else if (seen.length === REPLY_BYTES) {
        finish();
        resolve(seen);
      }
    };
    const onEnd = (): void => {
      finish();
      reject(new PhaseFailure('proxy-not-socks', 'it closed the connection'));
    };
    socket.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', onEnd);
    if (socket.destroyed) onEnd();
  });
}
