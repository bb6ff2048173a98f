import { hash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { HttpProblem } from './httpProblem';
import { problemDefinition, problemDefinitions, statusOf } from './problemDefinitions';
import type { ProblemDefinition } from './problemTable';

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}' +
  'code{background:#eee;padding:.1em .3em}dt{font-weight:bold;margin-top:1em}dd{margin:0}a{color:#05a}';

/** `/problems` and `/problems/<code>`: pages made from the table, or the same as JSON. They need no token. */
export function problemRoutes(router: Router): void {
  router.get('/problems', (request, response) => {
    answer(request, response, listPage, () => ({ items: problemDefinitions.map(asJson) }));
  });
  router.get('/problems/:code', (request, response) => {
    const problem = problemDefinition(request.params.code);
    if (problem === undefined)
      throw new HttpProblem('path-not-found', 'There is no such problem code. /problems lists them.');
    answer(
      request,
      response,
      () => problemPage(problem),
      () => asJson(problem),
    );
  });
}

function answer(request: Request, response: Response, page: () => string, json: () => object): void {
  response.setHeader('Vary', 'Accept');
  if (request.accepts(['html', 'json']) === 'json') {
    response.json(json());
    return;
  }
  const style = hash('sha256', STYLE, 'base64');
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; frame-ancestors 'none'`,
  );
  response.type('html').send(page());
}

function asJson(problem: ProblemDefinition) {
  const { code, title, meaning, remedy } = problem;
  return { type: `/problems/${code}`, code, status: statusOf(problem), title, meaning, remedy };
}

function listPage(): string {
  const rows = problemDefinitions.map(
    (problem) =>
      `<li><a href="/problems/${problem.code}"><code>${problem.code}</code></a> ${statusOf(problem)}: ${escapeHtml(problem.title)}</li>`,
  );
  return html(
    'Problems',
    `<p>Every error of this service is one of these.</p>\n<ul>\n${rows.join('\n')}\n</ul>`,
  );
}

function problemPage(problem: ProblemDefinition): string {
  return html(
    problem.title,
    `<dl>
<dt>Code</dt><dd><code>${problem.code}</code>, status ${statusOf(problem)}</dd>
<dt>Meaning</dt><dd>${escapeHtml(problem.meaning)}</dd>
<dt>What to do</dt><dd>${escapeHtml(problem.remedy)}</dd>
</dl>
<p><a href="/problems">All problems</a> · <a href="/docs">API</a></p>`,
  );
}

function html(title: string, body: string): string {
  const name = escapeHtml(title);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}: sensorproxy</title><style>${STYLE}</style></head>
<body>
<h1>${name}</h1>
${body}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
