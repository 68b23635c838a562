import { isoTime } from '../clock.ts';
import type { EndpointId } from '../core/ports/endpoints.ts';
import type { AnyRoute, SurfaceContext, SurfaceRequest, SurfaceRoute } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { Json, LetterId } from '../core/values.ts';
import { parse, urlProblem, withoutNulls } from './reading.ts';
import { ok } from './rivya.codes.ts';
import { listBody, pageOf } from './rivya.page.ts';
import * as docs from './rivya.webhooks.docs.ts';
import * as wire from './rivya.webhooks.wire.ts';

const ENDPOINTS = '/api/v1/webhooks';
const ENDPOINT = `${ENDPOINTS}/:endpointId`;
const scope = 'webhooks:manage';

const list: SurfaceRoute<'endpoints'> = {
  action: 'endpoints',
  method: 'GET',
  path: ENDPOINTS,
  scope,
  read: () => null,
  write: (all) => ok(listBody(all.map(wire.endpointBody), null)),
  docs: docs.list,
};

const create: SurfaceRoute<'createEndpoint'> = {
  action: 'createEndpoint',
  method: 'POST',
  path: ENDPOINTS,
  scope,
  read({ body }, context) {
    const wanted = parse(wire.creation, withoutNulls(body));
    if (isRefusal(wanted)) return wanted;
    const { name, url, event_types: eventTypes } = wanted;
    return urlRefusal(url, context) ?? { name, url, eventTypes: [...new Set(eventTypes)] };
  },
  write: (endpoint) => ok({ ...wire.endpointBody(endpoint), signing_secret: wire.secretOf(endpoint) }),
  docs: docs.create,
};

const read: SurfaceRoute<'endpoint'> = {
  action: 'endpoint',
  method: 'GET',
  path: ENDPOINT,
  scope,
  read: readEndpoint,
  write: (endpoint) => ok(wire.endpointBody(endpoint)),
  docs: docs.read,
};

const update: SurfaceRoute<'updateEndpoint'> = {
  action: 'updateEndpoint',
  method: 'PATCH',
  path: ENDPOINT,
  scope,
  read(request, context) {
    const found = readEndpoint(request);
    if (isRefusal(found)) return found;
    const wanted = parse(wire.change, withoutNulls(request.body));
    if (isRefusal(wanted)) return wanted;
    const { event_types: eventTypes, ...rest } = wanted;
    const refused = rest.url === undefined ? null : urlRefusal(rest.url, context);
    if (refused) return refused;
    const types = eventTypes === undefined ? {} : { eventTypes: [...new Set(eventTypes)] };
    return { ...found, change: { ...rest, ...types } };
  },
  write: (endpoint) => ok(wire.endpointBody(endpoint)),
  docs: docs.update,
};

const revoke: SurfaceRoute<'revokeEndpoint'> = {
  action: 'revokeEndpoint',
  method: 'DELETE',
  path: ENDPOINT,
  scope,
  read: readEndpoint,
  write: (endpoint) => ok(wire.endpointBody(endpoint)),
  docs: docs.revoke,
};

const rotate: SurfaceRoute<'rotateSecret'> = {
  action: 'rotateSecret',
  method: 'POST',
  path: `${ENDPOINT}/rotate-secret`,
  scope,
  read: readEndpoint,
  write: (endpoint) => ok({ ...wire.endpointBody(endpoint), signing_secret: wire.secretOf(endpoint) }),
  docs: docs.rotate,
};

const test: SurfaceRoute<'testEndpoint'> = {
  action: 'testEndpoint',
  method: 'POST',
  path: `${ENDPOINT}/test`,
  scope,
  read(request) {
    const found = readEndpoint(request);
    if (isRefusal(found)) return found;
    const type = 'webhook.test';
    const data = { message: 'A test of this endpoint: nothing happened.' };
    return { ...found, type, render: (id, at) => event(id, type, isoTime(at), data) };
  },
  write: ({ letter, type }) => ok({ object: 'webhook_test', delivery_id: letter, event_type: type }),
  docs: docs.test,
};

const deliveries: SurfaceRoute<'deliveries'> = {
  action: 'deliveries',
  method: 'GET',
  path: `${ENDPOINT}/deliveries`,
  scope,
  read(request) {
    const found = readEndpoint(request);
    if (isRefusal(found)) return found;
    const page = pageOf(request.query);
    return isRefusal(page) ? page : { ...found, ...page };
  },
  write: ({ deliveries: all, nextCursor }) => ok(listBody(all.map(wire.deliveryBody), nextCursor)),
  docs: docs.deliveries,
};

const replay: SurfaceRoute<'replay'> = {
  action: 'replay',
  method: 'POST',
  path: `${ENDPOINT}/deliveries/:deliveryId/replay`,
  scope,
  read(request) {
    const found = readEndpoint(request);
    const letter = request.params.deliveryId ?? '';
    if (isRefusal(found)) return found;
    return isLetterId(letter) ? { ...found, letter } : refuse('not_found', 'Delivery not found');
  },
  write: ({ letter }) => ok({ object: 'webhook_replay', delivery_id: letter }),
  docs: docs.replay,
};

const feed: SurfaceRoute<'feed'> = {
  action: 'feed',
  method: 'GET',
  path: '/api/v1/webhook-events',
  scope,
  read({ query }) {
    const { type } = query;
    if (type !== undefined && !isEventType(type)) {
      return refuse('invalid', `type must be one of ${wire.EVENT_TYPES.join(', ')}`, { field: 'type' });
    }
    const page = pageOf(query);
    return isRefusal(page) ? page : { ...page, type: type ?? null };
  },
  write: ({ events, nextCursor, hasMore }) =>
    ok(
      listBody(
        events.map((one) => JSON.parse(one.body)),
        nextCursor,
        hasMore,
      ),
    ),
  docs: docs.feed,
};

export const WEBHOOK_ROUTES: readonly AnyRoute[] = [
  list,
  create,
  read,
  update,
  revoke,
  rotate,
  test,
  deliveries,
  replay,
  feed,
];

/** The wrapper of every event (contract Rivya B8; `data` by decision 30). */
export function event(id: string, type: string, createdAt: string, data: Json) {
  return { id, type, api_version: wire.API_VERSION, created_at: createdAt, data };
}

function readEndpoint({ params }: SurfaceRequest): { readonly endpoint: EndpointId } | Refusal {
  const endpoint = params.endpointId ?? '';
  return isEndpointId(endpoint) ? { endpoint } : refuse('not_found', 'Webhook endpoint not found');
}

/** “HTTPS; no credentials, fragment, localhost, LAN, private, loopback or reserved address” (contract Rivya B8). */
function urlRefusal(url: string, context: SurfaceContext): Refusal | null {
  const malformed = urlProblem(url) ?? (new URL(url).hash === '' ? null : 'must have no fragment');
  const problem = malformed ?? context.judgeUrl(url);
  return problem === null
    ? null
    : refuse('webhook_url_rejected', `url cannot be used: ${problem}`, { field: 'url' });
}

function isEventType(text: unknown): text is (typeof wire.EVENT_TYPES)[number] {
  return wire.EVENT_TYPES.some((type) => type === text);
}

function isEndpointId(text: string): text is EndpointId {
  return /^whend_[A-Za-z0-9_-]{1,64}$/.test(text);
}

function isLetterId(text: string): text is LetterId {
  return /^evt_[A-Za-z0-9_-]{1,64}$/.test(text);
}
