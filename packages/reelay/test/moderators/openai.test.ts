import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { ModerationUnavailable } from '../../src/core/ports/world.ts';
import { createOpenAiModerator } from '../../src/moderators/openai.ts';
import { openNet } from '../../src/net/open.ts';
import { anOrder } from '../world.ts';

/** What the service is asked, and what it answers next. */
const asked: { path: string; authorization: string | undefined; body: { model: string; input: string } }[] =
  [];
let answer = { status: 200, body: '' };

const server = createServer((request, reply) => {
  let text = '';
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  request.on('end', () => {
    asked.push({
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: JSON.parse(text),
    });
    reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
});
const net = openNet({ clock: systemClock, allowHosts: [], allowPrivateNetwork: false, publicUrl: null });

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(async () => {
  server.close();
  server.closeAllConnections();
  await net.close();
});

function moderator() {
  const { port } = server.address() as AddressInfo;
  const upstream = net.upstream({
    baseUrl: `http://127.0.0.1:${port}/v1`,
    credential: {},
    secrets: [],
    callbackUrl: () => null,
  });
  const headers = { authorization: 'Bearer moderation-key' };
  return createOpenAiModerator((request) => upstream.call({ ...request, headers }), 'omni-moderation-latest');
}

test('the prompt is sent as OpenAI documents it, and what is not flagged passes', async () => {
  answer = {
    status: 200,
    body: JSON.stringify({ results: [{ flagged: false, categories: { violence: false } }] }),
  };
  assert.deepEqual(await moderator().judge(anOrder({ prompt: 'a calm sea' })), { allowed: true });
  assert.deepEqual(asked.at(-1), {
    path: '/v1/moderations',
    authorization: 'Bearer moderation-key',
    body: { model: 'omni-moderation-latest', input: 'a calm sea' },
  });
});

test('what is flagged is refused, with the categories for the operator', async () => {
  const categories = { violence: true, hate: false, 'violence/graphic': true };
  answer = { status: 200, body: JSON.stringify({ results: [{ flagged: true, categories }] }) };
  const verdict = await moderator().judge(anOrder({ prompt: 'x' }));
  assert.deepEqual(verdict, { allowed: false, reason: 'violence, violence/graphic' });
});

test('a service that fails or talks nonsense judges nothing: the order waits', async () => {
  for (const wrong of [
    { status: 500, body: '{"error":{}}' },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"results":[]}' },
    { status: 429, body: '{"results":[{"flagged":false}]}' },
  ]) {
    answer = wrong;
    await assert.rejects(moderator().judge(anOrder({ prompt: 'x' })), ModerationUnavailable, wrong.body);
  }
});

test('a service that is not there judges nothing either', async () => {
  const upstream = net.upstream({
    baseUrl: 'http://127.0.0.1:1/v1',
    credential: {},
    secrets: [],
    callbackUrl: () => null,
  });
  const judge = createOpenAiModerator((request) => upstream.call(request), 'm');
  await assert.rejects(judge.judge(anOrder({ prompt: 'x' })), ModerationUnavailable);
});
