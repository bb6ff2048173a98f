import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PING_PATH } from '../../src/endpoints/catalogue';

const TIME_LIMIT_MS = 20_000;

/** What curl is to fetch. */
export interface CurlList {
  /** `address:port`. */
  readonly proxy: string;
  /** Each is fetched by a connection of its own. */
  readonly hosts: readonly string[];
  /** The file with the roots to trust. */
  readonly authorityFile: string;
}

/** How long curl took, in milliseconds. */
export interface CurlTimes {
  /** Of the process, its start included: what a script waits. */
  readonly wall: number;
  /** What curl itself says of its slowest transfer. */
  readonly slowest: number;
}

/** Whether there is a curl on this machine that fetches in parallel. */
export async function hasCurl(): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('curl', ['--help', 'all'], { timeout: TIME_LIMIT_MS });
    return stdout.includes('--parallel-immediate');
  } catch {
    return false;
  }
}

/** Fetches the ping of all hosts at once. Throws unless each answers 200. */
export async function curl({ proxy, hosts, authorityFile }: CurlList): Promise<CurlTimes> {
  const parameters = ['-q', '--silent', '--show-error', '--http1.1', '--cacert', authorityFile];
  parameters.push('--proxy', `http://${proxy}`, '--noproxy', '');
  parameters.push('--parallel', '--parallel-immediate', '--parallel-max', String(hosts.length));
  parameters.push('--write-out', '%{http_code} %{time_total}\n');
  for (const host of hosts) parameters.push('--output', '/dev/null', `https://${host}${PING_PATH}`);
  const begin = performance.now();
  const { stdout } = await promisify(execFile)('curl', parameters, { timeout: TIME_LIMIT_MS });
  const wall = performance.now() - begin;
  const transfers = [...stdout.matchAll(/^200 ([\d.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
  if (transfers.length !== hosts.length) throw new Error(`curl: ${stdout}`);
  return { wall, slowest: Math.max(...transfers) };
}
