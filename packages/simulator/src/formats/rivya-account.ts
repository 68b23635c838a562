import { type Call, Refusal, type Reply, type Route } from '../format.ts';
import { type Endpoint, hex } from '../namespace.ts';
import { formOf, jsonOf, textAt } from '../request.ts';
import { newSecret } from '../sign.ts';
import { iso } from './common.ts';

/** Rivya's files, credits, models and webhook endpoints, as far as a client of generations needs them. */
export function rivyaAccountRoutes(): readonly Route[] {
  return [
    { operation: 'upload', method: 'POST', path: '/api/v1/files', handle: upload },
    { operation: 'upload', method: 'GET', path: '/api/v1/files/:file', handle: getFile },
    { operation: 'account', method: 'GET', path: '/api/v1/credits', handle: credits },
    { operation: 'account', method: 'GET', path: '/api/v1/models', handle: models },
    { operation: 'account', method: 'POST', path: '/api/v1/webhooks', handle: addEndpoint },
    { operation: 'account', method: 'GET', path: '/api/v1/webhooks', handle: listEndpoints },
    { operation: 'account', method: 'DELETE', path: '/api/v1/webhooks/:endpoint', handle: removeEndpoint },
  ];
}

async function upload(call: Call): Promise<Reply> {
  const form = await formOf(call);
  const file = form.get('file');
  if (!(file instanceof File)) throw new Refusal('validation_failed', 'file is required');
  if (form.get('kind') !== 'image') throw new Refusal('validation_failed', 'kind must be image');
  const id = `file_${hex(20)}`;
  const bytes = Buffer.from(await file.arrayBuffer());
  call.namespace.uploads.set(id, { id, name: file.name, type: file.type, bytes });
  return { status: 200, body: fileBody(call, id) };
}

function getFile(call: Call): Reply {
  return { status: 200, body: fileBody(call, call.params.file ?? '') };
}

/** Only a url, an id and a duration token are attested. */
function fileBody(call: Call, id: string): object {
  const file = call.namespace.uploads.get(id);
  if (!file) throw new Refusal('not_found');
  return {
    id,
    object: 'file',
    kind: 'image',
    url: `${call.root}/uploads/${id}`,
    name: file.name,
    mime_type: file.type,
    size_bytes: file.bytes.length,
    duration_seconds: null,
    duration_token: null,
    created_at: iso(call.namespace.clock.now()),
  };
}

function credits(call: Call): Reply {
  const { balanceUsd } = call.namespace.settings;
  const left = ((balanceUsd ?? 100) - call.namespace.ledger.exposedUsd('rivya')) * 100;
  return { status: 200, body: { current_credits: Math.floor(left) } };
}

function models(): Reply {
  const model = {
    id: 'kling-2-6',
    display_name: 'Kling 2.6',
    category: 'video',
    runtime: 'async_task',
    base_credits: 55,
    billing_type: 'FIXED',
    max_prompt_length: 1000,
    api_status: 'available',
  };
  return { status: 200, body: { object: 'list', data: [model] } };
}

function addEndpoint(call: Call): Reply {
  const body = jsonOf(call);
  const url = textAt(body, 'url');
  if (url === null || !URL.canParse(url)) throw new Refusal('webhook_url_rejected');
  const secret = newSecret();
  const endpoint: Endpoint = { id: `whend_${hex(20)}`, url, secret, createdAt: call.namespace.clock.now() };
  call.namespace.endpoints.set(endpoint.id, endpoint);
  return { status: 200, body: { ...endpointBody(endpoint), signing_secret: secret } };
}

function listEndpoints(call: Call): Reply {
  const data = [...call.namespace.endpoints.values()].map(endpointBody);
  return { status: 200, body: { object: 'list', data, has_more: false, next_cursor: null } };
}

function removeEndpoint(call: Call): Reply {
  const id = call.params.endpoint ?? '';
  if (!call.namespace.endpoints.delete(id)) throw new Refusal('not_found');
  return { status: 200, body: { id, deleted: true } };
}

function endpointBody(endpoint: Endpoint): object {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    name: 'endpoint',
    url: endpoint.url,
    event_types: ['generation.succeeded', 'generation.failed'],
    status: 'active',
    secret_preview: `${endpoint.secret.slice(0, 8)}...`,
    created_at: iso(endpoint.createdAt),
  };
}
