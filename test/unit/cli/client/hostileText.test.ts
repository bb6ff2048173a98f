import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cut, visible, visibleJson, widthOf } from '../../../../src/cli/client/text';
import { startServer } from '../../../../src/http/server';
import { practiceDomainController } from '../../../../src/registry/regfile/practiceDomainController';
import { openService } from '../../../http/service';
import { temporaryFolder } from '../../../support/temporaryFolder';
import { anyText } from '../../../support/damage';
import { answersWith } from './answers';
import { saying } from './scriptedService';
import { at, type } from './typing';

/** It sets the window's title, clears the screen, goes back on its line, turns the direction of writing, and has a C1 escape. */
const EVIL = 'a\x1b]0;owned\x07\x1b[2J\r\x08\u202eb\u009b31m\u2028c\x7f';
const SEEN = 'a\\x1b]0;owned\\x07\\x1b[2J\\x0d\\x08\\u202eb\\x9b31m\\u2028c\\x7f';

/** What a terminal acts on, besides the end of a line. */
// eslint-disable-next-line no-control-regex
const ACTIVE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

const { backup, change, context, contexts, hookChange, lines, outcome, problem, restart, sensor } =
  answersWith(EVIL);
const ndjson = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

describe('text of the service never reaches the terminal as it came', () => {
  it.each<[string, string, unknown, string?, number?]>([
    ['contexts', 'contexts', contexts],
    ['one account', 'contexts x', context],
    ['a copy', 'copy', outcome],
    ['a restore', 'restore x', outcome],
    ['backups', 'backups', { items: [backup], next: null }],
    ['one backup', 'backups x', backup],
    ['changes', 'changes', { items: [change], next: null }],
    ['changes of webhooks', 'changes', { items: [hookChange], next: null }],
    ['evidence', 'changes x', `# ${EVIL}\n`, 'text/markdown'],
    ['health', 'health', ndjson, 'application/x-ndjson'],
    [
      'a failed health check',
      'health',
      `${JSON.stringify({ type: 'problem', problem })}\n`,
      'application/x-ndjson',
    ],
    ['the sensor', 'sensor', sensor],
    ['a restart', 'sensor restart', restart],
    ['a refusal', 'contexts', problem, 'application/problem+json', 400],
    ['JSON', 'contexts --json', { ...contexts, [EVIL]: EVIL }],
    ['a refusal as JSON', 'contexts --json', problem, 'application/problem+json', 400],
  ])('%s', async (_name, line, body, mediaType = 'application/json', status = 200) => {
    const service = await saying(body, { type: mediaType, status });
    try {
      const { out, err } = await type(line.split(' '), at(service.url));
      expect(out + err).toContain(line.includes('json') ? 'owned' : SEEN.slice(0, 12));
      expect(out).not.toMatch(ACTIVE);
      expect(err).not.toMatch(ACTIVE);
      // No answer was taken for one of another form, of which nothing would be shown.
      expect(err).not.toContain('has not the form');
    } finally {
      await service.close();
    }
  });

  it('JSON still says the same', async () => {
    const body = { ...contexts, inSync: true, text: EVIL, [EVIL]: ['𝄞', '\ud800'] };
    const service = await saying(body);
    const { out } = await type(['contexts', '--json'], at(service.url));
    await service.close();
    expect(JSON.parse(out)).toEqual(body);
  });

  it('a proxy that a user has written to the registry is shown with its escapes as text', async () => {
    const folder = await temporaryFolder();
    const regfile = path.join(folder.path, 'evil.reg');
    await writeFile(regfile, practiceDomainController('\x1b[31mevil\x07:8080'));
    const service = await openService({ SENSORPROXY_REGISTRY: `regfile:${regfile}` });
    const server = await startServer(service.app, { host: '127.0.0.1', port: 0 });
    try {
      for (const args of [['contexts'], ['copy', '--dry-run'], ['contexts', '--json']]) {
        const { out } = await type(args, { ...at(server.url, service.token), terminal: false });
        expect(out).not.toMatch(ACTIVE);
        expect(out).toMatch(/\[31mevil/);
      }
      const { out } = await type(['contexts'], at(server.url, service.token));
      expect(out).toContain('\\x1b[31mevil\\x07:8080');
    } finally {
      await server.stop();
      await service.close();
      await folder.remove();
    }
  });

  it('nor does what was typed', async () => {
    const { code, err } = await type(['contexts', `--${EVIL}`]);
    expect([code, err]).toEqual([2, expect.not.stringMatching(ACTIVE)]);
    expect((await type(['contexts', 'x', EVIL])).err).not.toMatch(ACTIVE);
  });
});

describe('text for a terminal', () => {
  it('is any text with its invisible characters as escapes', () => {
    expect(visible(EVIL)).toBe(SEEN);
    expect(visible('CONTOSO\\jörg 東京 é')).toBe('CONTOSO\\jörg 東京 é');
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(visibleJson([text]).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(JSON.parse(visibleJson([text]))).toEqual([text]);
      }),
    );
  });

  it('is measured in columns, and cut in columns', () => {
    expect([widthOf('abc'), widthOf('東京'), widthOf('e\u0301'), widthOf('ｱ')]).toEqual([3, 4, 1, 1]);
    expect([cut('abcdef', 6), cut('abcdef', 4), cut('東京都', 4)]).toEqual(['abcdef', 'abc…', '東…']);
  });

  it('stands in columns also where characters are wide', async () => {
    const wide = {
      ...context,
      id: 'x',
      account: '東京\\花子',
      usedBy: [],
      sid: 'x',
      findings: [],
      settings: null,
    };
    const narrow = { ...wide, account: 'abcd\\efgh' };
    const service = await saying({ source: null, inSync: true, contexts: [wide, narrow], findings: [] });
    const { out } = await type(['contexts'], at(service.url));
    await service.close();
    const [, first = '', second = ''] = out.split('\n');
    expect(first.replace('東京\\花子', 'abcd\\efgh')).toBe(second);
  });
});
