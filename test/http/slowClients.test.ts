import { once } from 'node:events';
import { AUTHORITY, type Served, held, serve, until, untilClosed } from './clients';

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function listen(...parts: Parameters<typeof serve>): Promise<Served> {
  served = await serve(...parts);
  return served;
}

describe('slow clients', () => {
  const limits = {
    headersTimeout: 400,
    requestTimeout: 900,
    keepAliveTimeout: 300,
    connectionsCheckingInterval: 50,
    stalledMs: 800,
  };

  it('whose headers or body do not come are told 408 and cut off; those that say nothing are cut off', async () => {
    const { open, drippingBody } = await listen(limits);
    const [silent, headers, body, idle] = await Promise.all([
      untilClosed(open()),
      untilClosed(open(`GET /livez HTTP/1.1\r\n${AUTHORITY}\r\nX-Slow: `)),
      untilClosed(open(drippingBody())),
      untilClosed(open(`GET /livez HTTP/1.1\r\n${AUTHORITY}\r\n\r\n`)),
    ]);
    for (const { ms } of [silent, headers, body, idle]) expect(ms).toBeLessThan(9_000);
    expect(headers.text).toMatch(/^HTTP\/1\.1 408 .*"code":"request-timeout"/s);
    expect(body.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(idle.text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that drip a byte of the body now and then are cut off when their time is over', async () => {
    const { open, drippingBody } = await listen(limits);
    const socket = open(drippingBody());
    const dripping = setInterval(() => socket.write(' '), 40);
    const { ms } = await untilClosed(socket);
    clearInterval(dripping);
    expect(ms).toBeLessThan(9_000);
  });

  it('that do not read their answer are cut off, while work that takes longer goes on', async () => {
    const gate = held();
    const { ask, open } = await listen({ ...limits, keepAliveTimeout: 60_000 }, gate.endpoints);
    const slow = ask('/endpoints');
    await until(() => gate.arrived() === 1);
    const page = `GET /openapi.json HTTP/1.1\r\n${AUTHORITY}\r\n\r\n`;
    const socket = open(page.repeat(200));
    socket.pause();
    // A paused socket does not see the end: what it writes is refused then.
    const writing = setInterval(() => socket.write('x'), 50);
    await once(socket, 'error');
    clearInterval(writing);
    gate.release();
    expect((await slow).status).toBe(200);
  });
});

describe('connections', () => {
  it('beyond the bound have the one closed that was idle for longest; one that is worked on stays', async () => {
    const gate = held();
    const { ask, open, sockets, drippingBody } = await listen({ most: 3 }, gate.endpoints);
    const worked = ask('/endpoints');
    await until(() => gate.arrived() === 1);
    const first = open('GET / HTTP/1.1\r\nX: ');
    await once(first, 'connect');
    const second = open(drippingBody());
    await once(second, 'connect');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed: string[] = [];
    first.once('close', () => closed.push('first'));
    second.once('close', () => closed.push('second'));
    open();
    await until(() => closed.length === 1);
    expect(closed).toEqual(['first']);
    open(drippingBody());
    await until(() => [...sockets].length <= 3);
    gate.release();
    expect((await worked).status).toBe(200);
  });

  it.each<[string, (served: Served) => string]>([
    ['headers drip', () => `GET /proxy/contexts HTTP/1.1\r\n${AUTHORITY}\r\nX-Slow: `],
    ['bodies drip, with a valid token,', ({ drippingBody }) => drippingBody()],
  ])('a thousand whose %s do not stop a healthy caller', async (_name, textOf) => {
    const { ask, open, sockets } = await listen();
    const text = served === undefined ? '' : textOf(served);
    // As such clients do: what is closed is opened again, not all at once.
    const fill = (most: number) => {
      for (let count = 0; count < most && sockets.size < 1_000; count += 1) open(text);
    };
    for (let opened = 0; opened < 1_000; opened += 50) {
      fill(50);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const dripping = setInterval(() => {
      for (const socket of sockets) socket.write('a');
      fill(20);
    }, 500);
    try {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const started = performance.now();
      for (let count = 0; count < 20; count += 1) expect((await ask('/proxy/contexts')).status).toBe(200);
      expect((await ask('/proxy/copy', { method: 'POST' })).status).toBe(200);
      expect(performance.now() - started).toBeLessThan(15_000);
    } finally {
      clearInterval(dripping);
    }
  });
});
