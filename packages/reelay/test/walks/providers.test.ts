import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import type { TestNamespace, TestSimulator } from '../../../simulator/src/testing.ts';
import { startSimulator } from '../../../simulator/src/testing.ts';
import type { TaskId } from '../../src/core/values.ts';
import { addProvider, changeProvider, removeProvider } from '../../src/flow/providers.ts';
import type { Customer, Stage } from './stage.ts';
import { openStage } from './stage.ts';

/** Kling's films are 5 s and more of waiting away: callbacks make them due at once, as they do on a real gateway. */
let stage: Stage;
let simulator: TestSimulator;
let upstream: TestNamespace;
let routes: string[] = [];

before(async () => {
  simulator = await startSimulator();
  const port = await freePort();
  stage = await openStage({ REELAY_PORT: `${port}`, REELAY_PUBLIC_URL: `http://127.0.0.1:${port}` });
});
after(async () => {
  await stage.close();
  await simulator.dispose();
});
beforeEach(async () => {
  for (const name of routes) {
    await changeProvider(stage.gateway, name, { enabled: false });
    await removeProvider(stage.gateway.store, name);
  }
  routes = [];
  upstream = simulator.namespace({ runMs: 50 });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const KEYS: Readonly<Record<string, Record<string, string>>> = {
  kling: { api_key: 'kling-key' },
  fal: { api_key: 'id:secret' },
  higgsfield: { api_key: 'id:secret' },
};

/** Sets a provider up on the simulator, and waits until the gateway knows. */
async function setUp(provider: string, more: { concurrency?: number } = {}): Promise<void> {
  const name = `${provider}-${upstream.name.slice(1, 9)}`;
  const signed: Record<string, string> =
    provider === 'kling' ? { webhook_secret: upstream.secrets().kling } : {};
  const credential = { ...KEYS[provider], ...signed, base_url: upstream.baseUrl(provider) };
  await addProvider(stage.gateway, { name, provider, credential, ...more });
  routes.push(name);
  const known = await stage.gateway.routes();
  for (;;) {
    const all = (await known.all()).map((one) => one.name);
    if (routes.every((one) => all.includes(one)) && all.length === routes.length + 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ordered(customer: Customer, prompt: string, more: object = {}): Promise<TaskId> {
  const reply = await generate(customer, prompt, more);
  const body = (await reply.json()) as { data: { taskId: TaskId } };
  assert.equal(reply.status, 200, JSON.stringify(body));
  return body.data.taskId;
}

function generate(customer: Customer, prompt: string, more: object): Promise<Response> {
  const body = JSON.stringify({
    input: { mode: 'text-to-video', prompt, duration: 5, sound: false, aspect_ratio: '16:9' },
    ...more,
  });
  const url = `${stage.gateway.address}/api/v1/generateTask/kling-2-6`;
  return fetch(url, { method: 'POST', headers: customer.headers, body });
}

async function over(task: TaskId) {
  for (;;) {
    const now = await stage.gateway.store.summary(task);
    if (now?.completedAt) return now;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const events = async (task: TaskId) => (await stage.gateway.store.timeline(task)).map((entry) => entry.event);
const tried = async (task: TaskId) => (await stage.gateway.store.task(task))?.tried ?? [];
const balance = (customer: Customer) => stage.gateway.store.balance(customer.key.wallet);
const live = () => stage.customer({ sandbox: false, credits: 1_000 });

test('a live key: ordered at Kling, told by its callback, copied, charged, billed once', async () => {
  await setUp('kling');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  const done = await over(task);
  assert.ok(done.state.name === 'succeeded', JSON.stringify(done.state));
  assert.deepEqual(await balance(customer), { available: 945, held: 0 });
  assert.deepEqual([upstream.ledger().total.billed, upstream.ledger().duplicates], [1, []]);
  const file = done.state.files[0];
  assert.ok(file);
  const bytes = await stage.gateway.files.stat(file.id);
  assert.equal(bytes?.bytes, file.bytes);
});

test('auto: fal fails the film, and Kling makes it on the same hold', async () => {
  await setUp('fal');
  await setUp('kling');
  upstream.script('fail internal format=fal');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  assert.equal((await over(task)).state.name, 'succeeded');
  assert.deepEqual(
    (await tried(task)).map(({ route, reason }) => [route.split('-')[0], reason]),
    [['fal', 'internal']],
  );
  const attempts = (await stage.gateway.store.timeline(task)).filter(({ event }) => event === 'attempted');
  assert.match(JSON.stringify(attempts[1]?.detail), /"passedOver":.*was tried already/);
  const { byFormat } = upstream.ledger();
  assert.deepEqual([byFormat.fal?.accepted, byFormat.kling?.billed], [1, 1]);
  assert.deepEqual(await balance(customer), { available: 945, held: 0 });
});

test('value never reaches the official one: where value fails the task fails, refunded', async () => {
  await setUp('fal');
  await setUp('kling');
  upstream.script('fail internal format=fal');
  const customer = await live();
  const task = await ordered(customer, 'a red kite', { provider: 'value' });
  assert.equal((await over(task)).state.name, 'failed');
  assert.equal(upstream.ledger().byFormat.kling, undefined);
  assert.deepEqual(await balance(customer), { available: 1_000, held: 0 });
});

test('value with an official provider only is refused, and nothing is held', async () => {
  await setUp('kling');
  const customer = await live();
  const reply = await generate(customer, 'a red kite', { provider: 'value' });
  assert.equal(reply.status, 503);
  assert.deepEqual(await balance(customer), { available: 1_000, held: 0 });
});

test('a submit whose answer is lost is looked up, made once and billed once', async () => {
  await setUp('kling');
  upstream.script('reset headers on=submit times=1');
  upstream.script('callback none');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  assert.equal((await over(task)).state.name, 'succeeded');
  const happened = await events(task);
  assert.ok(happened.includes('doubted') && happened.includes('found'), happened.join());
  const { total, duplicates } = upstream.ledger();
  assert.deepEqual([total.accepted, total.billed, duplicates], [1, 1, []]);
});

test('one whose answer is lost at an upstream that knows keys is sent again under its key, and billed once', async () => {
  await setUp('higgsfield');
  upstream.script('reset headers on=submit times=1');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  assert.equal((await over(task)).state.name, 'succeeded');
  const happened = await events(task);
  assert.equal(happened.filter((one) => one === 'attempted').length, 1);
  assert.ok(happened.includes('found'), happened.join());
  const { total, duplicates } = upstream.ledger();
  assert.deepEqual([total.accepted, total.billed, duplicates], [1, 1, []]);
});

test('one whose answer is lost where nobody can look is adopted from its callback', async () => {
  await setUp('fal');
  upstream.script('reset headers on=submit times=1');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  assert.equal((await over(task)).state.name, 'succeeded');
  assert.ok((await events(task)).includes('found'));
  const { total, duplicates } = upstream.ledger();
  assert.deepEqual([total.accepted, total.billed, duplicates], [1, 1, []]);
});

test('an upstream that gives two tasks one job is not believed', async () => {
  await setUp('kling');
  const customer = await live();
  const first = await ordered(customer, 'a red kite');
  await over(first);
  upstream.script('duplicate-id times=1');
  const second = await ordered(customer, 'a blue kite');
  assert.equal((await over(second)).state.name, 'succeeded');
  assert.ok((await events(second)).includes('doubted'));
  assert.equal(upstream.ledger().total.accepted, 2);
});

test('what is refused for its content is no other provider’s business: failed and refunded', async () => {
  await setUp('fal');
  await setUp('kling');
  upstream.script('fail content format=fal');
  const customer = await live();
  const task = await ordered(customer, 'a red kite');
  const done = await over(task);
  assert.ok(done.state.name === 'failed');
  assert.equal(done.state.failure.code, 'content_violation');
  assert.equal(upstream.ledger().byFormat.kling, undefined);
  assert.deepEqual(await balance(customer), { available: 1_000, held: 0 });
});

test('a full upstream queues: never more at a time than it takes, and all films are made', async () => {
  await setUp('kling', { concurrency: 2 });
  upstream.settings({ concurrency: 2, runMs: 300 });
  const customer = await live();
  const tasks = await Promise.all(
    Array.from({ length: 5 }, (_, index) => ordered(customer, `kite ${index}`)),
  );
  for (const task of tasks) assert.equal((await over(task)).state.name, 'succeeded');
  const { total } = upstream.ledger();
  assert.deepEqual([total.received, total.billed], [5, 5], 'nobody was turned away');
});

test('a stranger’s callback is told nothing and changes nothing', async () => {
  await setUp('kling');
  const customer = await live();
  upstream.script('hang run');
  const task = await ordered(customer, 'a red kite');
  const [name = ''] = routes;
  for (const path of [
    `${name}/${task}`,
    `${name}/${task}?t=forged`,
    `nobody/${task}?t=x`,
    `${name}/nothing?t=x`,
  ]) {
    const reply = await fetch(`${stage.gateway.address}/callbacks/${path}`, { method: 'POST', body: '{}' });
    assert.equal(reply.status, 404, path);
  }
  while ((await stage.gateway.store.summary(task))?.state.name !== 'running') {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const [job] = upstream.jobs();
  assert.ok(upstream.finish(job?.id ?? '', null));
  assert.equal((await over(task)).state.name, 'succeeded');
});

test('after all this every law holds', async () => {
  assert.deepEqual(await stage.gateway.store.audit(), []);
});
