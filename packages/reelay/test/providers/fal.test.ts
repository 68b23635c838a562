import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { fal } from '../../src/providers/fal.ts';
import { describeProvider, jobOf, NOW, type Wire, withUpstream } from './contract.ts';
import type { Seen } from './peer.ts';

const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b';
const wire: Wire = {
  provider: fal,
  credential: { api_key: 'canary-id:canary-secret' },
  isBillable: (seen) => seen.method === 'POST',
  idPath: ['request_id'],
  handle: { id: ID },
};

describeProvider(wire);

test('fal must not repeat a job on its own, and must not keep the film for ever', async () => {
  const accepted = { status: 200, body: { request_id: ID } };
  await withUpstream(
    wire,
    () => accepted,
    async (upstream, peer) => {
      await fal.submit(jobOf(wire, {}, ''), upstream);
      const headers = peer.seen[0]?.headers;
      assert.equal(headers?.['x-fal-no-retry'], '1');
      assert.equal(headers?.['x-fal-object-lifecycle-preference'], '{"expiration_duration_seconds":86400}');
      assert.equal(headers?.authorization, 'Key canary-id:canary-secret');
    },
  );
});

test('a fal request counts as stopped only once it neither runs nor is done', async () => {
  const outcomes: [cancel: [number, string], after: string, expected: 'stopped' | 'too_late'][] = [
    [[202, 'CANCELLATION_REQUESTED'], 'IN_QUEUE', 'stopped'],
    [[202, 'CANCELLATION_REQUESTED'], 'IN_PROGRESS', 'too_late'],
    [[202, 'CANCELLATION_REQUESTED'], 'COMPLETED', 'too_late'],
    [[400, 'ALREADY_COMPLETED'], 'COMPLETED', 'too_late'],
    [[404, 'NOT_FOUND'], '', 'too_late'],
  ];
  for (const [[status, said], after, expected] of outcomes) {
    const answer = (seen: Seen) =>
      seen.method === 'PUT' ? { status, body: { status: said } } : { status: 202, body: { status: after } };
    await withUpstream(wire, answer, async (upstream, peer) => {
      assert.equal(await fal.cancel?.(wire.handle, upstream), expected);
      assert.equal(peer.seen[0]?.path, `/fal-ai/kling-video/requests/${ID}/cancel`);
    });
  }
});

test('fal callbacks are signed with Ed25519 by one of its published keys', async () => {
  const pair = generateKeyPairSync('ed25519');
  const other = generateKeyPairSync('ed25519');
  const published = [other, pair].map((one) => one.publicKey.export({ format: 'jwk' }));
  const jwks = JSON.stringify({ keys: published });
  const body = JSON.stringify({
    request_id: ID,
    gateway_request_id: ID,
    status: 'OK',
    payload: { video: {} },
  });
  const timestamp = String(NOW / 1000);
  const signed = [ID, 'user-1', timestamp, createHash('sha256').update(body).digest('hex')].join('\n');
  const headers = {
    'x-fal-webhook-request-id': ID,
    'x-fal-webhook-user-id': 'user-1',
    'x-fal-webhook-timestamp': timestamp,
    'x-fal-webhook-signature': sign(null, Buffer.from(signed), pair.privateKey).toString('hex'),
  };
  const genuine = { headers, body, receivedAt: NOW + 10_000 };
  assert.deepEqual(fal.callback?.(genuine, jwks), { handle: { id: ID }, reference: null });
  const forged = [
    { ...genuine, body: body.replace('OK', 'ERROR') },
    { ...genuine, receivedAt: NOW + 301_000 },
    { ...genuine, receivedAt: NOW - 301_000 },
    { ...genuine, headers: { ...headers, 'x-fal-webhook-user-id': 'user-2' } },
    { ...genuine, headers: { ...headers, 'x-fal-webhook-timestamp': 'x' } },
    { ...genuine, headers: { ...headers, 'x-fal-webhook-signature': 'zz' } },
    { ...genuine, headers: {} },
  ];
  for (const request of forged) assert.equal(fal.callback?.(request, jwks), null);
  assert.equal(fal.callback?.(genuine, JSON.stringify({ keys: [published[0]] })), null);
  assert.equal(fal.callback?.(genuine, '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"no key"}]}'), null);
  assert.equal(fal.callback?.(genuine, '<html>'), null);
  assert.equal(fal.callback?.(genuine, null), null);
  await withUpstream(
    wire,
    () => ({ status: 200, body: jwks }),
    async (upstream, peer) => {
      assert.equal(await fal.callbackKey?.(upstream), jwks);
      assert.equal(peer.seen[0]?.path, '/.well-known/jwks.json');
      assert.equal(peer.seen[0]?.headers.authorization, undefined);
    },
  );
});
