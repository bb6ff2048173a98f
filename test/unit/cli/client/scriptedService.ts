import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { listenOnLoopback } from '../../../support/scriptedServer';

/** Something that speaks HTTP in the service's place. */
export interface ScriptedService {
  readonly url: string;
  /** What it was asked, oldest first. */
  readonly asked: readonly Pick<IncomingMessage, 'method' | 'url' | 'headers'>[];
  close(): Promise<void>;
}

/** Answers everything as it is told to. */
export async function answering(listener: RequestListener): Promise<ScriptedService> {
  const asked: ScriptedService['asked'][number][] = [];
  const server = await listenOnLoopback(
    createServer((request, response) => {
      const { method, url, headers } = request;
      asked.push({ method, url, headers });
      listener(request, response);
    }),
  );
  return { url: `http://127.0.0.1:${server.port}`, asked, close: () => server.close() };
}

/** Answers everything with one body. */
export function saying(
  body: unknown,
  { type = 'application/json', status = 200 }: { readonly type?: string; readonly status?: number } = {},
): Promise<ScriptedService> {
  return answering((_request, response) => {
    response.writeHead(status, { 'Content-Type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}
