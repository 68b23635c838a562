import type { Model } from '../core/model.ts';
import type { Json } from '../core/values.ts';
import { curls } from './curl.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import type { OpenApi, Operation } from './openapi.ts';
import type { SchemaRow } from './schema-rows.ts';
import { schemaTables } from './schema-rows.ts';

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The reference as one page, made from the OpenAPI document alone: no script, nothing from elsewhere. */
export function referencePage(api: OpenApi): string {
  const base = api.servers[0]?.url ?? '';
  const entries = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${api.info.title} API reference</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<nav aria-label="Contents">
<a class="brand" href="/">${api.info.title}</a>
<p class="faint">API reference, version ${api.info.version}</p>
<ul><li><a href="#start">First steps</a></li>${api['x-reelay-models'].map(
    (model) => html`<li><a href="#model-${model.id}">${model.displayName}</a></li>`,
  )}</ul>
${api.tags.map((tag) => html`<h2>${tag['x-displayName']}</h2><ul>${of(entries, tag.name).map(navItem)}</ul>`)}
<p><a href="/openapi.json">openapi.json</a></p>
</nav>
<main>
<h1>${api.info.title} API reference</h1>
<p class="lead">${api.info.description}</p>
${firstSteps(base)}
${api['x-reelay-models'].map(modelSection)}
${api.tags.map(
  (
    tag,
  ) => html`<section class="tag" id="tag-${tag.name}"><h2>${tag['x-displayName']}</h2><p>${tag.description}</p>
${of(entries, tag.name).map((entry) => operationSection(base, entry))}</section>`,
)}
</main>
</body>
</html>
`;
  return page.text;
}

function of(entries: readonly Entry[], tag: string): readonly Entry[] {
  return entries.filter(({ operation }) => operation.tags.includes(tag));
}

function navItem({ method, operation }: Entry): Html {
  return html`<li><a href="#${operation.operationId}"><span class="method ${method}">${method}</span> ${operation.summary}</a></li>`;
}

function firstSteps(base: string): Html {
  return html`<section id="start"><h2>First steps</h2>
<p>The base URL is <code>${base}</code>. Every request that needs a key carries it in the header
<code>Authorization: Bearer YOUR_API_KEY</code>. Bodies are JSON in UTF-8, at most 1 MiB, 32 levels deep, with at most
1,000 keys; lengths count characters (code points). Every answer carries <code>X-Request-Id</code>: name it when you ask about a request.</p>
<p>A key that begins with <code>rly_test_</code> is served by the built-in studio with play credits. The studio makes an
animatic, not a generated film, and says so. Test keys also obey magic words in the prompt that make a task fail or take its time.</p>
<p>Limits are told in <code>RateLimit-Policy</code>; a 429 says in <code>Retry-After</code> when to come back. Polls and new
tasks share one allowance. The paragraphs marked <strong>Ours</strong> are this gateway's own additions, or its choices where the
vendors' documents are silent: do not expect them of the vendors.</p></section>`;
}

function modelSection(model: Model): Html {
  const usual = model.usual.map(
    ({ durationSeconds, minMs, maxMs }) =>
      html`<li>${durationSeconds}-second video: about ${minMs / 1_000}–${maxMs / 1_000} seconds</li>`,
  );
  return html`<section id="model-${model.id}"><h2>${model.displayName} <code>${model.id}</code></h2>
<p>${model.description} ${model.price} credits a film unless your price list says otherwise.</p>
<ul>${usual}${model.tips.map((tip) => html`<li>${tip}</li>`)}</ul></section>`;
}

function operationSection(base: string, entry: Entry): Html {
  const { operation, method, path } = entry;
  const [about = ''] = operation.description.split('\n\n');
  const ours = operation['x-reelay-ours'] ?? [];
  const scope = operation['x-reelay-scope'];
  const bodies = Object.values(operation.requestBody?.content ?? {});
  return html`<article id="${operation.operationId}">
<h3>${operation.summary}</h3>
<p class="route"><span class="method ${method}">${method}</span> <code>${path}</code>${
    scope === undefined ? '' : html` <span class="faint">needs ${scope}</span>`
  }</p>
<p>${about}</p>
${ours.length > 0 ? html`<aside><strong>Ours</strong><ul>${ours.map((line) => html`<li>${line}</li>`)}</ul></aside>` : ''}
${parameterTable(operation)}
${bodies.map((body) => html`<h4>Body</h4>${schemaHtml(body.schema, true)}`)}
${examples(base, entry)}
<h4>Answers</h4>
${Object.entries(operation.responses).map(([status, response]) => responseHtml(status, response))}
</article>`;
}

function parameterTable({ parameters }: Operation): Html | '' {
  if (parameters.length === 0) return '';
  const rows = parameters.map((parameter) => {
    const schema = { type: 'object', properties: { [parameter.name]: parameter.schema } };
    const [row] = schemaTables(schema)[0]?.rows ?? [];
    const description = [`In the ${parameter.in}.`, parameter.description].join(' ').trim();
    return {
      name: parameter.name,
      type: row?.type ?? '',
      rules: row?.rules ?? [],
      required: parameter.required,
      description,
    };
  });
  return html`<h4>Parameters</h4>${table(rows, true)}`;
}

function schemaHtml(schema: Json, isAsked = false): readonly Html[] {
  return schemaTables(schema).map(
    ({ title, rows }) => html`${title ? html`<p class="faint">${title}</p>` : ''}${table(rows, isAsked)}`,
  );
}

function table(rows: readonly SchemaRow[], isAsked: boolean): Html {
  return html`<div class="wide"><table><thead><tr><th>Field</th><th>Type</th><th>About</th></tr></thead><tbody>${rows.map(
    (
      row,
    ) => html`<tr><td><code>${row.name}</code>${isAsked && row.required ? html` <span class="must">required</span>` : ''}</td>
<td>${row.type}</td><td>${row.description}${row.rules.map((rule) => html` <span class="rule">${rule}</span>`)}</td></tr>`,
  )}</tbody></table></div>`;
}

function responseHtml(status: string, response: Operation['responses'][string]): Html {
  const contents = Object.values(response.content).map(({ schema, examples = {} }) => [
    ...schemaHtml(schema),
    ...Object.values(examples).map(
      ({ value }) => html`<pre><code>${JSON.stringify(value, null, 2)}</code></pre>`,
    ),
  ]);
  const kind = status.startsWith('2') ? 'well' : 'ill';
  return html`<details${status === '200' ? ' open' : ''}><summary><span class="status ${kind}">${status}</span> ${response.description}</summary>${contents}</details>`;
}

function examples(base: string, { method, path, operation }: Entry): readonly Html[] {
  return curls(base, method, path, operation).map(
    ({ name, command }) => html`<h4>Example${name ? `: ${name}` : ''}</h4><pre><code>${command}</code></pre>`,
  );
}
