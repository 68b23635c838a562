import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { TaskId } from '../../src/core/values.ts';
import { openInspector } from '../../src/net/inspector.ts';
import type { Customer, Stage } from './stage.ts';
import { openStage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage.close());

interface Envelope {
  code: number;
  message: string;
  data: Record<string, unknown> | null;
}

async function generate(customer: Customer, body: object, headers: object = {}) {
  const url = `${stage.gateway.address}/api/v1/generateTask/kling-2-6`;
  const init = { method: 'POST', headers: { ...customer.headers, ...headers }, body: JSON.stringify(body) };
  const reply = await fetch(url, init);
  return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Envelope };
}

async function status(customer: Customer, task: string, wait = 0): Promise<Envelope> {
  const url = `${stage.gateway.address}/api/v1/statusTask/kling-2-6?taskId=${task}${wait ? `&wait=${wait}` : ''}`;
  return (await (await fetch(url, { headers: customer.headers })).json()) as Envelope;
}

async function finished(customer: Customer, task: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { data } = await status(customer, task, 20);
    assert.ok(data);
    if (data.state === 'success' || data.state === 'failed') return data;
  }
}

async function generated(customer: Customer, input: object, more: object = {}): Promise<string> {
  const reply = await generate(customer, { ...more, input });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.deepEqual([reply.body.code, reply.body.message], [200, 'success']);
  const { taskId } = reply.body.data ?? {};
  assert.match(String(taskId), /^task_[A-Za-z0-9_-]{16,}$/);
  return String(taskId);
}

test('text to video, polled: accepted, held, made, charged, fetched by a signed link', async () => {
  const customer = await stage.customer({ credits: 100 });
  const task = await generated(
    customer,
    {
      mode: 'text-to-video',
      prompt: 'a serene waterfall in the forest with birds chirping',
      duration: 5,
      sound: true,
      aspect_ratio: '16:9',
    },
    { request_type: 'async', provider: 'value' },
  );
  const first = await status(customer, task);
  assert.match(String(first.data?.state), /^(pending|processing)$/);
  assert.deepEqual(Object.keys(first.data ?? {}).sort(), ['createTime', 'state', 'taskId']);
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 45, held: 55 });

  const done = await finished(customer, task);
  assert.equal(done.state, 'success', JSON.stringify(done));
  assert.equal(Number(done.completeTime) - Number(done.createTime), done.costTime);
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 45, held: 0 });

  const { resultUrls } = JSON.parse(String(done.resultJson)) as { resultUrls: string[] };
  assert.equal(resultUrls.length, 1);
  const film = await fetch(resultUrls[0] ?? '');
  assert.equal(film.status, 200);
  assert.equal(film.headers.get('content-type'), 'video/mp4');
  const bytes = Buffer.from(await film.arrayBuffer());
  const part = await fetch(resultUrls[0] ?? '', { headers: { range: 'bytes=4-7' } });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), 'ftyp');
  const row = await stage.gateway.store.summary(task as TaskId);
  assert.ok(row?.state.name === 'succeeded');
  assert.equal(row.state.files[0]?.sha256, createHash('sha256').update(bytes).digest('hex'));

  const path = join(stage.gateway.config.dataDir, 'film.mp4');
  await writeFile(path, bytes);
  const inspector = openInspector();
  const seen = await inspector.film(path).finally(() => inspector.close());
  assert.deepEqual([seen.durationMs, seen.width, seen.height, seen.hasAudio], [5_000, 1280, 720, true]);
});

test('image to video, by callback: the picture fetched, the film in its ratio, told once, signed', async () => {
  const customer = await stage.customer();
  const task = await generated(
    customer,
    {
      mode: 'image-to-video',
      prompt: 'animate this mountain view with moving clouds and wind sounds',
      duration: 5,
      sound: false,
      aspect_ratio: '1:1',
      image_urls: [stage.host.pictureUrl],
    },
    { request_type: 'callback', callback_url: stage.host.callbackUrl, provider: 'official' },
  );
  const { body, headers } = await stage.host.nextCallback();
  const told = JSON.parse(body) as Envelope;
  assert.deepEqual(told, await status(customer, task), 'the body is the status envelope');
  assert.equal(told.data?.state, 'success', body);
  const [secret = ''] = customer.key.callbackSecrets;
  assert.doesNotThrow(() => new Webhook(secret).verify(body, headers));
  for (let looks = 0; ; looks += 1) {
    const [letter] = await stage.gateway.store.deliveries(task as TaskId);
    if (letter?.state === 'delivered') {
      assert.deepEqual([letter.attempts.length, letter.attempts[0]?.status], [1, 200]);
      break;
    }
    assert.ok(looks < 200, 'the delivery is recorded');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
});

test('a task that fails is refunded, keeps HTTP 200, and says why', async () => {
  const customer = await stage.customer({ credits: 55 });
  const task = await generated(customer, {
    mode: 'text-to-video',
    prompt: 'a calm sea [reelay:fail NSFW_DETECTED]',
  });
  const done = await finished(customer, task);
  assert.deepEqual([done.state, done.failCode], ['failed', 'NSFW_DETECTED']);
  assert.deepEqual(Object.keys(done).sort(), [
    'completeTime',
    'createTime',
    'failCode',
    'failMsg',
    'state',
    'taskId',
  ]);
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 55, held: 0 });
});

test('a refused prompt is a failed task with CONTENT_VIOLATION, refunded, and no provider hears of it', async () => {
  const customer = await stage.customer({ credits: 55 });
  const task = await generated(customer, { mode: 'text-to-video', prompt: 'a beheading in the square' });
  const done = await finished(customer, task);
  assert.deepEqual(
    [done.failCode, done.failMsg],
    ['CONTENT_VIOLATION', 'Content does not meet safety guidelines'],
  );
  const timeline = await stage.gateway.store.timeline(task as TaskId);
  assert.ok(timeline.every((entry) => entry.event !== 'attempted'));
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 55, held: 0 });
});

test('an address that must not be reached fails with INVALID_IMAGE_URL, what is no picture with UNSUPPORTED_FORMAT', async () => {
  const customer = await stage.customer();
  const image = `http://${stage.host.pair.replace(/\d+$/, '1')}/none.jpg`;
  const inward = await generated(customer, { mode: 'image-to-video', prompt: 'x', image_urls: [image] });
  assert.equal((await finished(customer, inward)).failCode, 'INVALID_IMAGE_URL');
  const task = await generated(customer, {
    mode: 'image-to-video',
    prompt: 'x',
    image_urls: [stage.host.pictureUrl.replace('ref.jpg', 'not-a-picture')],
  });
  assert.equal((await finished(customer, task)).failCode, 'UNSUPPORTED_FORMAT');
});

test('insufficient credits, the literal refusal of the seed; nothing is taken', async () => {
  const customer = await stage.customer({ credits: 54 });
  const reply = await generate(customer, { input: { mode: 'text-to-video', prompt: 'a calm sea' } });
  assert.equal(reply.status, 400);
  assert.deepEqual(reply.body, { code: 400, message: 'Insufficient credits', data: null });
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 54, held: 0 });
});

test('a live key without a provider is told how to add one', async () => {
  const customer = await stage.customer({ sandbox: false });
  const reply = await generate(customer, { input: { mode: 'text-to-video', prompt: 'a calm sea' } });
  assert.equal(reply.status, 503);
  assert.match(reply.body.message, /reelay providers add/);
});

test('the same Idempotency-Key is the same task, charged once; another body is a conflict', async () => {
  const customer = await stage.customer({ credits: 110 });
  const body = { input: { mode: 'text-to-video', prompt: 'a calm sea [reelay:instant]' } };
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => generate(customer, body, { 'idempotency-key': 'once' })),
  );
  assert.equal(new Set(replies.map((reply) => reply.body.data?.taskId)).size, 1);
  assert.equal(replies.filter((reply) => reply.headers.get('idempotent-replayed') === 'true').length, 9);
  const other = await generate(
    customer,
    { input: { ...body.input, duration: 10 } },
    { 'idempotency-key': 'once' },
  );
  assert.equal(other.status, 409);
  const { available, held } = await stage.gateway.store.balance(customer.key.wallet);
  assert.equal(available, 55, 'held once');
  assert.ok(held === 55 || held === 0);
});

test('no more unfinished tasks than the key allows: 429 with Retry-After', async () => {
  const customer = await stage.customer({ unfinishedTasks: 1 });
  const body = { input: { mode: 'text-to-video', prompt: 'a calm sea [reelay:never]' } };
  assert.equal((await generate(customer, body)).status, 200);
  const reply = await generate(customer, body);
  assert.equal(reply.status, 429);
  assert.ok(Number(reply.headers.get('retry-after')) >= 1);
});

test('an operator cancels a task; the customer sees it failed and refunded', async () => {
  const customer = await stage.customer({ credits: 55 });
  const task = await generated(customer, { mode: 'text-to-video', prompt: 'a calm sea [reelay:never]' });
  const headers = { authorization: 'Bearer admin-token-of-the-walks' };
  const reply = await fetch(`${stage.gateway.address}/operator/v1/tasks/${task}/cancel`, {
    method: 'POST',
    headers,
  });
  assert.ok(reply.ok, await reply.text());
  const done = await finished(customer, task);
  assert.deepEqual([done.failCode, done.failMsg], ['GENERATION_FAILED', 'Canceled']);
  assert.deepEqual(await stage.gateway.store.balance(customer.key.wallet), { available: 55, held: 0 });
});

test('after all this every law holds', async () => {
  assert.deepEqual(await stage.gateway.store.audit(), []);
});
