import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { SCOPES } from '../../src/core/ports/accounts.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { MemoryEndpoints, openShelf } from './shelves.ts';
import { World } from './world.ts';

/** What a route is called with, for objects of the owner's account. `owned`: it is about one of them. */
interface Row {
  readonly url: (owned: Owned) => string;
  readonly body?: (owned: Owned) => unknown;
  readonly owned: boolean;
}

interface Owned {
  readonly task: string;
  readonly file: string;
  readonly endpoint: string;
  readonly letter: string;
  readonly picture: Buffer;
}

const ORDER = { model: 'kling-2-6', prompt: 'x' };
const WISH = { name: 'a', url: 'https://hooks.test', event_types: ['generation.failed'] };
const endpointAt = (more = '') => ({
  url: ({ endpoint }: Owned) => `/api/v1/webhooks/${endpoint}${more}`,
  owned: true,
});
const at = (url: string) => ({ url: () => url, owned: false });
const taskAt = (more = '') => ({
  url: ({ task }: Owned) => `/api/v1/generations/${task}${more}`,
  owned: true,
});

/** One row for every route. A new route without a row fails here. */
const ROWS: Readonly<Record<string, Row>> = {
  'POST /api/v1/generateTask/:model': {
    ...at('/api/v1/generateTask/kling-2-6'),
    body: () => ({ input: { mode: 'text-to-video', prompt: 'x' } }),
  },
  'GET /api/v1/statusTask/:model': {
    url: ({ task }) => `/api/v1/statusTask/kling-2-6?taskId=${task}`,
    owned: true,
  },
  'GET /api/v1/apikeys/current-balance': at('/api/v1/apikeys/current-balance'),
  'GET /api/v1/models': at('/api/v1/models'),
  'POST /api/v1/generations': { ...at('/api/v1/generations'), body: () => ORDER },
  'GET /api/v1/generations': at('/api/v1/generations'),
  'POST /api/v1/generations/quote': { ...at('/api/v1/generations/quote'), body: () => ORDER },
  'GET /api/v1/generations/:taskId': taskAt(),
  'GET /api/v1/generations/:taskId/events': taskAt('/events'),
  'POST /api/v1/generations/:taskId/cancel': taskAt('/cancel'),
  'GET /api/v1/credits': at('/api/v1/credits'),
  'POST /api/v1/files': { ...at('/api/v1/files'), body: ({ picture }) => pictureForm(picture) },
  'GET /api/v1/files/:fileId': { url: ({ file }) => `/api/v1/files/${file}`, owned: true },
  'GET /api/v1/webhooks': at('/api/v1/webhooks'),
  'POST /api/v1/webhooks': { ...at('/api/v1/webhooks'), body: () => WISH },
  'GET /api/v1/webhooks/:endpointId': endpointAt(),
  'PATCH /api/v1/webhooks/:endpointId': { ...endpointAt(), body: () => ({ name: 'b' }) },
  'POST /api/v1/webhooks/:endpointId/rotate-secret': endpointAt('/rotate-secret'),
  'POST /api/v1/webhooks/:endpointId/test': endpointAt('/test'),
  'GET /api/v1/webhooks/:endpointId/deliveries': endpointAt('/deliveries'),
  'POST /api/v1/webhooks/:endpointId/deliveries/:deliveryId/replay': {
    url: ({ endpoint, letter }) => `/api/v1/webhooks/${endpoint}/deliveries/${letter}/replay`,
    owned: true,
  },
  'GET /api/v1/webhook-events': at('/api/v1/webhook-events'),
  // The last one: it takes the endpoint away.
  'DELETE /api/v1/webhooks/:endpointId': endpointAt(),
};

function pictureForm(picture: Buffer): FormData {
  const form = new FormData();
  form.append('kind', 'image');
  form.append('file', new Blob([new Uint8Array(picture)]), 'a.png');
  return form;
}

describe('who may do what', () => {
  const routes = SURFACES.flatMap((surface) => surface.routes);

  it('has a row for every route, and no other', () => {
    assert.deepEqual(
      new Set(routes.map(({ method, path }) => `${method} ${path}`)),
      new Set(Object.keys(ROWS)),
    );
  });

  it('every route: no key, junk, revoked, expired, without its scope, of another account, of the owner', async () => {
    await using shelf = await openShelf();
    const endpoints = new MemoryEndpoints();
    const { files, uploads } = shelf;
    await using world = await World.open(SURFACES, { change: () => ({ files, uploads, endpoints }) });
    const owner = await world.key({ credits: 10_000 });
    const stranger = await world.key();
    const revoked = await world.key({ revokedAt: 1 });
    const expired = await world.key({ expiresAt: 1 });
    const picture = await sharp({ create: { width: 320, height: 320, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const json = async (answer: Response) => Object(await answer.json());
    const endpoint = (await json(await world.post('/api/v1/webhooks', owner, WISH))).id;
    const owned: Owned = {
      picture,
      endpoint,
      task: (await json(await world.post('/api/v1/generations', owner, ORDER))).id,
      file: (
        await json(
          await world.fetch('/api/v1/files', { method: 'POST', key: owner, body: pictureForm(picture) }),
        )
      ).id,
      letter: (await json(await world.post(`/api/v1/webhooks/${endpoint}/test`, owner, {}))).delivery_id,
    };
    const byName = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
    for (const [name, row] of Object.entries(ROWS)) {
      const route = byName.get(name);
      assert.ok(route, name);
      const scoped = await world.key({ scopes: SCOPES.filter((scope) => scope !== route.scope) });
      const cases: readonly [string, string | undefined, readonly number[]][] = [
        ['no key', undefined, [401]],
        ['junk', 'rly_live_junk', [401]],
        ['a revoked key', revoked, [401]],
        ['an expired key', expired, [401]],
        ['a key without the scope', scoped, [403]],
        ['another account', stranger, row.owned ? [404] : [200]],
        ['the owner', owner, [200]],
      ];
      for (const [who, key, statuses] of cases) {
        const given = row.body?.(owned);
        const isForm = given instanceof FormData;
        const body = given === undefined ? {} : { body: isForm ? given : JSON.stringify(given) };
        const headers =
          given === undefined || isForm ? {} : { headers: { 'content-type': 'application/json' } };
        const bearer = key === undefined ? {} : { key };
        const answer = await world.fetch(row.url(owned), {
          method: route.method,
          ...bearer,
          ...headers,
          ...body,
        });
        const expected = route.scope === null ? [200] : statuses;
        assert.ok(expected.includes(answer.status), `${name} with ${who}: ${answer.status}`);
        await answer.body?.cancel();
      }
    }
  });

  it('another account’s object is told exactly like one that does not exist', async () => {
    const endpoints = new MemoryEndpoints();
    await using world = await World.open(SURFACES, { change: () => ({ endpoints }) });
    const [owner, stranger] = [await world.key(), await world.key()];
    const task = Object(await (await world.post('/api/v1/generations', owner, ORDER)).json()).id;
    const endpoint = Object(await (await world.post('/api/v1/webhooks', owner, WISH)).json()).id;
    const missing: Readonly<Record<string, string>> = { [task]: 'task_01a1', [endpoint]: 'whend_01a1' };
    for (const path of [
      `/api/v1/generations/${task}`,
      `/api/v1/statusTask/kling-2-6?taskId=${task}`,
      `/api/v1/webhooks/${endpoint}`,
    ]) {
      const other = path.replace(task, missing[task] ?? '').replace(endpoint, missing[endpoint] ?? '');
      const told = async (url: string) => {
        const answer = await world.fetch(url, { key: stranger, headers: { 'x-request-id': 'same' } });
        return [answer.status, await answer.text()];
      };
      assert.deepEqual(await told(path), await told(other));
    }
  });
});

describe('clients', () => {
  it('may send more than a socket’s share of requests: they are told goodbye, never refused', async () => {
    await using world = await World.open(SURFACES);
    const sockets = new Set<unknown>();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let sent = 0; sent < 1_010; sent += 1) {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      const request = get(`${world.url}/healthz`, { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      request.on('socket', (socket) => sockets.add(socket)).on('error', reject);
      assert.equal(await promise, 200);
    }
    assert.equal(sockets.size, 2);
    agent.destroy();
  });

  it('a body that does not come ends the connection, and nobody else waits for it', async () => {
    await using world = await World.open(SURFACES, { settings: { requestTimeoutMs: 100 } });
    const key = await world.key();
    const { hostname, port } = new URL(world.url);
    const { promise, resolve } = Promise.withResolvers<string>();
    const head = `POST /api/v1/generations HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(head));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('close', () => resolve(text));
    assert.equal((await world.fetch('/api/v1/credits', { key })).status, 200);
    assert.match(await promise, /^HTTP\/1\.1 408 /);
    assert.equal(world.store.rows.size, 0);
  });
});
