import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Trouble } from '../../src/core/failure.ts';
import { replicate } from '../../src/providers/replicate.ts';
import { attempt, describeProvider, NOW, REFERENCE, type Wire, withUpstream } from './contract.ts';

const wire: Wire = {
  provider: replicate,
  credential: { api_token: 'r8_canary_0123' },
  isBillable: (seen) => seen.method === 'POST' && seen.path.endsWith('/predictions'),
  idPath: ['id'],
  handle: { id: 'pr1abc' },
  unbilled: (_seen, url) => ({ status: 201, body: { id: 'f1', urls: { get: `${url}/files/f1` } } }),
};

describeProvider(wire);

test('a doubtful submit is found on Replicate by its callback address, and never proven absent', async () => {
  const ours = {
    id: 'pr2',
    status: 'starting',
    webhook: `https://gw.example/callbacks/${REFERENCE}?token=t`,
  };
  const other = { id: 'pr3', status: 'starting', webhook: 'https://gw.example/callbacks/task_other' };
  await withUpstream(
    wire,
    () => ({ status: 200, body: { results: [other, ours] } }),
    async (upstream) => {
      assert.deepEqual(await replicate.find?.(attempt, upstream), { id: 'pr2' });
    },
  );
  for (const body of [{ results: [other, { id: 'pr4' }] }, { results: [] }, '<html>', { results: [{}] }]) {
    await withUpstream(
      wire,
      () => ({ status: 200, body }),
      async (upstream) => {
        await assert.rejects(replicate.find?.(attempt, upstream) ?? Promise.resolve(), Trouble);
      },
    );
  }
});

test('Replicate says itself whether a prediction was stopped', async () => {
  const outcomes: [status: number, said: string, expected: 'stopped' | 'too_late'][] = [
    [200, 'canceled', 'stopped'],
    [200, 'aborted', 'stopped'],
    [200, 'processing', 'too_late'],
    [200, 'succeeded', 'too_late'],
    [404, 'canceled', 'too_late'],
  ];
  for (const [status, said, expected] of outcomes) {
    await withUpstream(
      wire,
      () => ({ status, body: { id: 'pr1abc', status: said } }),
      async (upstream) => {
        assert.equal(await replicate.cancel?.(wire.handle, upstream), expected);
      },
    );
  }
});

test('Replicate callbacks are verified with the secret it gives out, their time included', async () => {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
  const body = JSON.stringify({
    id: 'pr1abc',
    status: 'succeeded',
    output: 'https://replicate.delivery/o.mp4',
  });
  const signature = new Webhook(secret).sign('msg_1', new Date(NOW), body);
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW / 1000),
    'webhook-signature': signature,
  };
  const genuine = { headers, body, receivedAt: NOW };
  assert.deepEqual(replicate.callback?.(genuine, secret), { handle: { id: 'pr1abc' }, reference: null });
  assert.equal(replicate.callback?.({ ...genuine, receivedAt: NOW + 301_000 }, secret), null);
  assert.equal(replicate.callback?.({ ...genuine, body: body.replace('pr1', 'pr2') }, secret), null);
  assert.equal(replicate.callback?.(genuine, null), null);
  await withUpstream(
    wire,
    () => ({ status: 200, body: { key: secret } }),
    async (upstream) => {
      assert.equal(await replicate.callbackKey?.(upstream), secret);
    },
  );
});
