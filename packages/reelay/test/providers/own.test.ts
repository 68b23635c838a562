import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Json } from '../../src/core/values.ts';
import { comfyui } from '../../src/providers/comfyui.ts';
import { filled } from '../../src/providers/comfyui.wire.ts';
import { openaiVideos } from '../../src/providers/openai-videos.ts';
import {
  attempt,
  describeProvider,
  FIRST_FRAME,
  fixture,
  jobOf,
  type Wire,
  withUpstream,
} from './contract.ts';
import type { Answer, Seen } from './peer.ts';

const WAN = { model: 'wan-2-2' };
const ID = (await fixture<{ body: { prompt_id: string } }>('comfyui', 'accepted')).body.prompt_id;

const VIDEOS: Wire = {
  provider: openaiVideos,
  credential: { api_key: 'engine-canary-0123', served_model: 'Wan-AI/Wan2.2' },
  isBillable: (seen) => seen.method === 'POST',
  idPath: ['id'],
  handle: { id: 'video_gen_7' },
  order: WAN,
};

const WORKFLOW = {
  6: { class_type: 'CLIPTextEncode', inputs: { text: '{{prompt}}', clip: ['38', 0] } },
  55: {
    class_type: 'Wan22ImageToVideoLatent',
    inputs: { width: '{{width}}', height: '{{height}}', length: '{{frames}}', batch_size: 1 },
  },
  3: { class_type: 'KSampler', inputs: { seed: '{{seed}}' } },
  58: { class_type: 'SaveVideo', inputs: { filename_prefix: 'reelay/{{seconds}}s at {{fps}}' } },
};
const WITH_IMAGE = { ...WORKFLOW, 57: { class_type: 'LoadImage', inputs: { image: '{{image}}' } } };
const COMFY: Wire = {
  provider: comfyui,
  credential: { workflow_text: JSON.stringify(WORKFLOW), workflow_image: JSON.stringify(WITH_IMAGE) },
  isBillable: (seen) => seen.path === '/prompt',
  idPath: ['prompt_id'],
  handle: { id: ID },
  unbilled: () => ({ status: 200, body: { name: 'p.png', subfolder: 'reelay', type: 'input' } }),
  order: WAN,
};

describeProvider(VIDEOS);
describeProvider(COMFY);

test('SGLang is sent JSON, with a seed of its own and the picture as a data address', async () => {
  const wire = { ...VIDEOS, credential: { ...VIDEOS.credential, engine: 'sglang', fps: '24' } };
  const folder = await mkdtemp(join(tmpdir(), 'reelay-sglang-'));
  await writeFile(join(folder, 'picture.png'), 'picture');
  await withUpstream(
    wire,
    () => ({ status: 200, body: { id: 'v1' } }),
    async (upstream, peer) => {
      await openaiVideos.submit(jobOf(wire, FIRST_FRAME, folder), upstream);
      await openaiVideos.submit(jobOf(wire, {}, folder), upstream);
      const [image, text] = peer.seen.map((seen) => seen.json as Record<string, Json>);
      assert.equal(
        image?.reference_url,
        `data:image/png;base64,${Buffer.from('picture').toString('base64')}`,
      );
      assert.equal(text?.reference_url, undefined);
      assert.deepEqual([text?.seconds, text?.fps, text?.num_frames], [5, 24, 121]);
      assert.ok(Number.isInteger(text?.seed) && text?.seed !== 1024);
      assert.equal(peer.seen[0]?.headers['content-type'], 'application/json');
    },
  );
  await rm(folder, { recursive: true });
});

test('vLLM-Omni aborts what is deleted, SGLang only forgets it', async () => {
  const outcomes: [engine: string, status: number, expected: string][] = [
    ['vllm-omni', 200, 'stopped'],
    ['vllm-omni', 404, 'too_late'],
    ['sglang', 200, 'too_late'],
  ];
  for (const [engine, status, expected] of outcomes) {
    const wire = { credential: { ...VIDEOS.credential, engine } };
    await withUpstream(
      wire,
      () => ({ status, body: { id: 'video_gen_7', deleted: true } }),
      async (upstream, peer) => {
        assert.equal(await openaiVideos.cancel?.(VIDEOS.handle, upstream), expected);
        assert.deepEqual([peer.seen[0]?.method, peer.seen[0]?.path], ['DELETE', '/v1/videos/video_gen_7']);
      },
    );
  }
});

test('a result on an engine with a key is fetched with it', () => {
  assert.deepEqual(openaiVideos.resultHeaders?.({ api_key: 'k' }), { authorization: 'Bearer k' });
  assert.deepEqual(openaiVideos.resultHeaders?.({}), {});
});

test('what a customer writes cannot change a workflow', () => {
  const hostile = '"}, "9": {"class_type": "Evil"}, {{seed}} \\ {{prompt}}';
  const slots = { prompt: hostile, seed: 7 };
  const workflow =
    '{"1":{"a":"{{prompt}}","b":"at {{prompt}}!","c":"{{seed}}","d":"{{unknown}}","e":["{{seed}}"]}}';
  assert.deepEqual(filled(workflow, slots), {
    1: { a: hostile, b: `at ${hostile}!`, c: 7, d: '{{unknown}}', e: [7] },
  });
  for (const none of ['', 'null', '[]', '"{{prompt}}"', '{', '7']) assert.equal(filled(none, slots), null);
});

test('an order without its workflow is a trouble of this route', async () => {
  for (const [credential, order] of [
    [{ workflow_text: JSON.stringify(WORKFLOW) }, FIRST_FRAME],
    [{ workflow_text: 'oops' }, {}],
  ] as const) {
    await withUpstream(
      { credential },
      () => undefined,
      async (upstream, peer) => {
        const job = { ...jobOf(COMFY, order, ''), prepared: [] };
        await assert.rejects(comfyui.submit(job, upstream), { kind: 'internal' });
        assert.equal(peer.seen.length, 0);
      },
    );
  }
});

/** A ComfyUI with this job in one of its three places. */
function holding(place: 'pending' | 'running' | 'history' | 'nowhere') {
  const row = [[1, ID, {}, {}, []]];
  return (seen: Seen): Answer => {
    if (seen.path === '/queue' && seen.method === 'GET') {
      const queue_pending = place === 'pending' ? row : [];
      return { status: 200, body: { queue_running: place === 'running' ? row : [], queue_pending } };
    }
    const done = { outputs: {}, status: { status_str: 'success', completed: true, messages: [] } };
    if (seen.path.startsWith('/history/'))
      return { status: 200, body: place === 'history' ? { [ID]: done } : {} };
    return { status: 200, body: { prompt_id: ID } };
  };
}

test('what an earlier attempt left with ComfyUI is taken up, not rendered again', async () => {
  for (const place of ['pending', 'running', 'history', 'nowhere'] as const) {
    await withUpstream(COMFY, holding(place), async (upstream, peer) => {
      const again = { ...jobOf(COMFY, {}, ''), attempt: { ...attempt, number: 2 } };
      assert.deepEqual(await comfyui.submit(again, upstream), COMFY.handle);
      const sent = peer.seen.filter((seen) => seen.path === '/prompt').length;
      assert.equal(sent, place === 'nowhere' ? 1 : 0, place);
    });
  }
});

test('a look that fails before a repeated submit leaves nothing in doubt', async () => {
  await withUpstream(
    COMFY,
    (_seen, response) => void response.socket?.resetAndDestroy(),
    async (upstream) => {
      const again = { ...jobOf(COMFY, {}, ''), attempt: { ...attempt, number: 2 } };
      await assert.rejects(comfyui.submit(again, upstream), { kind: 'not_sent' });
    },
  );
});

test('ComfyUI is interrupted only while it is this job that runs', async () => {
  const outcomes = [
    ['pending', 'stopped', ['POST /queue']],
    ['running', 'stopped', ['POST /interrupt']],
    ['history', 'too_late', []],
    ['nowhere', 'too_late', []],
  ] as const;
  for (const [place, expected, posts] of outcomes) {
    await withUpstream(COMFY, holding(place), async (upstream, peer) => {
      assert.equal(await comfyui.cancel?.(COMFY.handle, upstream), expected);
      const sent = peer.seen
        .filter((seen) => seen.method === 'POST')
        .map((seen) => `${seen.method} ${seen.path}`);
      assert.deepEqual(sent, posts);
    });
  }
});
