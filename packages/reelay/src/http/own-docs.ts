import type { RouteDocs } from '../core/ports/surface.ts';
import type { Json } from '../core/values.ts';
import type { DocumentedRoute, Tag } from './openapi.ts';

export const OWN_TAGS: readonly Tag[] = [
  {
    name: 'results',
    title: 'Results',
    description:
      'Finished films at signed links. A link is its own permission and lives as long as its file: 15 days after completion.',
  },
  { name: 'health', title: 'Health', description: 'For load balancers and Prometheus.' },
  { name: 'about', title: 'About', description: 'What this gateway is and how it is spoken to.' },
];

export const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    request_id: { type: 'string' },
    errors: { type: 'array', items: { type: 'object' } },
  },
};

const BYTES: Json = { type: 'string', format: 'binary' };
const LINK_QUERY: RouteDocs['query'] = Object.fromEntries(
  ['exp', 'kid', 'sig'].map((name) => [
    name,
    { schema: { type: 'string' }, required: true, description: 'Part of the signature' },
  ]),
);

/** The gateway's own routes beside the surfaces'. */
export const OWN_ROUTES: readonly DocumentedRoute[] = [
  open('GET', '/f/:id', {
    tag: 'results',
    summary: 'Fetch a result',
    description:
      'Answers the file, whole or one range of it (Range, If-Range), with a strong ETag. Add &download to have it saved instead of shown.',
    query: LINK_QUERY,
    responses: {
      200: { description: 'The whole file', schema: BYTES, mediaType: 'video/mp4' },
      206: { description: 'One range of it', schema: BYTES, mediaType: 'video/mp4' },
      304: { description: 'Unchanged', schema: null },
      403: refusal('The link is not genuine'),
      404: refusal('No such file'),
      410: refusal('Past its time: results are valid for 15 days'),
      416: { description: 'The range is past the end', schema: null },
    },
  }),
  open('GET', '/healthz', {
    tag: 'health',
    summary: 'Is it alive?',
    description: 'Answers as long as the process runs.',
    responses: { 200: { description: 'Alive', schema: status('ok') } },
  }),
  open('GET', '/readyz', {
    tag: 'health',
    summary: 'Can it serve?',
    description: 'The database answers, its migrations are done, and the process is not shutting down.',
    responses: {
      200: { description: 'Ready', schema: status('ready') },
      503: { description: 'Not now', schema: { type: 'object', properties: { status: { type: 'string' } } } },
    },
  }),
  open('GET', '/metrics', {
    tag: 'health',
    summary: 'Metrics',
    description: 'In the text format of Prometheus.',
    responses: { 200: { description: 'Metrics', schema: { type: 'string' }, mediaType: 'text/plain' } },
  }),
  open('GET', '/', {
    tag: 'about',
    summary: 'What this is',
    description: 'As JSON, and as a page for browsers.',
    responses: { 200: { description: 'Name, version, models, links', schema: { type: 'object' } } },
  }),
  open('GET', '/docs', {
    tag: 'about',
    summary: 'This reference',
    description: 'Made from the OpenAPI document; no script, nothing from elsewhere.',
    responses: { 200: { description: 'The page', schema: { type: 'string' }, mediaType: 'text/html' } },
  }),
];

/** The OpenAPI document itself, at one of its places. */
export function documentRoute(path: string): DocumentedRoute {
  return open('GET', path, {
    tag: 'about',
    summary: 'The OpenAPI document',
    description: 'OpenAPI 3.1, made from the schemas that validate.',
    responses: { 200: { description: 'The document', schema: { type: 'object' } } },
  });
}

function open(method: string, path: string, docs: RouteDocs): DocumentedRoute {
  return { method, path, security: 'none', scope: null, repeatable: false, docs };
}

function refusal(description: string): RouteDocs['responses'][number] {
  return { description, schema: PROBLEM, mediaType: 'application/problem+json' };
}

function status(value: string): Json {
  return { type: 'object', required: ['status'], properties: { status: { const: value } } };
}
