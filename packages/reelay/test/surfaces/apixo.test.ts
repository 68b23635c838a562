import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURE_CODES, failure } from '../../src/core/failure.ts';
import type { SurfaceContext } from '../../src/core/ports/surface.ts';
import { isRefusal, refuse } from '../../src/core/refusal.ts';
import type { Json } from '../../src/core/values.ts';
import { apixo } from '../../src/surfaces/apixo.ts';
import { surfaceContract } from './contract.ts';
import { contextWith, FILM, taskIn, tasksInEveryState } from './tasks.ts';

/** The two requests of seed 001, as they stand there. */
const TEXT = {
  request_type: 'async',
  provider: 'value',
  input: {
    mode: 'text-to-video',
    prompt: 'a serene waterfall in the forest with birds chirping',
    duration: 10,
    sound: true,
    aspect_ratio: '16:9',
  },
};
const IMAGE = {
  request_type: 'callback',
  callback_url: 'https://your-server.com/callback',
  provider: 'official',
  input: {
    mode: 'image-to-video',
    prompt: 'animate this mountain view with moving clouds and wind sounds',
    duration: 5,
    sound: true,
    image_urls: ['https://example.com/ref.jpg'],
  },
};

surfaceContract({
  surface: apixo,
  params: { model: 'kling-2-6' },
  body: { ...IMAGE, input: { ...IMAGE.input, aspect_ratio: '9:16' } },
  depth: ['input'],
  unread: [],
  assertRefusal(body, status) {
    const { code, message, data, ...rest } = Object(body);
    assert.deepEqual({ code, data, rest }, { code: status, data: null, rest: {} });
    assert.ok(typeof message === 'string' && message !== '');
  },
});

const context = contextWith();

type Generate = Extract<(typeof apixo.routes)[number], { action: 'create' }>;
type Status = Extract<(typeof apixo.routes)[number], { action: 'status' }>;
const generate = apixo.routes.find((one): one is Generate => one.action === 'create');
const status = apixo.routes.find((one): one is Status => one.action === 'status');
assert.ok(generate && status);

function read(
  body: unknown,
  given: SurfaceContext = context,
  strategy: 'auto' | 'value' | 'official' = 'auto',
) {
  assert.ok(generate);
  return generate.read(
    { params: { model: 'kling-2-6' }, query: {}, body, caller: { strategy, sandbox: true } },
    given,
  );
}

function accepted(body: unknown, ...rest: [SurfaceContext?, ('auto' | 'value' | 'official')?]) {
  const input = read(body, ...rest);
  assert.ok(!isRefusal(input), JSON.stringify(input));
  return input;
}

function refusal(body: unknown, given?: SurfaceContext) {
  const input = read(body, given);
  assert.ok(isRefusal(input), `took ${JSON.stringify(body)}`);
  return input;
}

const text = (input: { readonly [key: string]: unknown }) => ({
  input: { mode: 'text-to-video', prompt: 'x', ...input },
});
const image = (input: { readonly [key: string]: unknown }) => ({
  input: { mode: 'image-to-video', prompt: 'x', image_urls: ['https://example.com/ref.jpg'], ...input },
});

describe('apixo: what generateTask takes, line by line of the seed', () => {
  const lines: readonly [
    line: string,
    body: unknown,
    expected: unknown,
    of: (input: ReturnType<typeof accepted>) => unknown,
  ][] = [
    [
      'Text-to-Video (the whole example)',
      TEXT,
      {
        model: 'kling-2-6',
        mode: 'text-to-video',
        prompt: TEXT.input.prompt,
        media: [],
        durationSeconds: 10,
        sound: true,
        resolution: null,
        aspectRatio: '16:9',
        strategy: 'value',
        extra: {},
      },
      ({ order }) => order,
    ],
    [
      'Image-to-Video (the whole example)',
      IMAGE,
      {
        model: 'kling-2-6',
        mode: 'image-to-video',
        prompt: IMAGE.input.prompt,
        durationSeconds: 5,
        sound: true,
        media: [{ role: 'first_frame', kind: 'image', url: 'https://example.com/ref.jpg' }],
        resolution: null,
        aspectRatio: null,
        strategy: 'official',
        extra: {},
      },
      ({ order }) => order,
    ],
    ['request_type string domyślnie:"async"', text({}), null, ({ callbackUrl }) => callbackUrl],
    [
      'async (polling) or callback (webhook)',
      IMAGE,
      'https://your-server.com/callback',
      ({ callbackUrl }) => callbackUrl,
    ],
    [
      'a callback_url beside async is not called',
      { ...TEXT, callback_url: 'https://...' },
      null,
      ({ callbackUrl }) => callbackUrl,
    ],
    ['provider string domyślnie:"auto"', text({}), 'auto', ({ order }) => order.strategy],
    [
      'Routing strategy: auto, value, or official',
      { ...text({}), provider: 'official' },
      'official',
      ({ order }) => order.strategy,
    ],
    ['text-to-video — Generate video from text', text({}), 'text-to-video', ({ order }) => order.mode],
    ['image-to-video — Generate video from image', image({}), 'image-to-video', ({ order }) => order.mode],
    ['1:1: Square, for social media (default)', text({}), '1:1', ({ order }) => order.aspectRatio],
    ['16:9: Landscape', text({ aspect_ratio: '16:9' }), '16:9', ({ order }) => order.aspectRatio],
    ['9:16: Portrait', text({ aspect_ratio: '9:16' }), '9:16', ({ order }) => order.aspectRatio],
    [
      'aspect_ratio is ignored in image-to-video (decision 6)',
      image({ aspect_ratio: '9:16' }),
      null,
      ({ order }) => order.aspectRatio,
    ],
    ['sound: false: Generates silent video', text({ sound: false }), false, ({ order }) => order.sound],
    [
      'sound: true: Auto-generates matching ambient sounds',
      text({ sound: true }),
      true,
      ({ order }) => order.sound,
    ],
    ['a missing sound is silent (decision 5)', text({}), false, ({ order }) => order.sound],
    ['duration defaults to 5', text({}), 5, ({ order }) => order.durationSeconds],
    ['duration "10" is 10 (decision 7)', text({ duration: '10' }), 10, ({ order }) => order.durationSeconds],
    ['sound "true" is true (decision 7)', text({ sound: 'true' }), true, ({ order }) => order.sound],
    [
      'null is absent',
      text({ duration: null, sound: null, image_urls: null }),
      5,
      ({ order }) => order.durationSeconds,
    ],
    ['no pictures is no pictures', text({ image_urls: [] }), [], ({ order }) => order.media],
    [
      'the second picture is the end frame (decision 6)',
      image({ image_urls: ['https://a.test/1.png', 'https://a.test/2.png'] }),
      ['first_frame', 'last_frame'],
      ({ order }) => order.media.map((one) => one.role),
    ],
    [
      'unknown keys are ignored (decision 8)',
      { ...text({ style: 'noir' }), source: 'mcp' },
      {},
      ({ order }) => order.extra,
    ],
    [
      'a prompt of 1000 code points',
      text({ prompt: '🎬'.repeat(1000) }),
      2000,
      ({ order }) => order.prompt.length,
    ],
  ];
  for (const [line, body, expected, of] of lines) {
    it(line, () => assert.deepEqual(of(accepted(body)), expected));
  }

  it('body beats the key’s strategy; absent: the key’s (decision 3)', () => {
    assert.equal(accepted(text({}), context, 'value').order.strategy, 'value');
    assert.equal(accepted({ ...text({}), provider: 'auto' }, context, 'value').order.strategy, 'auto');
  });
});

describe('apixo: what generateTask refuses, and the field it names', () => {
  const lines: readonly [line: string, body: unknown, field: string | undefined, message: RegExp][] = [
    ['input object wymagane', {}, 'input', /^input is required$/],
    [
      'prompt is required',
      { input: { mode: 'text-to-video' } },
      'input.prompt',
      /^input\.prompt is required$/,
    ],
    ['prompt 1–1000: empty', text({ prompt: '' }), 'input.prompt', /must not be empty/],
    ['prompt 1–1000: blank', text({ prompt: ' \n\t ' }), 'input.prompt', /must not be empty/],
    [
      'prompt 1–1000: 1001 code points',
      text({ prompt: 'a'.repeat(1001) }),
      'input.prompt',
      /at most 1000 characters/,
    ],
    [
      'mode is one of two',
      text({ mode: 'video-to-video' }),
      'input.mode',
      /must be one of text-to-video, image-to-video/,
    ],
    ['mode is required', { input: { prompt: 'x' } }, 'input.mode', /is required/],
    [
      'duration integer, 5 or 10',
      text({ duration: 7 }),
      'input.duration',
      /^input\.duration must be one of 5, 10$/,
    ],
    ['duration "ten"', text({ duration: 'ten' }), 'input.duration', /must be one of 5, 10/],
    ['sound boolean', text({ sound: 1 }), 'input.sound', /must be one of false, true/],
    [
      'aspect_ratio set',
      text({ aspect_ratio: '4:3' }),
      'input.aspect_ratio',
      /must be one of 1:1, 16:9, 9:16/,
    ],
    [
      'request_type set',
      { ...text({}), request_type: 'webhook' },
      'request_type',
      /must be one of async, callback/,
    ],
    ['provider set', { ...text({}), provider: 'cheap' }, 'provider', /must be one of auto, value, official/],
    [
      'Callback URL, required when request_type=callback',
      { ...text({}), request_type: 'callback' },
      'callback_url',
      /required when request_type is callback/,
    ],
    [
      'callback_url that is none',
      { ...text({}), request_type: 'callback', callback_url: 'your-server' },
      'callback_url',
      /must be a valid https URL/,
    ],
    [
      'callback_url that may not be reached',
      { ...text({}), request_type: 'callback', callback_url: 'https://private.test/x' },
      'callback_url',
      /private address/,
    ],
    [
      'callback_url of 2049',
      { ...text({}), request_type: 'callback', callback_url: `https://a.test/${'a'.repeat(2034)}` },
      'callback_url',
      /at most 2048/,
    ],
    ['image-to-video without a picture', image({ image_urls: [] }), 'input.image_urls', /takes 1 to 2/],
    [
      'image-to-video with three',
      image({ image_urls: ['https://a.test', 'https://b.test', 'https://c.test'] }),
      'input.image_urls',
      /at most 2/,
    ],
    [
      'text-to-video with a picture',
      text({ image_urls: ['https://a.test/a.png'] }),
      'input.image_urls',
      /takes none/,
    ],
    [
      'a malformed picture URL (decision 9)',
      image({ image_urls: ['not a url'] }),
      'input.image_urls[0]',
      /must be a valid https URL/,
    ],
    [
      'a second one that is malformed',
      image({ image_urls: ['https://a.test', 'ftp://a.test/a.png'] }),
      'input.image_urls[1]',
      /must be a valid https URL/,
    ],
    [
      'a data: URL',
      image({ image_urls: ['data:image/png;base64,AAAA'] }),
      'input.image_urls[0]',
      /data: URLs are not supported/,
    ],
    [
      'a URL with a password',
      image({ image_urls: ['https://me:pw@a.test/a.png'] }),
      'input.image_urls[0]',
      /without user name and password/,
    ],
    [
      'a URL with a line break',
      image({ image_urls: ['https://a.test/\na.png'] }),
      'input.image_urls[0]',
      /must be a valid https URL/,
    ],
    [
      'a URL of 2049',
      image({ image_urls: [`https://a.test/${'a'.repeat(2034)}`] }),
      'input.image_urls[0]',
      /at most 2048/,
    ],
    ['a URL that is a number', image({ image_urls: [5] }), 'input.image_urls[0]', /must be a string/],
    ['no body', undefined, undefined, /must be a JSON object/],
  ];
  for (const [line, body, field, message] of lines) {
    it(line, () => {
      const refused = refusal(body);
      assert.equal(refused.field, field);
      assert.match(refused.message, message);
    });
  }

  it('a missing sound, where the operator asks for it (decision 5)', () => {
    const strict = contextWith({ apixoSoundRequired: true });
    assert.match(refusal(text({}), strict).message, /^input\.sound is required$/);
    assert.equal(accepted(text({ sound: true }), strict).order.sound, true);
  });

  it('an unknown model is 404 (decision 34)', () => {
    const refused = generate.read(
      { params: { model: 'kling-9' }, query: {}, body: TEXT, caller: null },
      context,
    );
    assert.ok(isRefusal(refused));
    assert.deepEqual(apixo.refuse(refused, '', context), {
      status: 404,
      body: { code: 404, message: 'Model not found', data: null },
    });
  });
});

describe('apixo: what statusTask answers', () => {
  const data = (body: Json) => Object(body).data;
  const shown = (task: typeof tasksInEveryState extends () => readonly (infer T)[] ? T : never) =>
    data(status.write(task, context).body);

  it('"taskId", "state" and createTime in Unix milliseconds', () => {
    assert.deepEqual(shown(taskIn({ name: 'queued' })), {
      taskId: 'task_12345678',
      state: 'pending',
      createTime: 1767965610929,
    });
  });

  it('resultJson: "JSON string containing resultUrls array. Only present on success. Parse with JSON.parse()"', () => {
    const done = shown(taskIn({ name: 'succeeded', files: [FILM], charge: 55 }));
    assert.deepEqual(done, {
      taskId: 'task_12345678',
      state: 'success',
      resultJson: `{"resultUrls":["https://results.test/f/file_film?exp=${FILM.expiresAt}"]}`,
      createTime: 1767965610929,
      completeTime: 1767965652317,
      costTime: 41388,
    });
  });

  it('"failCode": "CONTENT_VIOLATION", "failMsg": "Content does not meet safety guidelines", HTTP 200, code 200', () => {
    const reply = status.write(taskIn({ name: 'failed', failure: failure('content_violation') }), context);
    assert.equal(reply.status, 200);
    assert.deepEqual(reply.body, {
      code: 200,
      message: 'success',
      data: {
        taskId: 'task_12345678',
        state: 'failed',
        failCode: 'CONTENT_VIOLATION',
        failMsg: 'Content does not meet safety guidelines',
        createTime: 1767965610929,
        completeTime: 1767965652317,
      },
    });
  });

  it('INVALID_IMAGE_URL: Cannot access provided image URL; every fail code in UPPER_SNAKE (decision 10)', () => {
    for (const code of FAILURE_CODES) {
      const { failCode } = shown(taskIn({ name: 'failed', failure: failure(code) }));
      assert.equal(failCode, code.toUpperCase());
    }
    const { failMsg } = shown(taskIn({ name: 'failed', failure: failure('invalid_image_url') }));
    assert.equal(failMsg, 'Cannot access provided image URL');
  });

  it('"Current task state: pending, processing, success, or failed" (decision 37)', () => {
    const states = tasksInEveryState().map((task) => `${task.state.name} ${shown(task).state}`);
    assert.deepEqual(
      new Set(states),
      new Set([
        'queued pending',
        'submitting processing',
        'unknown processing',
        'running processing',
        'storing processing',
        'succeeded success',
        'failed failed',
        'canceled failed',
      ]),
    );
    assert.equal(shown({ ...taskIn({ name: 'queued' }), startedAt: 5 }).state, 'processing');
    const canceled = shown(taskIn({ name: 'canceled', outcome: 'stopped' }));
    assert.deepEqual([canceled.failCode, canceled.failMsg], ['GENERATION_FAILED', 'Canceled']);
  });

  it('the callback’s body is the status envelope', () => {
    for (const task of tasksInEveryState()) {
      assert.deepEqual(apixo.callback?.(task, context), status.write(task, context).body);
    }
  });

  it('Query task execution status and results via taskId', () => {
    const ask = (query: Record<string, unknown>) =>
      status.read({ params: { model: 'kling-2-6' }, query, body: undefined, caller: null }, context);
    assert.deepEqual(ask({ taskId: 'task_12345678' }), {
      task: 'task_12345678',
      model: 'kling-2-6',
      waitMs: 0,
    });
    assert.deepEqual(ask({ taskId: 'task_12345678', wait: '30' }), {
      task: 'task_12345678',
      model: 'kling-2-6',
      waitMs: 30_000,
    });
    const refused: readonly [Record<string, unknown>, string][] = [
      [{}, 'taskId is required'],
      [{ taskId: '' }, 'taskId is required'],
      [{ taskId: ['task_1', 'task_2'] }, 'taskId is required'],
      [{ taskId: 'dff8afd3' }, 'Task not found'],
      [{ taskId: 'task_\0' }, 'Task not found'],
      [{ taskId: `task_${'a'.repeat(65)}` }, 'Task not found'],
      [{ taskId: 'task_1', wait: '61' }, 'wait must be a whole number of seconds from 0 to 60'],
      [{ taskId: 'task_1', wait: '-1' }, 'wait must be a whole number of seconds from 0 to 60'],
    ];
    for (const [query, message] of refused) {
      const read = ask(query);
      assert.ok(isRefusal(read));
      assert.equal(read.message, message);
    }
  });
});

describe('apixo: its codes', () => {
  it('"Insufficient credits" is 400 as in the seed, 402 where set (decision 2)', () => {
    const poor = refuse('insufficient_credits', 'Insufficient credits');
    assert.deepEqual(apixo.refuse(poor, '', context), {
      status: 400,
      body: { code: 400, message: 'Insufficient credits', data: null },
    });
    assert.equal(apixo.refuse(poor, '', contextWith({ apixoInsufficientCreditsStatus: 402 })).status, 402);
  });

  it('| 401 | Invalid or missing API Key |', () => {
    for (const code of ['key_missing', 'key_invalid', 'key_revoked', 'key_expired'] as const) {
      const { status, body } = apixo.refuse(refuse(code, 'so'), '', context);
      assert.equal(status, 401);
      assert.match(Object(body).message, /^Invalid or missing API Key/);
    }
  });

  it('| 429 | Rate limit exceeded |, for requests and for unfinished tasks', () => {
    assert.equal(apixo.refuse(refuse('rate_limited', 'x'), '', context).status, 429);
    assert.equal(apixo.refuse(refuse('too_many_tasks', 'x'), '', context).status, 429);
  });

  it('the balance is a bare number of dollars (decision 39)', () => {
    const route = apixo.routes.find(
      (one): one is Extract<typeof one, { action: 'balance' }> => one.action === 'balance',
    );
    const at = (rate: number) =>
      route?.write({ available: 7_487, held: 55 }, contextWith({ creditsPerUsd: rate })).body;
    assert.deepEqual(at(100), { code: 200, message: 'success', data: 74.87 });
    assert.deepEqual(at(3), { code: 200, message: 'success', data: 2495.666667 });
  });
});
