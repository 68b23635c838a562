import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURE_CODES, failure } from '../../src/core/failure.ts';
import type { AnyRoute } from '../../src/core/ports/surface.ts';
import type { RefusalCode } from '../../src/core/refusal.ts';
import { isRefusal, refuse } from '../../src/core/refusal.ts';
import { rivya } from '../../src/surfaces/rivya.ts';
import { surfaceContract } from './contract.ts';
import { contextWith, FILM, taskIn, tasksInEveryState } from './tasks.ts';

/** The requests of seed 003, as they stand there. */
const MINIMAL = {
  model: 'kling-2-6',
  prompt: 'A cinematic product reveal with smooth camera movement',
  params: { duration: '5', sound: 'false', aspect_ratio: '1:1' },
};
const REFERENCE = {
  url: 'https://cdn.example.com/reference-image.png',
  kind: 'image',
  name: 'reference-image.png',
  mimeType: 'image/png',
};
const WITH_FILE = { ...MINIMAL, params: { ...MINIMAL.params, referenceMediaItems: [REFERENCE] } };

surfaceContract({
  surface: rivya,
  params: {},
  body: { ...WITH_FILE, client_request_id: 'order-7781' },
  depth: ['params'],
  unread: [],
  assertRefusal(body, status) {
    const { error, ...rest } = Object(body);
    const { code, message, requestId, ...more } = error;
    assert.deepEqual({ rest, more, requestId }, { rest: {}, more: {}, requestId: 'req_1' });
    assert.ok(typeof code === 'string' && typeof message === 'string' && message !== '', `${status}`);
  },
});

const context = contextWith();
const routes = new Map(rivya.routes.map((route) => [`${route.method} ${route.path}`, route]));

function routeOf<A extends AnyRoute['action']>(action: A): Extract<AnyRoute, { action: A }> {
  const found = rivya.routes.find((one): one is Extract<AnyRoute, { action: A }> => one.action === action);
  assert.ok(found);
  return found;
}

function read(body: unknown) {
  return routeOf('create').read(
    { params: {}, query: {}, body, caller: { strategy: 'value', sandbox: false } },
    context,
  );
}

function accepted(body: unknown) {
  const input = read(body);
  assert.ok(!isRefusal(input), JSON.stringify(input));
  return input;
}

const withParams = (params: unknown) => ({ ...MINIMAL, params });

describe('rivya: what POST /generations takes, line by line of the seed', () => {
  const lines: readonly [
    line: string,
    body: unknown,
    expected: unknown,
    of: (input: ReturnType<typeof accepted>) => unknown,
  ][] = [
    [
      'Minimale request',
      MINIMAL,
      {
        model: 'kling-2-6',
        mode: 'text-to-video',
        prompt: MINIMAL.prompt,
        media: [],
        durationSeconds: 5,
        sound: false,
        resolution: null,
        aspectRatio: '1:1',
        strategy: 'value',
        extra: {},
      },
      ({ order }) => order,
    ],
    [
      'Request met referentiebestand',
      WITH_FILE,
      {
        model: 'kling-2-6',
        mode: 'image-to-video',
        prompt: MINIMAL.prompt,
        durationSeconds: 5,
        sound: false,
        media: [{ role: 'first_frame', kind: 'image', url: REFERENCE.url }],
        resolution: null,
        aspectRatio: null,
        strategy: 'value',
        extra: {},
      },
      ({ order }) => order,
    ],
    [
      '| params | object | Nee |',
      { model: 'kling-2-6', prompt: 'x' },
      [5, false, '1:1'],
      ({ order }) => [order.durationSeconds, order.sound, order.aspectRatio],
    ],
    [
      '| duration | select | Nee | 5 | 5, 10 |',
      withParams({ duration: '10' }),
      10,
      ({ order }) => order.durationSeconds,
    ],
    [
      'duration 10 as a number (decision 24)',
      withParams({ duration: 10 }),
      10,
      ({ order }) => order.durationSeconds,
    ],
    [
      '| sound | select | Nee | false | false, true |',
      withParams({ sound: 'true' }),
      true,
      ({ order }) => order.sound,
    ],
    ['sound true as a boolean (decision 24)', withParams({ sound: true }), true, ({ order }) => order.sound],
    [
      '| aspect_ratio | select | Nee | 1:1 | 1:1, 16:9, 9:16 |',
      withParams({ aspect_ratio: '9:16' }),
      '9:16',
      ({ order }) => order.aspectRatio,
    ],
    [
      'null is absent',
      { ...withParams({ duration: null, referenceMediaItems: null }), client_request_id: null },
      [5, null],
      ({ order, clientRequestId }) => [order.durationSeconds, clientRequestId],
    ],
    [
      'no reference is text-to-video',
      withParams({ referenceMediaItems: [] }),
      'text-to-video',
      ({ order }) => order.mode,
    ],
    [
      'client_request_id',
      { ...MINIMAL, client_request_id: 'a'.repeat(128) },
      128,
      ({ clientRequestId }) => clientRequestId?.length,
    ],
    [
      'prompt: Maximaal 1000 tekens',
      { ...MINIMAL, prompt: '🎬'.repeat(1000) },
      2000,
      ({ order }) => order.prompt.length,
    ],
    ['there is no callback per request', MINIMAL, null, ({ callbackUrl }) => callbackUrl],
  ];
  for (const [line, body, expected, of] of lines)
    it(line, () => assert.deepEqual(of(accepted(body)), expected));
});

describe('rivya: what POST /generations refuses', () => {
  const item = (more: object) => withParams({ referenceMediaItems: [{ ...REFERENCE, ...more }] });
  const lines: readonly [line: string, body: unknown, field: string | undefined, message: RegExp][] = [
    ['no body', undefined, undefined, /must be a JSON object/],
    ['no model', { prompt: 'x' }, 'model', /^model is required$/],
    [
      'an unknown model (decision 34)',
      { ...MINIMAL, model: 'kling-9' },
      'model',
      /^model must be one of kling-2-6$/,
    ],
    ['no prompt', { model: 'kling-2-6' }, 'prompt', /^prompt is required$/],
    ['a blank prompt', { ...MINIMAL, prompt: '  ' }, 'prompt', /must not be empty/],
    ['1001 characters', { ...MINIMAL, prompt: 'a'.repeat(1001) }, 'prompt', /at most 1000 characters/],
    [
      'duration 7',
      withParams({ duration: '7' }),
      'params.duration',
      /^params\.duration must be one of 5, 10$/,
    ],
    [
      'an unknown parameter, with the allowed ones (decision 24)',
      withParams({ style: 'noir' }),
      'params.style',
      /^params\.style is not allowed: allowed keys are duration, sound, aspect_ratio, referenceMediaItems$/,
    ],
    ['a mode', withParams({ mode: 'pro' }), 'params.mode', /is not allowed/],
    ['top-level files', { ...MINIMAL, files: [] }, 'files', /^files is not allowed/],
    [
      'a second reference',
      withParams({ referenceMediaItems: [REFERENCE, REFERENCE] }),
      'params.referenceMediaItems',
      /at most 1 entry$/,
    ],
    [
      'a reference without kind',
      withParams({ referenceMediaItems: [{ url: REFERENCE.url }] }),
      'params.referenceMediaItems[0].kind',
      /is required/,
    ],
    [
      'a film as reference',
      item({ kind: 'video' }),
      'params.referenceMediaItems[0].kind',
      /must be one of image/,
    ],
    [
      'a GIF',
      item({ mimeType: 'image/gif' }),
      'params.referenceMediaItems[0].mimeType',
      /must be one of image\/jpeg, image\/png, image\/webp/,
    ],
    [
      'a reference that is no URL',
      item({ url: 'reference.png' }),
      'params.referenceMediaItems[0].url',
      /must be a valid https URL/,
    ],
    [
      'a client_request_id of 129',
      { ...MINIMAL, client_request_id: 'a'.repeat(129) },
      'client_request_id',
      /at most 128/,
    ],
    ['params that are a list', withParams([]), 'params', /must be a JSON object/],
  ];
  for (const [line, body, field, message] of lines) {
    it(line, () => {
      const refused = read(body);
      assert.ok(isRefusal(refused), `took ${JSON.stringify(body)}`);
      assert.equal(refused.field, field);
      assert.match(refused.message, message);
      assert.deepEqual(rivya.refuse(refused, 'req_8c1f', context), {
        status: 400,
        body: {
          error: {
            code: 'validation_failed',
            message: refused.message,
            requestId: 'req_8c1f',
            ...(field ? { details: [{ field, message: refused.message }] } : {}),
          },
        },
      });
    });
  }
});

describe('rivya: what a generation looks like', () => {
  const shown = (task: ReturnType<typeof taskIn>) => Object(routeOf('status').write(task, context).body);
  const base = {
    id: 'task_12345678',
    model: 'kling-2-6',
    reserved_credits: 55,
    final_credits: 0,
    created_at: '2026-01-09T13:33:30.929Z',
    updated_at: '2026-01-09T13:33:30.929Z',
    result: null,
    error: null,
  };

  it('Create-response: nulls, credits and ISO times of the seed', () => {
    const created = routeOf('create').write(taskIn({ name: 'queued' }), context);
    assert.deepEqual(created, { status: 200, body: { ...base, status: 'queued' } });
  });

  it('succeeded: final credits and a result whose primary_url is the first of urls', () => {
    const url = `https://results.test/f/file_film?exp=${FILM.expiresAt}`;
    assert.deepEqual(shown(taskIn({ name: 'succeeded', files: [FILM], charge: 55 })), {
      ...base,
      status: 'succeeded',
      final_credits: 55,
      updated_at: '2026-01-09T13:34:12.317Z',
      result: { primary_url: url, urls: [url] },
    });
  });

  it('failed: generation_failed for every failure, the message says why (decision 37)', () => {
    for (const code of FAILURE_CODES) {
      const { status, error, final_credits } = shown(
        taskIn({ name: 'failed', failure: failure(code, `why ${code}`) }),
      );
      assert.deepEqual(
        { status, error, final_credits },
        { status: 'failed', error: { code: 'generation_failed', message: `why ${code}` }, final_credits: 0 },
      );
    }
    assert.deepEqual(shown(taskIn({ name: 'canceled', outcome: 'before_start' })).error, {
      code: 'generation_failed',
      message: 'Canceled',
    });
  });

  it('queued only before the first attempt (decision 37)', () => {
    const seen = tasksInEveryState().map((task) => `${task.state.name} ${shown(task).status}`);
    assert.deepEqual(
      new Set(seen),
      new Set([
        'queued queued',
        'submitting processing',
        'unknown processing',
        'running processing',
        'storing processing',
        'succeeded succeeded',
        'failed failed',
        'canceled failed',
      ]),
    );
    assert.equal(shown({ ...taskIn({ name: 'queued' }), startedAt: 5 }).status, 'processing');
  });

  it('an event wraps the same generation (decision 30)', () => {
    const task = taskIn({ name: 'succeeded', files: [FILM], charge: 55 });
    assert.deepEqual(rivya.event?.(task, context), {
      type: 'generation.succeeded',
      body: {
        id: 'evt_12345678',
        type: 'generation.succeeded',
        api_version: '2026-05-11',
        created_at: '2026-01-09T13:34:12.317Z',
        data: shown(task),
      },
    });
    assert.equal(
      rivya.event?.(taskIn({ name: 'canceled', outcome: 'stopped' }), context)?.type,
      'generation.failed',
    );
  });
});

describe('rivya: codes, models, queries', () => {
  it('every code of the contract with its status (B4)', () => {
    const codes: readonly [RefusalCode, number, string][] = [
      ['invalid', 400, 'validation_failed'],
      ['webhook_url_rejected', 400, 'webhook_url_rejected'],
      ['key_missing', 401, 'api_key_missing'],
      ['key_invalid', 401, 'api_key_invalid'],
      ['key_revoked', 401, 'api_key_revoked'],
      ['key_expired', 401, 'api_key_expired'],
      ['insufficient_credits', 402, 'insufficient_credits'],
      ['scope_denied', 403, 'api_scope_denied'],
      ['not_found', 404, 'not_found'],
      ['idempotency_conflict', 409, 'idempotency_conflict'],
      ['rate_limited', 429, 'rate_limited'],
      ['internal', 500, 'internal_error'],
    ];
    for (const [refused, status, code] of codes) {
      assert.deepEqual(rivya.refuse(refuse(refused, 'why'), 'req_1', context), {
        status,
        body: { error: { code, message: 'why', requestId: 'req_1' } },
      });
    }
  });

  it('GET /models fills every key of the contract from the model’s data', () => {
    const { body } = routeOf('models').write(context.models, context);
    const [model] = Object(body).data;
    assert.deepEqual(Object.keys(model), [
      'id',
      'display_name',
      'category',
      'runtime',
      'base_credits',
      'billing_type',
      'supported_modes',
      'max_prompt_length',
      'reference_media',
      'params',
      'api_status',
      'api_input_status',
      'supported_api_inputs',
      'requires_files_api',
      'requires_upload_for_modes',
      'url_input_supported',
      'file_kinds',
      'chat_capabilities',
      'notices',
    ]);
    assert.deepEqual(
      [model.id, model.base_credits, model.billing_type, model.max_prompt_length],
      ['kling-2-6', 55, 'FIXED', 1000],
    );
    assert.deepEqual(model.reference_media, {
      max_files: 1,
      kinds: [
        { kind: 'image', max_size_bytes: 10_485_760, mime_types: ['image/jpeg', 'image/png', 'image/webp'] },
      ],
    });
    assert.deepEqual(
      model.params.map((one: { key: string; default: string; options: string[] }) => [
        one.key,
        one.default,
        one.options,
      ]),
      [
        ['duration', '5', ['5', '10']],
        ['sound', 'false', ['false', 'true']],
        ['aspect_ratio', '1:1', ['1:1', '16:9', '9:16']],
      ],
    );
    assert.equal(routeOf('models').scope, null);
  });

  it('lists by status, by client_request_id, in pages', () => {
    const ask = (query: Record<string, unknown>) =>
      routeOf('list').read({ params: {}, query, body: undefined, caller: null }, context);
    assert.deepEqual(ask({}), { states: null, clientRequestId: null, cursor: null, limit: 20 });
    assert.deepEqual(ask({ status: 'failed', client_request_id: 'a', cursor: 'c', limit: '100' }), {
      states: ['failed', 'canceled'],
      clientRequestId: 'a',
      cursor: 'c',
      limit: 100,
    });
    for (const [field, query] of Object.entries({
      status: { status: 'lost' },
      limit: { limit: '0' },
      cursor: { cursor: ['a', 'b'] },
      client_request_id: { client_request_id: 'a'.repeat(257) },
    })) {
      const read = ask(query);
      assert.ok(isRefusal(read));
      assert.equal(read.field, field);
    }
    for (const limit of ['101', '-1', '1.5', 'x', ['1']]) assert.ok(isRefusal(ask({ limit })));
    for (const status of ['toString', '__proto__', ['queued']]) assert.ok(isRefusal(ask({ status })));
  });

  it('has the endpoints of the contract', () => {
    for (const line of [
      'GET /api/v1/models',
      'POST /api/v1/generations',
      'GET /api/v1/generations/:taskId',
      'GET /api/v1/credits',
    ]) {
      assert.ok(routes.has(line), line);
    }
  });
});
