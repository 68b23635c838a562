import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Provider } from '../../src/core/ports/provider.ts';
import type { Json } from '../../src/core/values.ts';
import { apixo } from '../../src/providers/apixo.ts';
import { higgsfield } from '../../src/providers/higgsfield.ts';
import { kie } from '../../src/providers/kie.ts';
import { piapi } from '../../src/providers/piapi.ts';
import { uploadsAt } from '../../src/providers/picture.ts';
import { rivya } from '../../src/providers/rivya.ts';
import {
  BOTH_FRAMES,
  describeProvider,
  FIRST_FRAME,
  jobOf,
  NOW,
  REFERENCE,
  type Wire,
  withUpstream,
} from './contract.ts';
import type { Answer } from './peer.ts';

const KIE: Wire = {
  provider: kie,
  credential: { api_key: 'kie-canary-0123' },
  isBillable: (seen) => seen.path.endsWith('/createTask'),
  idPath: ['data', 'taskId'],
  handle: { id: '281e5b0f39b9', at: NOW },
  unbilled: () => ({
    status: 200,
    body: { success: true, code: 200, data: { downloadUrl: 'https://tempfile.example.net/reelay/p.png' } },
  }),
};
const PIAPI: Wire = {
  provider: piapi,
  credential: { api_key: 'piapi-canary-0123' },
  isBillable: (seen) => seen.method === 'POST' && seen.path === '/api/v1/task',
  idPath: ['data', 'task_id'],
  handle: { id: '74e06c43' },
  unbilled: () => ({ status: 200, body: { code: 200, data: { url: 'https://img.example.net/p.png' } } }),
};
const HIGGSFIELD: Wire = {
  provider: higgsfield,
  credential: { api_key: 'canary-id:canary-secret' },
  isBillable: (seen) => seen.path.startsWith('/kling-video/'),
  idPath: ['request_id'],
  handle: { id: 'd7e6c0f3-6699-4f6c-bb45-2ad7fd9158ff' },
  unbilled: (seen, url) =>
    seen.method === 'PUT'
      ? { status: 200, body: '' }
      : {
          status: 200,
          body: {
            public_url: 'https://img.example.net/p.png',
            upload_url: `${url}/put/here?signature=s`,
            upload_headers: { 'x-amz-acl': 'private' },
          },
        },
};
const APIXO: Wire = {
  provider: apixo,
  credential: { api_key: 'apixo-canary-0123', strategy: 'value' },
  isBillable: (seen) => seen.method === 'POST',
  idPath: ['data', 'taskId'],
  handle: { id: 'task_9f31c0de' },
};
const RIVYA: Wire = {
  provider: rivya,
  credential: { api_key: 'rvya_sk_canary_0123' },
  isBillable: (seen) => seen.path.endsWith('/generations'),
  idPath: ['id'],
  handle: { id: 'task_kling_2_6_7781' },
  unbilled: () => ({ status: 200, body: { id: 'file_31', url: 'https://files.example.net/f_31.png' } }),
};

for (const wire of [KIE, PIAPI, HIGGSFIELD, APIXO, RIVYA]) describeProvider(wire);

test('kie may not know a task for a moment after it was made: that is not gone yet', async () => {
  const unknown = { status: 200, body: { code: 422, msg: 'recordInfo is null', data: null } };
  const outcomes = [
    [NOW - 1_000, 'running'],
    [NOW - 61_000, 'gone'],
  ] as const;
  for (const [at, expected] of outcomes) {
    await withUpstream(
      KIE,
      () => unknown,
      async (upstream) => {
        const [seen] = await kie.watch([{ id: '281e5b0f39b9', at }], upstream);
        assert.equal(seen?.is, expected);
      },
    );
  }
});

test('kie callbacks are signed by their id and time; their body is not believed', () => {
  const body = JSON.stringify({ code: 200, msg: 'ok', data: { taskId: '281e5b0f39b9', state: 'success' } });
  const timestamp = String(NOW / 1000);
  const sign = (text: string) => createHmac('sha256', 'hmac-key').update(text).digest('base64');
  const headers = {
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': sign(`281e5b0f39b9.${timestamp}`),
  };
  const genuine = { headers, body, receivedAt: NOW + 1 };
  const handle = { id: '281e5b0f39b9', at: NOW + 1 };
  assert.deepEqual(kie.callback?.(genuine, 'hmac-key'), { handle, reference: null });
  assert.deepEqual(kie.callback?.({ ...genuine, headers: {} }, null), { handle, reference: null });
  const forged = [
    { ...genuine, body: body.replace('281e', '282e') },
    { ...genuine, receivedAt: NOW + 301_000 },
    { ...genuine, headers: { ...headers, 'x-webhook-timestamp': 'NaN' } },
    { ...genuine, headers: { ...headers, 'x-webhook-signature': '' } },
    { ...genuine, headers: {} },
    { ...genuine, body: '{}' },
  ];
  for (const request of forged) assert.equal(kie.callback?.(request, 'hmac-key'), null);
  assert.equal(kie.callback?.(genuine, 'another'), null);
});

test('callbacks of upstreams that sign nothing name their job, or are none', () => {
  const told: [provider: Provider, body: Json, id: string][] = [
    [piapi, { timestamp: 1, data: { task_id: '74e06c43', status: 'completed' } }, '74e06c43'],
    [higgsfield, { request_id: 'r1', status: 'completed', payload: {} }, 'r1'],
    [apixo, { code: 200, message: 'success', data: { taskId: 'task_1', state: 'success' } }, 'task_1'],
  ];
  for (const [provider, body, id] of told) {
    const request = { headers: {}, body: JSON.stringify(body), receivedAt: NOW };
    assert.deepEqual(provider.callback?.(request, null)?.handle, { id });
    for (const text of ['', '{}', 'null', '<html>', '[]']) {
      assert.equal(provider.callback?.({ ...request, body: text }, null), null);
    }
  }
});

test('PiAPI gives back the secret that a submit gave it', async () => {
  const wire = { ...PIAPI, credential: { ...PIAPI.credential, webhook_secret: 'a-word-of-ours' } };
  const answer = { status: 200, body: { code: 200, data: { task_id: '74e06c43' } } };
  await withUpstream(
    wire,
    () => answer,
    async (upstream, peer) => {
      await piapi.submit(jobOf(wire, {}, ''), upstream);
      assert.match(peer.seen[0]?.bytes.toString() ?? '', /"secret":"a-word-of-ours"/);
      assert.equal(await piapi.callbackKey?.(upstream), 'a-word-of-ours');
    },
  );
  const body = JSON.stringify({ data: { task_id: '74e06c43' } });
  const read = (headers: Record<string, string>) =>
    piapi.callback?.({ headers, body, receivedAt: NOW }, 'a-word-of-ours') ?? null;
  assert.deepEqual(read({ 'x-webhook-secret': 'a-word-of-ours' })?.handle, { id: '74e06c43' });
  assert.equal(read({ 'x-webhook-secret': 'another' }), null);
  assert.equal(read({}), null);
});

test('APIXO is handed the customer’s own address of a picture, never this gateway’s', async () => {
  const inline = [{ role: 'first_frame', mimeType: 'image/png', base64: 'AA==' }];
  const outcomes = [
    ['https://pictures.example.net/kite.png', 'https://pictures.example.net/kite.png'],
    [FIRST_FRAME.media?.[0]?.url ?? '', 'data:image/png;base64,AA=='],
  ] as const;
  for (const [url, sent] of outcomes) {
    const order = { ...FIRST_FRAME, media: [{ role: 'first_frame', kind: 'image', url }] } as const;
    const answer = { status: 200, body: { code: 200, message: 'success', data: { taskId: 'a' } } };
    await withUpstream(
      APIXO,
      () => answer,
      async (upstream, peer) => {
        const job = { ...jobOf(APIXO, order, ''), prepared: inline };
        await apixo.submit(job, upstream);
        const body = peer.seen[0]?.json as { input: { image_urls: string[] } };
        assert.deepEqual(body.input.image_urls, [sent]);
      },
    );
  }
});

test('submits that may be repeated carry a key derived from the task', async () => {
  for (const wire of [HIGGSFIELD, RIVYA]) {
    const answer = { status: 200, body: { id: 'a', request_id: 'a', status: 'queued' } };
    await withUpstream(
      wire,
      () => answer,
      async (upstream, peer) => {
        const job = jobOf(wire, {}, '');
        await wire.provider.submit(job, upstream);
        await wire.provider.submit({ ...job, attempt: { ...job.attempt, number: 2 } }, upstream);
        const [first, second] = peer.seen;
        assert.equal(first?.headers['idempotency-key'], REFERENCE);
        assert.deepEqual(first?.bytes, second?.bytes);
        assert.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key']);
      },
    );
  }
});

test('a credential does not follow a file to where it is put', async () => {
  const { credential } = HIGGSFIELD;
  const answers = (seen: { method: string }, url: string): Answer =>
    HIGGSFIELD.unbilled?.(seen as never, url) ?? { status: 500, body: '' };
  let open = '';
  await withUpstream(
    HIGGSFIELD,
    (seen) => answers(seen, open),
    async (upstream, peer) => {
      open = peer.url;
      const folder = await mkdtemp(join(tmpdir(), 'reelay-put-'));
      await writeFile(join(folder, 'picture.png'), 'picture');
      await higgsfield.prepare?.(jobOf(HIGGSFIELD, BOTH_FRAMES, folder), upstream);
      await rm(folder, { recursive: true });
      const puts = peer.seen.filter((seen) => seen.method === 'PUT');
      assert.equal(puts.length, 2);
      for (const { headers, bytes } of puts) {
        assert.ok(!JSON.stringify(headers).includes(credential.api_key ?? '?'));
        assert.deepEqual([headers['content-type'], headers['x-amz-acl']], ['image/png', 'private']);
        assert.equal(bytes.toString(), 'picture');
      }
    },
  );
});

test('PiAPI makes no film with both sound and a last frame, so it is never asked', async () => {
  await withUpstream(
    PIAPI,
    () => undefined,
    async (upstream, peer) => {
      const job = jobOf(PIAPI, { ...BOTH_FRAMES, sound: true }, '');
      await assert.rejects(piapi.submit(job, upstream), { kind: 'internal' });
      assert.equal(peer.seen.length, 0);
    },
  );
});

test('what may be taken back is', async () => {
  const outcomes: [wire: Wire, method: string, path: RegExp, status: number, expected: string][] = [
    [PIAPI, 'DELETE', /\/api\/v1\/task\/74e06c43$/, 200, 'stopped'],
    [PIAPI, 'DELETE', /\/api\/v1\/task\/74e06c43$/, 400, 'too_late'],
    [HIGGSFIELD, 'POST', /\/requests\/d7e6c0f3[0-9a-f-]+\/cancel$/, 202, 'stopped'],
    [HIGGSFIELD, 'POST', /\/requests\/d7e6c0f3[0-9a-f-]+\/cancel$/, 400, 'too_late'],
  ];
  for (const [wire, method, path, status, expected] of outcomes) {
    await withUpstream(
      wire,
      () => ({ status, body: {} }),
      async (upstream, peer) => {
        assert.equal(await wire.provider.cancel?.(wire.handle, upstream), expected);
        assert.equal(peer.seen[0]?.method, method);
        assert.match(peer.seen[0]?.path ?? '', path);
      },
    );
  }
});

test('uploads go where the operator says, or to the upstream’s own, or below the address that stands in for it', () => {
  const own = { base: 'https://api.example.net', uploads: 'https://files.example.net' };
  assert.equal(uploadsAt({}, own), 'https://files.example.net');
  assert.equal(uploadsAt({ base_url: own.base, upload_url: '' }, own), 'https://files.example.net');
  assert.equal(uploadsAt({ base_url: 'http://127.0.0.1:9000' }, own), '');
  assert.deepEqual(kie.addresses?.({}), ['https://kieai.redpandaai.co']);
  assert.deepEqual(piapi.addresses?.({ base_url: 'http://127.0.0.1:9000' }), []);
  assert.equal(
    uploadsAt({ base_url: own.base, upload_url: 'http://10.0.0.1/up/' }, own),
    'http://10.0.0.1/up',
  );
});
