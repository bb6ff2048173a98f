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
  [`${'['.repeat(40)}${']'.repeat(40)}`, 'nested deeper'],
])('%s is refused: %s', (template, message) => {
  const check = () => {
    checkTemplate(template);
  };
  expect(check).toThrow(TemplateRefused);
  expect(check).toThrow(message);
});

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
        a: summary,
        b: `x ${detail} y`,
        c: '","evil":"',
      });
    }),
  );
});

it('a value that looks like a placeholder stays as it is', () => {
  expect(fill({ a: '{{summary}}', b: '> {{summary}}' }, { ...event, summary: '{{machine}} $& $1' })).toEqual({
    a: '{{machine}} $& $1',
    b: '> {{machine}} $& $1',
  });
});
