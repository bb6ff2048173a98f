/** Real agents as a fleet has them: the built program, with a token for Prometheus or TLS with client certificates. */
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import path from 'node:path';
import { command, type Program, startProgram } from '../faults/program';
import type { Authority, KeyAndCertificate } from '../support/certificates';

const MONITORING = 'CN=prometheus, OU=Monitoring, O=Contoso';

/** Where an agent listens. */
export function urlOf(service: Program): URL {
  const line = service
    .log()
    .split('\n')
    .map((text) => JSON.parse(text) as { readonly message: string; readonly url?: string })
    .find(({ message }) => message === 'listening');
  if (line?.url === undefined) throw new Error('the agent does not listen');
  return new URL(line.url);
}

/** What an agent without TLS tells Prometheus. */
export async function scrape(service: Program, dataDir: string): Promise<string> {
  const token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  const response = await fetch(new URL('/metrics', urlOf(service)), {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return response.text();
}

/** A token with the scope `read`, made by the command that docs/alerts.md shows. */
export async function readToken(dataDir: string): Promise<string> {
  const { code, lines, stderr } = await command(dataDir, 'token', 'create', 'prometheus', '--scope', 'read');
  const [token] = lines;
  if (code !== 0 || token === undefined) throw new Error(`no token was made: ${stderr}`);
  return token;
}

/** An agent on TLS that lets the holder of Prometheus' client certificate read. */
export async function startTlsAgent(
  dataDir: string,
  { authority, env }: { readonly authority: Authority; readonly env: Readonly<Record<string, string>> },
) {
  const server = await authority.issue({ hosts: ['127.0.0.1'] });
  const client = await authority.issue({
    hosts: ['prometheus.contoso.com'],
    subject: MONITORING,
    usage: 'client',
  });
  const file = async (name: string, text: string) => {
    const where = path.join(path.dirname(dataDir), name);
    await writeFile(where, text);
    return where;
  };
  const service = await startProgram(dataDir, {
    env: {
      ...env,
      SENSORPROXY_TLS_CERT: await file('server.pem', server.cert),
      SENSORPROXY_TLS_KEY: await file('server.key', server.key),
      SENSORPROXY_TLS_CLIENT_CA: await file('client-ca.pem', authority.cert),
      SENSORPROXY_TLS_CLIENT_SCOPES: `${MONITORING.replaceAll(', ', ',')}=read`,
    },
  });
  return {
    service,
    client,
    get: (where: string) => getAs(client, new URL(where, urlOf(service)), authority.cert),
  };
}

function getAs(client: KeyAndCertificate, url: URL, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...client, ca, timeout: 20_000 }, (response) => {
      response.resume();
      response.once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer')));
    sent.end();
  });
}
