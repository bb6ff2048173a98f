import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { offeredSchemes } from '../../../src/endpoints/probe/proxyConnect';
import { MAX_HEAD_BYTES, readResponseHead } from '../../../src/endpoints/probe/responseHead';

/** Reads a head from pieces, then the end of the stream. */
function read(...pieces: readonly (string | Buffer)[]) {
  const stream = new PassThrough();
  const reading = readResponseHead(stream);
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return reading;
}

const OK = 'HTTP/1.1 200 Connection established\r\nX-One: 1\r\nx-one:2\r\n\r\n';

describe('the head of a response', () => {
  it('is read from one piece, or byte by byte', async () => {
    for (const pieces of [[OK], OK.split('')]) {
      const { head, rest } = await read(...pieces);
      expect(head.status).toBe(200);
      expect(head.fields.get('x-one')).toEqual(['1', '2']);
      expect(rest).toHaveLength(0);
    }
  });

  it('may lack a reason and fields, and what follows it is kept apart', async () => {
    const { head, rest } = await read('HTTP/1.0 407\r\n\r\nbody');
    expect(head).toEqual({ status: 407, fields: new Map() });
    expect(rest.toString()).toBe('body');
  });

  it('is the final one: interim answers are passed over', async () => {
    const { head } = await read(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
      OK,
    );
    expect(head.status).toBe(200);
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['status 600', 'HTTP/1.1 600 OK\r\n\r\n'],
    ['a NUL in its first line', 'HTTP/1.1 200 O\0K\r\n\r\n'],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nfield\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nfield : x\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n'],
    ['a bare CR in a field', 'HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n'],
    ['more than 16 KiB', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`],
    ['16 KiB without an end', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(MAX_HEAD_BYTES)}`],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000)],
  ])('is malformed with %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ problem: 'malformed' });
  });

  it.each([0x14, 0x15, 0x16, 0x17])('is told from a TLS record of the type %i', async (type) => {
    const record = Buffer.from([type, 3, 1, 0, 2, 2, 0x46]);
    await expect(read(record)).rejects.toMatchObject({ problem: 'tls' });
  });

  it.each([[''], ['HTTP/1.'], ['HTTP/1.1 200 OK\r\nX: y\r\n']])(
    'is closed when it ends after %j',
    async (text) => {
      await expect(read(text)).rejects.toMatchObject({ problem: 'closed' });
    },
  );

  it('is closed when the connection has broken before', async () => {
    const stream = new PassThrough();
    stream.on('error', () => undefined);
    stream.destroy(new Error('reset'));
    await expect(readResponseHead(stream)).rejects.toMatchObject({
      problem: 'closed',
      cause: { message: 'reset' },
    });
  });

  it('is read or refused, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 })), fc.boolean(), async (chunks, http) => {
        const pieces = [
          ...(http ? ['HTTP/1.1 200 OK\r\n'] : []),
          ...chunks.map((chunk) => Buffer.from(chunk)),
        ];
        await read(...pieces).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'HeadError' });
        });
      }),
    );
  });
});

describe('the schemes that a proxy offers', () => {
  it.each([
    [['Basic realm="x"'], ['Basic']],
    [
      ['Negotiate', 'NTLM', 'Basic realm="a, b=c"'],
      ['Negotiate', 'NTLM', 'Basic'],
    ],
    [['Negotiate, NTLM, Basic realm="x", charset="UTF-8"'], ['Negotiate', 'NTLM', 'Basic']],
    [['Digest realm="x", nonce="y", qop=auth'], ['Digest']],
    [['Digest realm = "x", nonce = "y"'], ['Digest']],
    [['Basic realm="x"', 'Basic realm="y"'], ['Basic']],
    [['<script>', '"'], []],
    [[], []],
  ])('of %j are %j', (values, schemes) => {
    expect(offeredSchemes(values)).toEqual(schemes);
  });
});
