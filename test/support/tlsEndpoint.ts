import { createServer, type TlsOptions } from 'node:tls';
import type { KeyAndCertificate } from './certificates';
import { listenOnLoopback, type LoopbackServer } from './scriptedServer';

const PING_PATH = '/tri/sensor/api/ping';

export interface TlsEndpointOptions {
  readonly certificate: KeyAndCertificate;
  /** Status of the ping's answer; 200 unless stated. */
  readonly status?: number;
  /** Bytes to say in place of an HTTP answer, then close. */
  readonly says?: string;
  /** Date field of the answer; none unless stated. */
  readonly date?: string;
  /** What happens once the request is read, in place of an answer. */
  readonly afterRequest?: 'closes' | 'hangs';
  /** Further options of the TLS server. */
  readonly tls?: TlsOptions;
}

/** A TLS server on loopback, with the requests' first lines that it has seen. */
export interface TlsEndpoint extends LoopbackServer {
  readonly requests: readonly string[];
}

/** Starts an endpoint that answers the ping as the cloud service does, or as it is told. */
export async function startTlsEndpoint(options: TlsEndpointOptions): Promise<TlsEndpoint> {
  const requests: string[] = [];
  const server = createServer({ ...options.certificate, ...options.tls }, (socket) => {
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      const [requestLine = ''] = text.split('\r\n');
      requests.push(requestLine);
      text = '';
      if (options.afterRequest === 'hangs') return;
      if (options.afterRequest === 'closes') socket.destroy();
      else socket.end(options.says ?? answer(requestLine, options));
    });
  });
  server.on('tlsClientError', () => undefined);
  return { ...(await listenOnLoopback(server)), requests };
}

function answer(requestLine: string, { status: pingStatus = 200, date }: TlsEndpointOptions): string {
  const status = requestLine === `GET ${PING_PATH} HTTP/1.1` ? pingStatus : 404;
  const body = status === 200 ? 'Ok' : '';
  return [
    `HTTP/1.1 ${status} Scripted`,
    ...(date === undefined ? [] : [`Date: ${date}`]),
    'Content-Type: text/plain',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
