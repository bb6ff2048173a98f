import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import path from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { readConfig } from '../../src/config';
import { type RunningServer, startServer } from '../../src/http/server';
import { systemClock } from '../../src/lib/clock';
import { type Authority, createAuthority, type KeyAndCertificate } from '../support/certificates';
import { memoryLogger } from '../support/memoryLogger';
import { temporaryFolder } from '../support/temporaryFolder';
import { openService, type Service } from './service';

/** An answer as it came. */
export interface TlsAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** The service behind TLS on loopback, with files that a test may replace. */
export interface TlsService {
  readonly service: Service;
  readonly server: RunningServer;
  readonly port: number;
  readonly authority: Authority;
  /** Lines of the server's own log. */
  readonly lines: readonly string[];
  readonly files: { readonly cert: string; readonly key: string };
  /** Replaces a file as a whole. */
  replace(file: string, text: string): Promise<void>;
  /** A request over a connection of its own, unless an agent is given. `authorization` is sent as it is. */
  call(path: string, options?: RequestOptions & { readonly body?: string }): Promise<TlsAnswer>;
  /** A connection whose handshake is done, trusting the authority. Rejects when the handshake fails. */
  connect(options?: ConnectionOptions): Promise<TLSSocket>;
  close(): Promise<void>;
}

/** Opens it, with a certificate for localhost of a new authority. `settings` are further environment variables. */
export async function openTlsService(
  settings: (authority: Authority, folder: string) => Promise<Record<string, string>> = () =>
    Promise.resolve({}),
): Promise<TlsService> {
  const folder = await temporaryFolder();
  const authority = await createAuthority('Server root');
  const files = { cert: path.join(folder.path, 'tls.crt'), key: path.join(folder.path, 'tls.key') };
  const replace = async (file: string, text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const own = await authority.issue({ hosts: ['localhost', '127.0.0.1'] });
  await replace(files.cert, own.cert);
  await replace(files.key, own.key);
  const environment = {
    SENSORPROXY_TLS_CERT: files.cert,
    SENSORPROXY_TLS_KEY: files.key,
    ...(await settings(authority, folder.path)),
  };
  // Failures are counted elsewhere: scopes.test.ts.
  const service = await openService(environment, (services) => ({
    ...services,
    failures: { note: () => null },
  }));
  const { tls } = readConfig(environment, 'linux');
  if (tls === null) throw new Error('the settings have no TLS');
  const logger = memoryLogger();
  const server = await startServer(service.app, {
    host: '127.0.0.1',
    port: 0,
    tls: { ...tls, logger, clock: systemClock, lookMs: 20 },
  });
  const { port } = server.address;
  const trusting = { host: '127.0.0.1', port, ca: authority.cert, servername: 'localhost' };
  return {
    service,
    server,
    port,
    authority,
    lines: logger.lines,
    files,
    replace,
    call: (location, options = {}) => send({ ...trusting, agent: new Agent(), path: location, ...options }),
    connect: async (options = {}) => {
      const socket = connect({ ...trusting, ...options });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    },
    close: async () => {
      await server.stop();
      await service.close();
      await folder.remove();
    },
  };
}

function send({ body, ...options }: RequestOptions & { readonly body?: string }): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: JSON.parse(text || '{}') as Record<string, unknown> });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Options of a call that shows a certificate. */
export function showing({ key, cert }: KeyAndCertificate): { readonly key: string; readonly cert: string } {
  return { key, cert };
}

/** Waits until something holds, for which there are 5 s. */
export async function until(holds: () => boolean): Promise<void> {
  for (let left = 500; !holds(); left -= 1) {
    if (left === 0) throw new Error('it did not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
