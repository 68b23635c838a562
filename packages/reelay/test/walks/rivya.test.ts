import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { mountainView } from '../../src/cli/picture.ts';
import type { TaskId } from '../../src/core/values.ts';
import type { Customer, Stage } from './stage.ts';
import { openStage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.close());

/** The minimal request of the seed (003). */
const MINIMAL = {
  model: 'kling-2-6',
  prompt: 'A cinematic product reveal with smooth camera movement',
  params: { duration: '5', sound: 'false', aspect_ratio: '1:1' },
};
const QUICK = { ...MINIMAL, prompt: 'A calm sea [reelay:instant]' };
const NEVER = { ...MINIMAL, prompt: 'A calm sea [reelay:never]' };

interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

interface Generation {
  readonly id: TaskId;
  readonly status: string;
  readonly reserved_credits: number;
  readonly final_credits: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly result: { readonly primary_url: string; readonly urls: readonly string[] } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

interface Endpoint {
  readonly id: string;
  readonly signing_secret: string;
}

interface List<Item> {
  readonly data: readonly Item[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: Generation;
}

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: readonly { readonly status_code: number | null }[];
}

async function call<Body>(
  customer: Customer,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  headers: object = {},
): Promise<Answer<Body>> {
  const reply = await fetch(`${stage.gateway.address}/api/v1${path}`, {
    method,
    headers: { ...customer.headers, ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Body };
}

async function generated(customer: Customer, body: object): Promise<Generation> {
  const reply = await call<Generation>(customer, 'POST', '/generations', body);
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  return reply.body;
}

async function finished(customer: Customer, task: string): Promise<Generation> {
  for (;;) {
    const { body } = await call<Generation>(customer, 'GET', `/generations/${task}?wait=30`);
    if (body.status === 'succeeded' || body.status === 'failed') return body;
  }
}

async function credits(customer: Customer): Promise<number> {
  return (await call<{ current_credits: number }>(customer, 'GET', '/credits')).body.current_credits;
}

async function registered(customer: Customer): Promise<Endpoint> {
  const { status, body } = await call<Endpoint>(customer, 'POST', '/webhooks', {
    name: 'mine',
    url: stage.host.callbackUrl,
    event_types: ['generation.succeeded', 'generation.failed'],
  });
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(body.signing_secret, /^whsec_/);
  return body;
}

async function uploaded(customer: Customer, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const form = new FormData();
  form.set('kind', 'image');
  form.set('file', new Blob([bytes]), 'mountain.png');
  const { authorization = '' } = customer.headers;
  const init = { method: 'POST', headers: { authorization }, body: form };
  return fetch(`${stage.gateway.address}/api/v1/files`, init);
}

/** Looks again and again: deliveries are recorded after the receiver has answered. */
async function delivered(customer: Customer, endpoint: Endpoint): Promise<readonly Delivery[]> {
  for (let looks = 0; ; looks += 1) {
    const { body } = await call<List<Delivery>>(customer, 'GET', `/webhooks/${endpoint.id}/deliveries`);
    if (body.data.length > 0 && body.data.every((one) => one.status === 'delivered')) return body.data;
    assert.ok(looks < 400, `the deliveries are recorded: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

test('the quickstart of the seed: created, reserved, made, charged, and fetched', async () => {
  const customer = await stage.customer({ credits: 100 });
  const { created_at, updated_at, id, ...rest } = await generated(customer, MINIMAL);
  assert.deepEqual(rest, {
    status: 'queued',
    model: 'kling-2-6',
    reserved_credits: 55,
    final_credits: 0,
    result: null,
    error: null,
  });
  for (const time of [created_at, updated_at]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(await credits(customer), 45);
  const done = await finished(customer, id);
  assert.deepEqual([done.status, done.final_credits, done.error], ['succeeded', 55, null]);
  assert.deepEqual(done.result?.urls, [done.result?.primary_url]);
  const film = await fetch(done.result?.primary_url ?? '');
  assert.deepEqual([film.status, film.headers.get('content-type')], [200, 'video/mp4']);
  const sha256 = createHash('sha256')
    .update(Buffer.from(await film.arrayBuffer()))
    .digest('hex');
  const row = await stage.gateway.store.summary(id);
  assert.ok(row?.state.name === 'succeeded');
  assert.equal(row.state.files[0]?.sha256, sha256);
  assert.equal(await credits(customer), 45);
});

test('a picture is uploaded, becomes a film, and its endpoint and its feed hear the same of it', async () => {
  const customer = await stage.customer();
  const endpoint = await registered(customer);
  const reply = await uploaded(customer, new Uint8Array(await mountainView()));
  const file = (await reply.json()) as { id: string; url: string; kind: string };
  assert.deepEqual([reply.status, file.kind], [200, 'image'], JSON.stringify(file));
  assert.ok(
    file.url.startsWith(stage.gateway.address),
    'it lies with the gateway, which no guard lets through',
  );
  assert.deepEqual((await call<object>(customer, 'GET', `/files/${file.id}`)).body, file);
  const stranger = await stage.customer();
  assert.equal((await call(stranger, 'GET', `/files/${file.id}`)).status, 404);

  const params = { ...MINIMAL.params, referenceMediaItems: [{ url: file.url, kind: 'image' }] };
  const { id } = await generated(customer, { ...QUICK, params });
  const { body, headers } = await stage.host.nextCallback();
  assert.doesNotThrow(() => new Webhook(endpoint.signing_secret).verify(body, headers));
  const event = JSON.parse(body) as Event;
  assert.equal(event.type, 'generation.succeeded', body);
  assert.deepEqual(event.data, await finished(customer, id), 'as the status says it');
  const task = await stage.gateway.store.task(id);
  assert.equal(task?.order.mode, 'image-to-video');

  const feed = await call<List<Event>>(customer, 'GET', '/webhook-events');
  assert.deepEqual(feed.body.data, [event]);
  const [delivery, ...others] = await delivered(customer, endpoint);
  assert.deepEqual([delivery?.id, delivery?.attempts[0]?.status_code], [headers['webhook-id'], 200]);
  assert.deepEqual(others, []);

  const second = await generated(customer, { ...QUICK, prompt: `${QUICK.prompt} [reelay:fail]` });
  const failed = JSON.parse((await stage.host.nextCallback()).body) as Event;
  assert.deepEqual([failed.type, failed.data.id], ['generation.failed', second.id]);
  const cursor = feed.body.next_cursor;
  const next = await call<List<Event>>(customer, 'GET', `/webhook-events?cursor=${cursor}`);
  assert.deepEqual([next.body.data, next.body.has_more], [[failed], false]);
});

test('a link to a file of ours that was changed is no link, and what is no picture is no upload', async () => {
  const customer = await stage.customer({ credits: 55 });
  const file = (await (await uploaded(customer, new Uint8Array(await mountainView()))).json()) as {
    url: string;
  };
  const url = file.url.replace(/sig=.{8}/, 'sig=AAAAAAAA');
  const params = { referenceMediaItems: [{ url, kind: 'image' }] };
  const { id } = await generated(customer, { ...QUICK, params });
  assert.equal((await finished(customer, id)).error?.code, 'generation_failed');
  assert.equal(await credits(customer), 55);
  const wrong = await uploaded(customer, new TextEncoder().encode('no picture'));
  assert.equal(wrong.status, 400);
});

test('a test reaches the endpoint; after a rotation both secrets sign; a replay is the same letter', async () => {
  const customer = await stage.customer();
  const endpoint = await registered(customer);
  const rotated = await call<Endpoint>(customer, 'POST', `/webhooks/${endpoint.id}/rotate-secret`);
  assert.notEqual(rotated.body.signing_secret, endpoint.signing_secret);
  const tested = await call<{ delivery_id: string }>(customer, 'POST', `/webhooks/${endpoint.id}/test`);
  const first = await stage.host.nextCallback();
  for (const { signing_secret } of [endpoint, rotated.body]) {
    assert.doesNotThrow(() => new Webhook(signing_secret).verify(first.body, first.headers));
  }
  const event = JSON.parse(first.body) as Event;
  assert.deepEqual([event.type, event.id], ['webhook.test', tested.body.delivery_id]);
  await delivered(customer, endpoint);
  const path = `/webhooks/${endpoint.id}/deliveries/${event.id}/replay`;
  assert.equal((await call(customer, 'POST', path)).status, 200);
  const again = await stage.host.nextCallback();
  assert.deepEqual([again.body, again.headers['webhook-id']], [first.body, event.id]);
  assert.equal((await call(customer, 'DELETE', `/webhooks/${endpoint.id}`)).status, 200);
  assert.equal((await call(customer, 'GET', `/webhooks/${endpoint.id}`)).status, 404);
});

test('an endpoint is reached in public only', async () => {
  const customer = await stage.customer();
  for (const url of [
    'http://example.com/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://a:b@example.com/',
  ]) {
    const wish = { name: 'x', url, event_types: ['generation.failed'] };
    const { body } = await call<{ error: { code: string } }>(customer, 'POST', '/webhooks', wish);
    assert.equal(body.error.code, 'webhook_url_rejected', url);
  }
});

test('the same Idempotency-Key is the same generation, reserved once; another body is a conflict', async () => {
  const customer = await stage.customer({ credits: 110 });
  const key = { 'idempotency-key': 'once' };
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => call<Generation>(customer, 'POST', '/generations', NEVER, key)),
  );
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  assert.equal(replies.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 9);
  assert.equal(await credits(customer), 55);
  const other = await call<{ error: { code: string } }>(customer, 'POST', '/generations', QUICK, key);
  assert.deepEqual([other.status, other.body.error.code], [409, 'idempotency_conflict']);
});

test('a quote takes nothing; the credits that are missing are told in the dialect', async () => {
  const customer = await stage.customer({ credits: 54 });
  const quote = await call<{ credits: number; problem: unknown }>(
    customer,
    'POST',
    '/generations/quote',
    QUICK,
  );
  assert.equal(quote.body.credits, 55);
  const refused = await call<{ error: { code: string } }>(customer, 'POST', '/generations', QUICK);
  assert.deepEqual([refused.status, refused.body.error.code], [402, 'insufficient_credits']);
  assert.equal(await credits(customer), 54);
});

test('generations are listed newest first, found by their own id, and canceled', async () => {
  const customer = await stage.customer();
  const one = await generated(customer, { ...NEVER, client_request_id: 'order-1' });
  const two = await generated(customer, { ...NEVER, client_request_id: 'order-2' });
  const list = async (query: string) => {
    const { body } = await call<List<Generation>>(customer, 'GET', `/generations${query}`);
    return body.data.map((generation) => generation.id);
  };
  assert.deepEqual(await list(''), [two.id, one.id]);
  assert.deepEqual(await list('?client_request_id=order-1'), [one.id]);
  assert.deepEqual(await list('?status=succeeded'), []);
  const before = await credits(customer);
  const canceled = await call<{ outcome: string }>(customer, 'POST', `/generations/${one.id}/cancel`);
  assert.match(canceled.body.outcome, /^(before_start|stopped|requested)$/);
  const over = await finished(customer, one.id);
  assert.deepEqual([over.status, over.error?.message], ['failed', 'Canceled']);
  assert.equal(await credits(customer), before + 55);
  const late = await call<{ outcome: string }>(customer, 'POST', `/generations/${one.id}/cancel`);
  assert.equal(late.body.outcome, 'too_late');
});

test('a stream of events tells how it goes, and ends with it', async () => {
  const customer = await stage.customer();
  const { id } = await generated(customer, QUICK);
  const stream = await fetch(`${stage.gateway.address}/api/v1/generations/${id}/events`, {
    headers: customer.headers,
  });
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
  const told = (await stream.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice('data: '.length)) as Generation & { progress_percent: number });
  assert.ok(told.every((generation) => generation.id === id));
  const last = told.at(-1);
  assert.deepEqual([last?.status, last?.progress_percent], ['succeeded', 100]);
});

test('after all this every law holds', async () => {
  assert.deepEqual(await stage.gateway.store.audit(), []);
});
