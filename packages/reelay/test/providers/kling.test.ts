import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { Trouble } from '../../src/core/failure.ts';
import type { Provider } from '../../src/core/ports/provider.ts';
import type { Json } from '../../src/core/values.ts';
import { kling } from '../../src/providers/kling.ts';
import { klingLegacy } from '../../src/providers/kling-legacy.ts';
import {
  attempt,
  BOTH_FRAMES,
  describeProvider,
  jobOf,
  NOW,
  REFERENCE,
  type Wire,
  withUpstream,
} from './contract.ts';
import type { Seen } from './peer.ts';

const ID = '900000000000000001';
const NOTHING = { status: 200, body: { code: 0, message: 'SUCCEED', data: [] } };
const UNKNOWN = { status: 400, body: { code: 1201, message: 'Task not found', request_id: 'rq-3' } };

const newGeneration: Wire = {
  provider: kling,
  credential: { api_key: 'api-key-kling-canary' },
  isBillable: (seen) => seen.method === 'POST' && seen.path.includes('-to-video/'),
  idPath: ['data', 'id'],
  handle: { id: ID, reference: REFERENCE },
  unbilled: () => NOTHING,
};
const oldGeneration: Wire = {
  provider: klingLegacy,
  credential: { access_key: 'AK-canary-0123', secret_key: 'SK-canary-0123' },
  isBillable: (seen) => seen.method === 'POST',
  idPath: ['data', 'task_id'],
  handle: { id: ID, kind: 'text2video' },
  unbilled: () => UNKNOWN,
};

describeProvider(newGeneration);
describeProvider({ ...oldGeneration, pictureHandle: { id: ID, kind: 'image2video' } });

/** Prepared without a file: what a flow would hand over. */
const pictures = (wire: Wire) => ({
  ...jobOf(wire, BOTH_FRAMES, '/nowhere'),
  prepared: BOTH_FRAMES.media?.map(({ role }) => ({ role, mimeType: 'image/png', base64: 'AA==' })) ?? [],
});

describe('both generations of Kling', () => {
  const cases: [wire: Wire, found: (id: string | number) => Json][] = [
    [newGeneration, (id) => [{ id, status: 'submitted', external_id: REFERENCE }]],
    [oldGeneration, (id) => ({ task_id: id, task_status: 'submitted' })],
  ];
  for (const [wire, found] of cases) {
    const { provider } = wire;
    const name = provider.name;

    test(`${name}: sound and a last frame exclude each other, so it is never asked for both`, async () => {
      await withUpstream(
        wire,
        () => undefined,
        async (upstream, peer) => {
          const job = pictures(wire);
          const both = { ...job, order: { ...job.order, sound: true } };
          await assert.rejects(provider.submit(both, upstream), { kind: 'internal' });
          assert.equal(peer.seen.length, 0);
        },
      );
    });

    test(`${name}: a reference that was used before is looked up before anything fails`, async () => {
      const answer = (seen: Seen) =>
        wire.isBillable(seen)
          ? UNKNOWN
          : { status: 200, body: { code: 0, message: 'SUCCEED', data: found(ID) } };
      await withUpstream(wire, answer, async (upstream, peer) => {
        assert.deepEqual(await provider.submit(jobOf(wire, {}, ''), upstream), wire.handle);
        assert.equal(peer.seen.filter((seen) => wire.isBillable(seen)).length, 1);
      });
    });

    test(`${name}: where that look comes to nothing, the submit is in doubt`, async () => {
      const answer = (seen: Seen) => (wire.isBillable(seen) ? UNKNOWN : { status: 502, body: '' });
      await withUpstream(wire, answer, async (upstream) => {
        await assert.rejects(provider.submit(jobOf(wire, {}, ''), upstream), { kind: 'doubtful' });
      });
    });

    test(`${name}: an answer for another reference is nobody's`, async () => {
      const other = {
        id: ID,
        task_id: ID,
        external_id: 'task_other',
        task_info: { external_task_id: 'task_other' },
      };
      const answer = () => ({ status: 200, body: { code: 0, message: 'SUCCEED', data: other } });
      await withUpstream(wire, answer, async (upstream) => {
        await assert.rejects(provider.submit(jobOf(wire, {}, ''), upstream), { kind: 'doubtful' });
      });
    });

    test(`${name}: a doubtful submit is found by our reference, not found, or neither`, async () => {
      const outcomes: [body: unknown, expected: Json | 'trouble'][] = [
        [{ code: 0, message: 'SUCCEED', data: found(ID) }, wire.handle],
        ['{"code":0,"data":'.concat(JSON.stringify(found(0)).replace(':0,', `:${ID},`), '}'), wire.handle],
        [wire.unbilled?.(undefined as never, '').body, null],
        ['<html>', 'trouble'],
        [{ code: 5000, message: 'Internal error' }, 'trouble'],
        [{ code: 1303, message: 'parallel task over resource pack limit' }, 'trouble'],
        [{ code: 0, message: 'SUCCEED', data: [{ name: 'no task' }] }, 'trouble'],
      ];
      for (const [body, expected] of outcomes) {
        await withUpstream(
          wire,
          () => ({ status: 200, body }),
          async (upstream, peer) => {
            const looked = provider.find?.(attempt, upstream);
            if (expected === 'trouble') await assert.rejects(looked ?? Promise.resolve(), Trouble);
            else assert.deepEqual(await looked, expected);
            assert.ok(peer.seen.every((seen) => seen.method === 'GET' && seen.path.includes(REFERENCE)));
          },
        );
      }
    });

    test(`${name}: ids beyond 2^53 that come as numbers are not rounded`, async () => {
      const text = JSON.stringify({ code: 0, message: 'SUCCEED', data: { id: 0, task_id: 0 } });
      const body = text.replaceAll(':0', `:${ID}`).replace(`"code":${ID}`, '"code":0');
      await withUpstream(
        wire,
        () => ({ status: 200, body }),
        async (upstream) => {
          assert.deepEqual(await provider.submit(jobOf(wire, {}, ''), upstream), wire.handle);
        },
      );
    });

    callbacks(provider);
  }
});

test('Kling is asked for 100 jobs a call, and one that it refuses does not hide the others', async () => {
  const ids = Array.from({ length: 250 }, (_, at) => `${900_000_000_000_000_000n + BigInt(at)}`);
  const handles = ids.map((id) => ({ id, reference: `task_${id}` }));
  const bad = ids[123] ?? '';
  const answer = (seen: Seen) => {
    const asked = new URL(seen.path, 'http://x').searchParams;
    const batch = (asked.get('task_ids') ?? '').split(',').filter((id) => id !== '');
    if (batch.includes(bad)) return UNKNOWN;
    const rows = batch.map((id) => ({ id, status: 'processing', external_id: `task_${id}` }));
    // Answered in another order than asked.
    return { status: 200, body: { code: 0, message: 'SUCCEED', data: rows.reverse() } };
  };
  await withUpstream(newGeneration, answer, async (upstream, peer) => {
    const seen = await kling.watch(handles, upstream);
    assert.equal(seen.filter((one) => one.is === 'running').length, 249);
    assert.deepEqual(seen[123], { is: 'gone' });
    assert.ok(peer.seen.length < 20, `${peer.seen.length} calls`);
    const whole = handles.filter(({ id }) => id !== bad);
    const before = peer.seen.length;
    await kling.watch(whole, upstream);
    assert.equal(peer.seen.length - before, 3);
  });
});

test('a batch that comes to nothing does not hide the others, and one that asks for rest is the last', async () => {
  const handles = Array.from({ length: 2000 }, (_, at) => ({ id: `${at}`, reference: `task_${at}` }));
  const cases = [
    [{ status: 502, body: '' }, 20],
    [{ status: 429, body: { code: 1302, message: 'Too many requests' } }, 8],
  ] as const;
  for (const [refused, callsMax] of cases) {
    let calls = 0;
    const answer = (seen: Seen) => {
      calls += 1;
      if (calls === 1) return refused;
      const asked = new URL(seen.path, 'http://x').searchParams.get('task_ids') ?? '';
      const rows = asked.split(',').map((id) => ({ id, status: 'failed', message: '' }));
      return { status: 200, body: { code: 0, message: 'SUCCEED', data: rows } };
    };
    await withUpstream(newGeneration, answer, async (upstream) => {
      const seen = await kling.watch(handles, upstream);
      assert.equal(seen.length, 2000);
      assert.equal(seen.filter((one) => one.is === 'running').length, 2000 - (calls - 1) * 100);
      assert.ok(calls <= callsMax, `${calls} calls`);
    });
  }
});

test('the old generation is spoken to with a token of AccessKey and SecretKey', async () => {
  await withUpstream(
    oldGeneration,
    () => UNKNOWN,
    async (upstream, peer) => {
      await klingLegacy.find?.(attempt, upstream);
      const token = String(peer.seen[0]?.headers.authorization).replace('Bearer ', '');
      const [header = '', claims = '', signature] = token.split('.');
      const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
      assert.deepEqual(read(header), { alg: 'HS256', typ: 'JWT' });
      const seconds = NOW / 1000;
      assert.deepEqual(read(claims), { iss: 'AK-canary-0123', exp: seconds + 1800, nbf: seconds - 5 });
      const expected = createHmac('sha256', 'SK-canary-0123')
        .update(`${header}.${claims}`)
        .digest('base64url');
      assert.equal(signature, expected);
    },
  );
});

test('the old generation is asked for a job that only a callback told of, whatever its kind', async () => {
  const answer = (seen: Seen) =>
    seen.path.includes('image2video')
      ? {
          status: 200,
          body: { code: 0, message: 'SUCCEED', data: { task_id: ID, task_status: 'processing' } },
        }
      : UNKNOWN;
  await withUpstream(oldGeneration, answer, async (upstream) => {
    const seen = await klingLegacy.watch([{ id: ID, kind: null }], upstream);
    assert.deepEqual(seen, [{ is: 'running', progress: null }]);
  });
});

/** Kling's official test vector (contract 1.4), and what must not pass for it. */
function callbacks(provider: Provider): void {
  const secret = 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=';
  const body =
    '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}';
  const headers = {
    'webhook-id': '9876543210',
    'webhook-timestamp': '1781080794',
    'webhook-signature': 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=',
  };
  const receivedAt = 1_781_080_794_000;
  const genuine = { headers, body, receivedAt };

  test(`${provider.name}: callbacks are verified against the official vector`, () => {
    const read = (request: typeof genuine, key: string | null) => provider.callback?.(request, key) ?? null;
    const handle =
      provider.name === 'kling' ? { id: '1234567890', reference: '' } : { id: '1234567890', kind: null };
    assert.deepEqual(read(genuine, secret), { handle, reference: null });
    const rotated = { ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` };
    assert.deepEqual(read({ ...genuine, headers: rotated }, secret)?.handle, handle);
    assert.equal(read({ ...genuine, body: `${body} ` }, secret), null);
    assert.equal(read({ ...genuine, receivedAt: receivedAt + 301_000 }, secret), null);
    assert.equal(read({ ...genuine, headers: { ...headers, 'webhook-signature': '' } }, secret), null);
    assert.equal(read({ ...genuine, headers: { ...headers, 'webhook-id': '1' } }, secret), null);
    assert.equal(read(genuine, 'whsec_b3RoZXI='), null);
    assert.equal(read({ ...genuine, body: '{}' }, null), null);
  });

  test(`${provider.name}: unsigned callbacks of both generations name their job`, () => {
    const bodies = [
      { id: ID, status: 'succeeded', external_id: REFERENCE },
      { task_id: ID, task_status: 'succeed', task_info: { external_task_id: REFERENCE } },
    ];
    for (const told of bodies) {
      const request = { headers: {}, body: JSON.stringify(told), receivedAt };
      assert.equal(provider.callback?.(request, null)?.reference, REFERENCE);
    }
  });
}
