import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, type Page, chromium } from 'playwright-core';
import { temporaryFolder } from '../support/temporaryFolder';

const ROOT = path.join(__dirname, '..', '..');
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

jest.setTimeout(120_000);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let child: ChildProcess;
let url: string;
let token: string;
let browser: Browser;

beforeAll(async () => {
  const built = path.join(ROOT, 'dist', 'main.js');
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: install Debian's package "chromium"`);
  if (!existsSync(built))
    throw new Error(`${built} is missing: run "npm run build", or the suite by "npm run test:lab"`);
  folder = await temporaryFolder();
  const dataDir = path.join(folder.path, 'data');
  child = spawn(process.execPath, [built], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, SENSORPROXY_PORT: '0', SENSORPROXY_DATA_DIR: dataDir },
  });
  url = await listening(child);
  token = (await readFile(path.join(dataDir, 'admin.token'), 'utf8')).trim();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});

afterAll(async () => {
  // Whatever the set-up reached is let go of, also when it failed half-way.
  await (browser as Browser | undefined)?.close();
  const service = child as ChildProcess | undefined;
  if (service?.exitCode === null && service.signalCode === null) {
    service.kill('SIGTERM');
    await once(service, 'exit');
  }
  await (folder as typeof folder | undefined)?.remove();
});

it('lets a person authorise and try out GET /proxy/contexts, all from this machine', async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const seen = watch(page);

  await page.goto(`${url}/docs`);
  await page.locator('.opblock').first().waitFor();
  expect(await page.locator('.info .title').innerText()).toContain('sensorproxy');

  await page.locator('.auth-wrapper button.authorize').first().click();
  await page.locator('.modal-ux input').fill(token);
  await page.locator('.modal-ux button.authorize').click();
  await page.locator('.modal-ux button.btn-done').click();

  const operation = page.locator('#operations-Proxy-listContexts');
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('button.try-out__btn').click();
  await operation.locator('button.execute').click();
  expect(await operation.locator('.request-url').innerText()).toContain(`${url}/proxy/contexts`);
  expect(await operation.locator('.request-url').innerText()).not.toContain('?');
  const answer = operation.locator('.live-responses-table .response');
  await answer.waitFor();
  expect(await answer.locator('.response-col_status').innerText()).toContain('200');
  expect(await answer.locator('.response-col_description').innerText()).toContain('LocalSystem');

  const picture = process.env.SENSORPROXY_SCREENSHOT;
  if (picture) {
    // From the address on: the command above it shows the token.
    await page.evaluate("document.querySelector('.request-url').scrollIntoView()");
    await page.screenshot({ path: picture });
  }

  expect(seen.requests.length).toBeGreaterThan(4);
  expect(
    seen.requests.filter((address) => !address.startsWith(`${url}/`) && !address.startsWith('data:')),
  ).toEqual([]);
  expect(seen.complaints).toEqual([]);
});

it('keeps to this service whatever its address asks for', async () => {
  const page = await browser.newPage();
  const seen = watch(page);
  await page.goto(`${url}/docs/?url=https://example.org/openapi.json`);
  await page.locator('.opblock').first().waitFor();
  expect(await page.locator('.info .title').innerText()).toContain('sensorproxy');
  expect(
    seen.requests.filter((address) => address.includes('example.org/') && !address.startsWith(url)),
  ).toEqual([]);
});

it('shows the page of a problem, with its style', async () => {
  const page = await browser.newPage();
  const seen = watch(page);
  await page.goto(`${url}/problems/etag-stale`);
  expect(await page.locator('h1').innerText()).toBe('The context has changed');
  // 44rem: the policy lets the page's own style sheet through.
  expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('704px');
  expect(seen.complaints.filter((line) => !line.includes('favicon'))).toEqual([]);
});

/** What a page asks for, and what the browser complains about: errors, refused loads, violated policies. */
function watch(page: Page): { readonly requests: string[]; readonly complaints: string[] } {
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(`${message.text()} (${message.location().url})`);
    }
  });
  return { requests, complaints };
}

/** The address in the log's `listening` line. */
function listening(service: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    service.once('exit', (code) => {
      reject(new Error(`the service ended with ${code ?? 'a signal'} before it listened`));
    });
    if (service.stdout === null) return;
    createInterface({ input: service.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
  });
}
