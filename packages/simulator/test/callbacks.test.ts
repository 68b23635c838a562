import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { standardHeaders } from '../src/sign.ts';
import { startSimulator, type TestNamespace, type TestSimulator } from '../src/testing.ts';
import { CLIENTS, client } from './clients.ts';
import { at, type Message, receiver, request, text } from './tools.ts';

let simulator: TestSimulator;
before(async () => {
  simulator = await startSimulator({ settings: { queueMs: 1000, runMs: 1000 } });
});
after(() => simulator.dispose());

function frozen(): TestNamespace {
  const namespace = simulator.namespace();
  namespace.freeze();
  return namespace;
}

function header(message: Message, name: string): string {
  const value = message.headers[name];
  return typeof value === 'string' ? value : '';
}

function verifyStandard(secret: string, message: Message): unknown {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return new Webhook(secret).verify(
    message.raw,
    Object.fromEntries(names.map((name) => [name, header(message, name)])),
  );
}

/** Messages of one job of that client, after everything has been told. */
async function told(
  name: string,
  prompt: string,
  answers: readonly number[] = [],
): Promise<{ namespace: TestNamespace; messages: readonly Message[] }> {
  const namespace = frozen();
  const hook = await receiver(answers);
  const one = client(name);
  const made = await one.submit(namespace.baseUrl(one.format), { prompt, callbackUrl: `${hook.url}?t=1` });
  assert.ok(made.status < 300, made.text);
  await namespace.advance(5 * 3_600_000);
  hook.close();
  return { namespace, messages: hook.messages };
}

it('signs as Kling’s official example does', () => {
  const body =
    '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}';
  const secret = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';
  const headers = standardHeaders(secret, '9876543210', body, 1_781_080_794_151);
  assert.equal(headers['webhook-timestamp'], '1781080794');
  assert.equal(headers['webhook-signature'], 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=');
});

describe('messages', () => {
  it('of Kling: every change, bare tasks of both generations, signed once a secret was made', async () => {
    for (const name of ['kling, new generation', 'kling, old generation']) {
      const { namespace, messages } = await told(name, 'a');
      const words = messages.map((one) => text(one.json, 'status') || text(one.json, 'task_status'));
      assert.deepEqual(words, ['processing', name.includes('new') ? 'succeeded' : 'succeed']);
      for (const message of messages) verifyStandard(namespace.secrets().kling, message);
    }
    const namespace = frozen();
    namespace.settings({ klingSigns: false });
    const hook = await receiver();
    await client('kling, new generation').submit(namespace.baseUrl('kling'), {
      prompt: 'a',
      callbackUrl: hook.url,
    });
    await namespace.advance(5000);
    hook.close();
    assert.deepEqual(
      hook.messages.map((one) => header(one, 'webhook-signature')),
      ['', ''],
    );
  });

  it('of fal: Ed25519 over four lines, the key in the JWKS', async () => {
    const { namespace, messages } = await told('fal', 'a');
    const [message] = messages;
    assert.ok(message && messages.length === 1);
    const jwks = await request(`${namespace.baseUrl('fal')}/.well-known/jwks.json`);
    const x = text(jwks.json, 'keys', 0, 'x');
    const jwk: JsonWebKey = { kty: 'OKP', crv: 'Ed25519', x };
    const names = ['request-id', 'user-id', 'timestamp', 'signature'];
    const [id = '', user = '', seconds = '', signature = ''] = names.map((name) =>
      header(message, `x-fal-webhook-${name}`),
    );
    const hash = createHash('sha256').update(message.raw).digest('hex');
    const lines = Buffer.from([id, user, seconds, hash].join('\n'));
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    assert.ok(verify(null, lines, key, Buffer.from(signature, 'hex')));
    assert.deepEqual([text(message.json, 'status'), text(message.json, 'request_id')], ['OK', id]);
    const failed = await told('fal', '[sim:fail content]');
    assert.equal(text(failed.messages[0]?.json, 'status'), 'ERROR');
  });

  it('of Replicate: the prediction, Standard Webhooks', async () => {
    const { namespace, messages } = await told('replicate', 'a');
    const [message] = messages;
    assert.ok(message && messages.length === 1);
    verifyStandard(namespace.secrets().replicate, message);
    assert.equal(text(message.json, 'status'), 'succeeded');
  });

  it('of kie: the end only, and a signature that leaves the body out', async () => {
    const { namespace, messages } = await told('kie', '[sim:fail content]');
    const [message] = messages;
    assert.ok(message && messages.length === 1);
    const signed = `${text(message.json, 'data', 'taskId')}.${header(message, 'x-webhook-timestamp')}`;
    const digest = createHmac('sha256', namespace.secrets().kie).update(signed).digest('base64');
    assert.equal(header(message, 'x-webhook-signature'), digest);
    assert.equal(at(message.json, 'code'), 501);
  });

  it('of PiAPI carry the secret, those of Higgsfield and APIXO nothing', async () => {
    const piapi = await told('piapi', 'a');
    assert.equal(header(piapi.messages[0] ?? assert.fail(), 'x-webhook-secret'), 'hook-secret');
    const apixo = await told('apixo', 'a');
    assert.equal(text(apixo.messages[0]?.json, 'data', 'state'), 'success');
    const higgsfield = await told('higgsfield', '[sim:fail nsfw]');
    assert.equal(text(higgsfield.messages[0]?.json, 'status'), 'nsfw');
  });

  it('of Rivya go to registered endpoints', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('rivya');
    const hook = await receiver();
    const headers = { authorization: 'Bearer k' };
    const body = JSON.stringify({ name: 'n', url: hook.url, event_types: ['generation.succeeded'] });
    const endpoint = await request(`${base}/api/v1/webhooks`, { method: 'POST', headers, body });
    await client('rivya').submit(base, { prompt: 'a' });
    await namespace.advance(5000);
    hook.close();
    const [message] = hook.messages;
    assert.ok(message);
    verifyStandard(text(endpoint.json, 'signing_secret'), message);
    assert.equal(text(message.json, 'type'), 'generation.succeeded');
  });
});

describe('retries', () => {
  it('go on until they are taken, with the same id, within one move of the clock', async () => {
    const { messages } = await told(
      'fal',
      'a',
      Array.from({ length: 10 }, () => 500),
    );
    assert.equal(messages.length, 11);
    const { namespace, messages: kling } = await told('replicate', 'a', [500, 302, 429]);
    assert.equal(kling.length, 4);
    assert.equal(new Set(kling.map((one) => header(one, 'webhook-id'))).size, 1);
    for (const message of kling) verifyStandard(namespace.secrets().replicate, message);
    const statuses = namespace
      .journal()
      .filter((one) => one.operation === 'callback')
      .map((one) => one.status);
    assert.deepEqual(statuses, [500, 302, 429, 200]);
  });

  it('of Rivya last three days', async () => {
    const namespace = frozen();
    const base = namespace.baseUrl('rivya');
    const hook = await receiver(Array.from({ length: 20 }, () => 503));
    const headers = { authorization: 'Bearer k' };
    await request(`${base}/api/v1/webhooks`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ url: hook.url }),
    });
    await client('rivya').submit(base, { prompt: 'a' });
    const from = namespace.now();
    await namespace.advance(4 * 86_400_000);
    hook.close();
    assert.equal(hook.messages.length, 10);
    const sent = namespace.journal().filter((one) => one.operation === 'callback');
    const hours = ((sent.at(-1)?.at ?? 0) - from) / 3_600_000;
    assert.ok(hours > 72 && hours < 80, String(hours));
  });
});

describe('scripted messages', () => {
  it('come twice, with the same id', async () => {
    const { messages } = await told('replicate', '[sim:callback duplicate count=3]');
    assert.equal(messages.length, 3);
    assert.equal(new Set(messages.map((one) => header(one, 'webhook-id'))).size, 1);
  });

  it('come in the opposite order', async () => {
    const { messages } = await told('kling, new generation', '[sim:callback reversed]');
    assert.deepEqual(
      messages.map((one) => text(one.json, 'status')),
      ['succeeded', 'processing'],
    );
  });

  it('are forged, or stale', async () => {
    for (const fault of ['forged', 'stale']) {
      const { namespace, messages } = await told('replicate', `[sim:callback ${fault}]`);
      assert.throws(() => verifyStandard(namespace.secrets().replicate, messages[0] ?? assert.fail()));
    }
  });

  it('come before the submit is answered, lie, tell of nobody, or do not come', async () => {
    const early = await told('fal', '[sim:callback early]');
    const order = early.namespace.journal().map((one) => one.operation);
    assert.deepEqual(order, ['submit', 'callback', 'callback']);
    const lying = await told('apixo', '[sim:callback lie]');
    assert.equal(text(lying.messages[0]?.json, 'data', 'state'), 'failed');
    assert.equal(lying.namespace.jobs()[0]?.state, 'succeeded');
    const unknown = await told('apixo', '[sim:callback unknown]');
    assert.notEqual(text(unknown.messages[0]?.json, 'data', 'taskId'), unknown.namespace.jobs()[0]?.id);
    assert.equal((await told('apixo', '[sim:callback none]')).messages.length, 0);
  });

  it('can be sent again by hand', async () => {
    const namespace = frozen();
    const hook = await receiver();
    const kie = client('kie');
    const made = await kie.submit(namespace.baseUrl('kie'), { prompt: 'a', callbackUrl: hook.url });
    await namespace.advance(5000);
    assert.equal(namespace.callBack(kie.id(made.json)), 1);
    await namespace.advance(0);
    hook.close();
    assert.equal(hook.messages.length, 2);
  });
});

it('formats without callbacks send none', async () => {
  const silent = ['vllm', 'sglang', 'comfyui'];
  for (const [name, one] of CLIENTS)
    if (silent.includes(one.format)) assert.equal((await told(name, 'a')).messages.length, 0);
});
