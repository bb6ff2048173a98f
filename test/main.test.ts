import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryFolder } from './support/temporaryFolder';

const ROOT = path.join(__dirname, '..');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const child of children.splice(0)) await killed(child);
  await folder.remove();
});

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The real program, in a process of its own. */
function start(settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, [path.join(ROOT, 'dist', 'main.js')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      SENSORPROXY_PORT: '0',
      SENSORPROXY_DATA_DIR: path.join(folder.path, 'data'),
      ...settings,
    },
  });
  children.push(child);
  const lines: { readonly message: string; readonly url?: string }[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const listening = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly url?: string };
      lines.push(entry);
      if (entry.message === 'listening' && entry.url) resolve(entry.url);
    });
  });
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal, stderr }));
  return {
    child,
    lines,
    ended,
    /** The address; fails when it ends instead. */
    url: () =>
      Promise.race([
        listening,
        ended.then(({ stderr: text }) => Promise.reject(new Error(`it did not start: ${text}`))),
      ]),
  };
}

describe('the program', () => {
  it('starts with no setting but a folder, answers, and stops with 0 at SIGTERM, leaving no lock', async () => {
    const service = start();
    const url = await service.url();
    expect(await (await fetch(`${url}/livez`)).json()).toEqual({ alive: true });
    const token = (await readFile(path.join(folder.path, 'data', 'admin.token'), 'utf8')).trim();
    const contexts = await fetch(`${url}/proxy/contexts`, { headers: { authorization: `Bearer ${token}` } });
    expect(contexts.status).toBe(200);
    expect(JSON.stringify(service.lines)).not.toContain(token);
    service.child.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
    await expect(readFile(path.join(folder.path, 'data', 'service.lock'))).rejects.toThrow();
  });

  it('starts again after kill -9, with the same token and the journal', async () => {
    const first = start();
    const url = await first.url();
    const token = (await readFile(path.join(folder.path, 'data', 'admin.token'), 'utf8')).trim();
    const authorization = `Bearer ${token}`;
    const copied = await fetch(`${url}/proxy/copy`, { method: 'POST', headers: { authorization } });
    const { changeId } = (await copied.json()) as { readonly changeId: string };
    await killed(first.child);
    const second = start();
    const again = await second.url();
    const change = await fetch(`${again}/changes/${changeId}`, { headers: { authorization } });
    expect(await change.json()).toMatchObject({ id: changeId, outcome: 'applied' });
    const contexts = await fetch(`${again}/proxy/contexts`, { headers: { authorization } });
    expect(await contexts.json()).toMatchObject({ inSync: true });
  });

  it('cuts a request off that is not done 10 s after the signal, and still ends in order', async () => {
    // A proxy that accepts and says nothing keeps a health check in flight for longer than a stop may take.
    const silent = createServer();
    await listen(silent);
    const { port } = silent.address() as AddressInfo;
    const service = start({
      SENSORPROXY_RESOLVE: `proxy.contoso.com:8080:127.0.0.1`,
      SENSORPROXY_REGIONS: 'UK',
    });
    try {
      const url = await service.url();
      const token = (await readFile(path.join(folder.path, 'data', 'admin.token'), 'utf8')).trim();
      const authorization = `Bearer ${token}`;
      const proxyServer = `127.0.0.1:${port}`;
      await fetch(`${url}/proxy/contexts/LocalSystem`, {
        method: 'PUT',
        headers: { authorization, 'if-match': '*', 'content-type': 'application/json' },
        body: JSON.stringify({ proxyServer }),
      });
      const check = fetch(`${url}/endpoints/health?context=LocalSystem&timeoutMs=60000`, {
        headers: { authorization },
      });
      await once(silent, 'connection');
      const begin = performance.now();
      service.child.kill('SIGTERM');
      await expect(check).rejects.toThrow();
      expect(await service.ended).toMatchObject({ code: 0 });
      expect(performance.now() - begin).toBeLessThan(30_000);
    } finally {
      silent.close();
    }
  }, 40_000);
});

describe('the program goes on or ends in order', () => {
  it('when whoever reads its log has gone', async () => {
    const service = start();
    const url = await service.url();
    service.child.stdout.destroy();
    for (let request = 0; request < 20; request += 1)
      expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('when the signal comes twice', async () => {
    const service = start();
    await service.url();
    service.child.kill('SIGTERM');
    service.child.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('when the signal comes before it listens', async () => {
    const service = start();
    await once(service.child.stdout, 'data'); // the token was made; the port is not yet open
    service.child.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('at once, though a connection is open that has asked for nothing', async () => {
    const service = start();
    const url = new URL(await service.url());
    const silent = connect(Number(url.port), url.hostname);
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await fetch(`${url.origin}/livez`);
    const begin = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toMatchObject({ code: 0 });
    expect(performance.now() - begin).toBeLessThan(9_000);
    silent.destroy();
  });

  it('and removes drafts that a killed process has left', async () => {
    const data = path.join(folder.path, 'data');
    await mkdir(path.join(data, 'backups'), { recursive: true });
    const drafts = [
      'registry.reg.0123456789ab.tmp',
      'backups/20261124T061512345Z-9f86d081.reg.0123456789ab.tmp',
    ];
    for (const draft of drafts) await writeFile(path.join(data, draft), 'half');
    await start().url();
    for (const draft of drafts) await expect(readFile(path.join(data, draft))).rejects.toThrow('ENOENT');
  });
});

describe('the program refuses to start, with one line that says why', () => {
  async function refusal(settings: Record<string, string> = {}) {
    const { code, stderr } = await start(settings).ended;
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^sensorproxy: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    return { code, stderr };
  }

  it('when a setting is bad, with 78', async () => {
    const { code, stderr } = await refusal({ SENSORPROXY_PORT: 'x' });
    expect(code).toBe(78);
    expect(stderr).toContain('SENSORPROXY_PORT');
  });

  it('naming every bad setting at once', async () => {
    const { code, stderr } = await start({ SENSORPROXY_PORT: 'x', SENSORPROXY_CLOUD: 'y' }).ended;
    expect(code).toBe(78);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  it('when the port is in use', async () => {
    const other = createServer();
    await listen(other);
    try {
      const { port } = other.address() as AddressInfo;
      const { code, stderr } = await refusal({ SENSORPROXY_PORT: String(port) });
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
    } finally {
      other.close();
    }
  });

  it('when the data folder cannot be made', async () => {
    const file = path.join(folder.path, 'file');
    await writeFile(file, '');
    const { code, stderr } = await refusal({ SENSORPROXY_DATA_DIR: path.join(file, 'data') });
    expect(code).toBe(1);
    expect(stderr).toContain('the data folder cannot be written');
  });

  it('when the data folder is below a link that leads nowhere', async () => {
    await symlink(path.join(folder.path, 'nowhere'), path.join(folder.path, 'link'));
    const { code, stderr } = await refusal({ SENSORPROXY_DATA_DIR: path.join(folder.path, 'link', 'data') });
    expect(code).toBe(1);
    expect(stderr).toContain('the data folder cannot be written');
  });

  it('when another instance has the data folder, naming its process', async () => {
    const first = start();
    await first.url();
    const { code, stderr } = await refusal();
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${first.child.pid ?? 0}`);
  });

  it('when another instance has the registry file', async () => {
    const regfile = path.join(folder.path, 'data', 'registry.reg');
    const first = start();
    await first.url();
    const { stderr } = await refusal({
      SENSORPROXY_DATA_DIR: path.join(folder.path, 'other'),
      SENSORPROXY_REGISTRY: `regfile:${regfile}`,
    });
    expect(stderr).toContain(`${first.child.pid ?? 0}`);
  });

  it('when the registry file does not parse, naming line and reason, and leaves it as it is', async () => {
    const regfile = path.join(folder.path, 'broken.reg');
    const text = 'Windows Registry Editor Version 5.00\r\n\r\n[HKEY_USERS\\S-1-5-18]\r\n"x"=hex:0g\r\n';
    await writeFile(regfile, text);
    const { code, stderr } = await refusal({ SENSORPROXY_REGISTRY: `regfile:${regfile}` });
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 4/i);
    expect(await readFile(regfile, 'utf8')).toBe(text);
  });

  it('when the registry file is not there', async () => {
    const { code, stderr } = await refusal({
      SENSORPROXY_REGISTRY: `regfile:${path.join(folder.path, 'no.reg')}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('registry');
  });

  it('when the token file holds no token', async () => {
    await mkdir(path.join(folder.path, 'data'));
    await writeFile(path.join(folder.path, 'data', 'admin.token'), 'x');
    const { code, stderr } = await refusal();
    expect(code).toBe(1);
    expect(stderr).toContain('admin.token');
  });
});

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
