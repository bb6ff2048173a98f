import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { type SourceFile, parseSource } from './support/sourceFiles';

/**
 * The rules of `docs/architecture.md`, held against what the source imports and names. Each has its reason, which is what a
 * failure shows. To allow a new edge, change the rule here, and say why.
 */

const SOURCE = path.join(__dirname, '..', 'src');
const FEATURES = ['proxy', 'endpoints', 'sensor', 'journal', 'auth', 'webhooks'];
const BELOW_FEATURES = ['lib', 'wininet', 'registry'];
/** Who may call Windows itself: nobody else needs to know which system this is. */
const WINDOWS = ['windows'];

/** What each folder (or file) of `src` may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  wininet: ['lib'],
  windows: ['lib'],
  registry: ['lib', 'wininet', ...WINDOWS],
  ...Object.fromEntries(FEATURES.map((feature) => [feature, BELOW_FEATURES])),
  events: ['lib', 'journal'],
  monitor: ['lib', 'events'],
  webhooks: ['lib', 'wininet', 'events'],
  // What the service tells of itself: compose joins it to those who know.
  metrics: ['lib'],
  http: [...BELOW_FEATURES, ...FEATURES, 'events', 'metrics'],
  // Settings are checked by whoever knows their rules; config only gathers what is wrong.
  config: ['lib', 'endpoints', 'auth', 'proxy', 'monitor', 'webhooks'],
  // auth and journal: their files in the data folder, which the commands read and write.
  cli: ['lib', 'registry', 'config', 'auth', 'journal', ...WINDOWS, 'cli/client'],
  'cli/client': ['lib', 'config', 'cli', 'wininet', 'proxy', 'endpoints', 'sensor', 'http'],
  compose: [...BELOW_FEATURES, ...FEATURES, ...WINDOWS, 'events', 'monitor', 'http', 'metrics', 'config'],
  // '..': package.json, for the version.
  main: ['lib', 'http', 'config', 'compose', 'cli', 'cli/client', ...WINDOWS, '..'],
};

/** Functions of Node that compute and touch nothing. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer', 'isUtf8', 'isAscii'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
  'node:url': ['domainToASCII', 'domainToUnicode'],
};

function isPureImport(specifier: string, names: readonly string[] | null): boolean {
  return specifier.startsWith('.') || (names?.every((name) => PURE[specifier]?.includes(name)) ?? false);
}

/** Where a relative import leads, as a path in `src` without extension; null for a package. */
function target(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.(?:ts|js)$/, '');
}

function targetFolder(from: string, specifier: string): string {
  return folderOf(target(from, specifier) ?? from);
}

function folderOf(name: string): string {
  if (name.startsWith('cli/client/')) return 'cli/client';
  return name.split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

type Rule = (file: SourceFile) => readonly string[];

/** Only files below one of `places` may import these packages. */
function packagesOnlyIn(packages: RegExp, places: readonly string[], reason: string): Rule {
  return ({ name, imports }) =>
    places.some((place) => name.startsWith(place))
      ? []
      : imports
          .filter(({ specifier }) => packages.test(specifier))
          .map(({ specifier }) => `${name} imports ${specifier}: ${reason}`);
}

/** Only one of `files` may use these names. */
function namesOnlyIn(names: RegExp, files: readonly string[], reason: string): Rule {
  return ({ name, uses }) =>
    files.includes(name)
      ? []
      : uses.filter((use) => names.test(use)).map((use) => `${name} uses ${use}: ${reason}`);
}

const edges: Rule = ({ name, imports }) => {
  const folder = folderOf(name);
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined)
    return [`${name}: there is no rule for src/${folder}; add it to the layout and here`];
  return imports.flatMap(({ specifier }) => {
    const other = targetFolder(name, specifier);
    if (other === folder || allowed.includes(other)) return [];
    const why =
      FEATURES.includes(folder) && FEATURES.includes(other)
        ? 'features do not import each other: state what you need as a type of your own, and let compose join them'
        : `imports go one way, lib <- wininet, registry <- features <- http <- compose <- main, so that each can be read without what is above it`;
    return [`${name} imports ${specifier}: ${why}`];
  });
};

const RULES: Readonly<Record<string, Rule>> = {
  'imports go one way': edges,
  'the web framework stays in http': packagesOnlyIn(
    /^(?:express|swagger-ui-express|swagger-ui-dist|tsoa)$|^@tsoa\//,
    ['http/'],
    'the rest must serve without a web server',
  ),
  'node:http serves in http, and asks where it is said, only': packagesOnlyIn(
    /^(?:node:)?http[2s]?$/,
    ['http/', 'endpoints/pac/', 'cli/client/httpClient', 'webhooks/send'],
    'endpoints speak HTTP byte by byte, to time and name each phase; a proxy script is a file like any other, with redirects and a cache; the command line is a client of the service; whom webhooks are sent to is checked in one place',
  ),
  'clients share only types with the service': ({ name, imports }) =>
    folderOf(name) === 'cli/client'
      ? imports
          .filter(
            ({ specifier, typeOnly }) =>
              !typeOnly && !/^(?:lib|config|cli.*)$/.test(targetFolder(name, specifier)),
          )
          .map(({ specifier }) => `${name} imports ${specifier}: the service may be on another machine`)
      : [],
  'threads run proxy scripts only': packagesOnlyIn(
    /^(?:node:)?worker_threads$/,
    ['endpoints/pac/'],
    'a thread is for what may hang and has to be ended from outside',
  ),
  'native bindings stay in their driver': packagesOnlyIn(
    /^koffi$/,
    ['windows/systemLibrary'],
    'system DLLs are loaded in one way, from System32 by full path',
  ),
  'processes are started in the regedit driver only': packagesOnlyIn(
    /^(?:node:)?child_process$/,
    ['registry/regedit/'],
    'whatever starts a process has a time-out and a full path to write down',
  ),
  'wininet is pure': ({ name, imports }) =>
    folderOf(name) === 'wininet'
      ? imports
          .filter(({ specifier, names }) => !isPureImport(specifier, names))
          .map(
            ({ specifier }) =>
              `${name} imports ${specifier}: the format is pure, its bytes come in and go out`,
          )
      : [],
  'settings are read in one place': namesOnlyIn(
    /^process\.env$/,
    ['config.ts'],
    'config reports every bad setting at once',
  ),
  'the wall clock is read in one place': namesOnlyIn(
    /^(?:Date\.now|new Date\(\)|Date\(\)|performance\.now)$/,
    ['lib/clock.ts'],
    'tests hold the clock still',
  ),
  'the process is ended in one place': namesOnlyIn(
    /^process\.(?:exit|abort|exitCode)$/,
    ['main.ts'],
    'a stop finishes what is in flight and lets go of the locks',
  ),
  'only main writes to the terminal': namesOnlyIn(
    /^(?:console\.\w+|process\.(?:stdout|stderr))$/,
    ['main.ts'],
    'the log is the logger’s',
  ),
  'imports name modules, not files': ({ name, imports }) =>
    imports.some(({ specifier }) => specifier.startsWith('.') && specifier.endsWith('.js'))
      ? [`${name} imports a .js path: sources are imported without extension`]
      : [],
};

/** Circles among files, leaving out imports that vanish when types are stripped. */
function circles(files: readonly SourceFile[]): readonly string[] {
  const byName = new Map(files.map((file) => [file.name.replace(/\.ts$/, ''), file]));
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (name: string, trail: readonly string[]): void => {
    const start = trail.indexOf(name);
    if (start >= 0) {
      found.push(
        `${[...trail.slice(start), name].join(' -> ')}: in a circle, nothing can be read or loaded first`,
      );
      return;
    }
    if (done.has(name)) return;
    for (const { specifier, typeOnly } of byName.get(name)?.imports ?? []) {
      const to = typeOnly ? null : target(name, specifier);
      if (to !== null && byName.has(to)) walk(to, [...trail, name]);
    }
    done.add(name);
  };
  for (const name of byName.keys()) walk(name, []);
  return found;
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts') && !name.startsWith('http/generated/'))
  .map((name) => parseSource(name, readFileSync(path.join(SOURCE, name), 'utf8')));

describe('the source', () => {
  it('is found', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it.each(Object.entries(RULES))('keeps the rule: %s', (_name, rule) => {
    expect(files.flatMap(rule)).toEqual([]);
  });

  it('has no imports in a circle', () => {
    expect(circles(files)).toEqual([]);
  });
});

describe('the checker', () => {
  it.each<[string, string, string]>([
    ['imports go one way', 'lib/clock.ts', "import { x } from '../proxy/copy';"],
    ['imports go one way', 'proxy/copy.ts', "import type { x } from '../journal/journal';"],
    ['imports go one way', 'endpoints/health.ts', "export { x } from '../proxy/copy';"],
    ['imports go one way', 'registry/registry.ts', "const x = await import('../http/app');"],
    ['imports go one way', 'journal/journal.ts', "import '../compose';"],
    ['imports go one way', 'novelty/thing.ts', ''],
    ['the web framework stays in http', 'compose.ts', "import express from 'express';"],
    ['the web framework stays in http', 'proxy/model.ts', "import type { Route } from '@tsoa/runtime';"],
    [
      'node:http serves in http, and asks where it is said, only',
      'endpoints/probe.ts',
      "import { request } from 'node:http';",
    ],
    ['clients share only types with the service', 'cli/client/copy.ts', "import '../../proxy/copy';"],
    ['threads run proxy scripts only', 'proxy/copy.ts', "import { Worker } from 'node:worker_threads';"],
    ['native bindings stay in their driver', 'registry/openRegistry.ts', "const koffi = require('koffi');"],
    [
      'processes are started in the regedit driver only',
      'sensor/restart.ts',
      "import { spawn } from 'child_process';",
    ],
    ['wininet is pure', 'wininet/route.ts', "import { readFileSync } from 'node:fs';"],
    ['wininet is pure', 'wininet/hostName.ts', "import { isIP, connect } from 'node:net';"],
    ['settings are read in one place', 'http/server.ts', 'const port = process.env.PORT;'],
    ['settings are read in one place', 'http/server.ts', 'const { env } = process;'],
    ['the wall clock is read in one place', 'proxy/changes.ts', 'const at = new Date().toISOString();'],
    ['the wall clock is read in one place', 'proxy/changes.ts', 'const at = Date.now();'],
    ['the process is ended in one place', 'compose.ts', 'process.exit(1);'],
    ['only main writes to the terminal', 'lib/logger.ts', "console.log('x');"],
    ['imports name modules, not files', 'lib/mutex.ts', "import { x } from './clock.js';"],
  ])('sees when "%s" is broken in %s by: %s', (rule, name, text) => {
    const violations = RULES[rule]?.(parseSource(name, text)) ?? [];
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(/^\S+[ :].{20,}$/);
  });

  it.each<[string, string]>([
    ['http/app.ts', "import express from 'express'; import type { Change } from '../proxy/model';"],
    ['wininet/hostName.ts', "import { isIP } from 'node:net';"],
    ['cli/client/contexts.ts', "import type { ProxyContexts } from '../../proxy/model';"],
    ['config.ts', 'const settings = process.env;'],
    ['lib/clock.ts', 'export const now = () => new Date().toISOString();'],
    [
      'proxy/copy.ts',
      "const later = new Date('2026-11-24'); // process.exit in a comment, 'Date.now' in a text",
    ],
    ['main.ts', "import { compose } from './compose'; process.exit(0);"],
  ])('finds nothing wrong with %s: %s', (name, text) => {
    expect(Object.values(RULES).flatMap((rule) => rule(parseSource(name, text)))).toEqual([]);
  });

  it('sees a circle, and none where only types go round', () => {
    const circle = [
      parseSource('lib/a.ts', "import { b } from './b';"),
      parseSource('lib/b.ts', "import { c } from './c';"),
      parseSource('lib/c.ts', "import { a } from './a';"),
    ];
    expect(circles(circle)).toEqual([expect.stringMatching(/^lib\/a -> lib\/b -> lib\/c -> lib\/a: /)]);
    const types = [
      parseSource('lib/a.ts', "import type { b } from './b';"),
      parseSource('lib/b.ts', "import { a } from './a';"),
    ];
    expect(circles(types)).toEqual([]);
  });
});
