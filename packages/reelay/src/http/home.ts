import type { FastifyInstance } from 'fastify';
import { PAGE_POLICY } from './docs.ts';
import type { Gateway } from './gateway.ts';
import { html } from './html.ts';

const LINKS = [
  ['/docs', 'API reference'],
  ['/openapi.json', 'OpenAPI document'],
  ['/healthz', 'Is it alive?'],
  ['/readyz', 'Can it serve?'],
] as const;

/** `/`: what this is and where to go on, as a page for people and as JSON for the rest. */
export function mountHome(app: FastifyInstance, { settings, context, surfaces }: Gateway): void {
  const facts = {
    name: 'Reelay',
    about: 'A self-hosted gateway for AI video generation',
    version: settings.version,
    models: context.models.map((model) => model.id),
    surfaces: surfaces.map((surface) => surface.name),
    links: LINKS.map(([path]) => path),
  };
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reelay</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body class="plain">
<h1>Reelay</h1>
<p class="lead">${facts.about}. It is running, version ${facts.version}.</p>
<ul>${LINKS.map(([path, words]) => html`<li><a href="${path}">${words}</a></li>`)}</ul>
<p class="faint">Models: ${facts.models.join(', ')}. Dialects: ${surfaces.map((surface) => surface.title).join(', ')}.</p>
</body>
</html>
`.text;
  app.get('/', (request, reply) => {
    reply.header('vary', 'Accept');
    if (!request.headers.accept?.includes('text/html')) return reply.send(facts);
    reply.header('content-security-policy', PAGE_POLICY);
    return reply.header('content-type', 'text/html; charset=utf-8').send(page);
  });
}
