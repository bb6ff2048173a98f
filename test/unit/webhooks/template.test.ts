import fc from 'fast-check';
import type { ServiceEvent } from '../../../src/events/event';
import {
  TEMPLATE_DATA_FIELDS,
  TEMPLATE_FIELDS,
  TemplateRefused,
  checkTemplate,
  fillTemplate,
} from '../../../src/webhooks/presets/template';
import { MemoryFeed } from '../../support/memoryFeed';

const event: ServiceEvent = new MemoryFeed().record({ data: { changeId: 'c1', port: 443 } });
const fill = (template: object, of: ServiceEvent = event): unknown =>
  JSON.parse(fillTemplate(JSON.stringify(template), of, 'DC01'));

it('fields stand in texts, and a text that is one field becomes its value', () => {
  expect(
    fill({
      text: 'On {{machine}}: {{ summary }} ({{data.port}})',
      done: '{{resolved}}',
      port: '{{data.port}}',
      all: ['{{data}}', 1, null, true],
      nothing: '{{data.phase}}',
      none: 'x{{data.phase}}y',
    }),
  ).toEqual({
    text: `On DC01: ${event.summary} (443)`,
    done: false,
    port: 443,
    all: [{ changeId: 'c1', port: 443 }, 1, null, true],
    nothing: null,
    none: 'xy',
  });
});

it('each field that there is can be used', () => {
  const names = [...TEMPLATE_FIELDS, ...TEMPLATE_DATA_FIELDS.map((name) => `data.${name}`)];
  const template = JSON.stringify(names.map((name) => `{{${name}}}`));
  expect(() => {
    checkTemplate(template);
  }).not.toThrow();
  expect(fill({ action: '{{action}}', key: '{{key}}' })).toEqual({
    action: 'open',
    key: expect.stringMatching(/^sensorproxy-[0-9a-f]{32}$/),
  });
});

it('the key is the same for all events of a problem, and another for each event of none', () => {
  const key = (fields: Partial<ServiceEvent>) =>
    (fill({ key: '{{key}}' }, { ...event, ...fields }) as { key: string }).key;
  expect(key({ id: 'other', resolved: true })).toBe(key({}));
  expect(key({ problem: 'drift/LocalSystem' })).not.toBe(key({}));
  expect(key({ problem: null, id: 'a' })).not.toBe(key({ problem: null, id: 'b' }));
});

it.each([
  ['{"text": "{{sumary}}"}', 'There is no field sumary (at /text).'],
  ['{"a": [{"b": "x {{data.secret}}"}]}', 'There is no field data.secret (at /a/0/b).'],
  ['{"a": "{{constructor}}"}', 'There is no field constructor'],
  ['{"a": "{{data.__proto__}}"}', 'There is no field data.__proto__'],
  ['{"a": "{{}}"}', 'There is no field of that name'],
  ['{"a": "{{summary}"}', 'braces that are no placeholder'],
  ['{"a": "}} {{summary}}"}', 'braces that are no placeholder'],
  ['{"{{summary}}": 1}', 'The name of a member holds braces'],
  ['{"a": {{summary}}}', 'It is not JSON.'],
  ['plain text', 'It is not JSON.'],
  ['{"id": 12345678901234567890}', 'A number there would not arrive as it stands (at /id)'],
  ['[1e400]', 'A number there would not arrive as it stands (at /0)'],
  [`${'['.repeat(40)}${']'.repeat(40)}`, 'nested deeper'],
])('%s is refused: %s', (template, message) => {
  const check = () => {
    checkTemplate(template);
  };
  expect(check).toThrow(TemplateRefused);
  expect(check).toThrow(message);
});

it('with more than 100 placeholders is refused, since a small template would make a large body', () => {
  const check = (times: number) => () => {
    checkTemplate(JSON.stringify(['{{data}}'.repeat(times), '{{key}}']));
  };
  expect(check(99)).not.toThrow();
  expect(check(100)).toThrow(new TemplateRefused('It has more than 100 placeholders.'));
});

/** Halves of characters, which many receivers refuse, become U+FFFD. */
const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');

const hostileText = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom('"', '\\', '{{', '}}', '{{key}}', '$&', '\u2028', '\ud800', '\n', '\0'),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

it('no value breaks out of its place, whatever it holds', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (summary, detail) => {
      const hostile = { ...event, summary, data: { remedy: detail, code: '","evil":"' } };
      expect(fill({ a: '{{summary}}', b: 'x {{data.remedy}} y', c: '{{data.code}}' }, hostile)).toEqual({
        a: wellFormed(summary),
        b: wellFormed(`x ${detail} y`),
        c: '","evil":"',
      });
    }),
  );
});

it('what is no character becomes one that is, also deep in the data, and text that looks like it stays', () => {
  const hostile = { ...event, data: { changes: [{ '\ud800': '\\ud800 \udfff \u{1f600}' }] } };
  const text = fillTemplate('{"a": "{{data}}"}', hostile, 'DC01');
  expect(JSON.parse(text)).toEqual({ a: { changes: [{ '\ufffd': '\\ud800 \ufffd \u{1f600}' }] } });
});

it('a member of any name stays a member', () => {
  expect(fillTemplate('{"__proto__": {"a": "{{machine}}"}, "toString": 1}', event, 'DC01')).toBe(
    '{"__proto__":{"a":"DC01"},"toString":1}',
  );
});

it('a value that looks like a placeholder stays as it is', () => {
  expect(fill({ a: '{{summary}}', b: '> {{summary}}' }, { ...event, summary: '{{machine}} $& $1' })).toEqual({
    a: '{{machine}} $& $1',
    b: '> {{machine}} $& $1',
  });
});
