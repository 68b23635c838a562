import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { apixo } from '../../src/surfaces/apixo.ts';
import { BROKEN, LOST, World } from './world.ts';

const GENERATE = '/api/v1/generateTask/kling-2-6';
const GOOD = '{"input":{"mode":"text-to-video","prompt":"x"}}';
const wrap = (prompt: string) => `{"input":{"mode":"text-to-video","prompt":${prompt}}}`;

/** Bodies of the corpus in invariants.md, and what is said of them. */
const BODIES: readonly [name: string, body: string | Uint8Array, says: RegExp][] = [
  ['empty', '', /must be a JSON object/],
  ['null', 'null', /must be a JSON object/],
  ['a scalar', '42', /must be a JSON object/],
  ['a string', '"x"', /must be a JSON object/],
  ['an array', '[]', /must be a JSON object/],
  ['cut off', GOOD.slice(0, -2), /not valid JSON/],
  ['a trailing comma', '{"input":{},}', /not valid JSON/],
  ['NaN', '{"input":NaN}', /not valid JSON/],
  ['two values', '{}{}', /not valid JSON/],
  ['invalid UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /not valid UTF-8/],
  ['half a million brackets', '['.repeat(500_000) + ']'.repeat(500_000), /nested more than 32/],
  ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, /nested more than 32/],
  [
    '1,001 keys',
    `{${Array.from({ length: 1001 }, (_, index) => `"k${index}":1`).join()}}`,
    /more than 1000 keys/,
  ],
  ['100,000 entries', `{"input":[${'0,'.repeat(100_000)}0]}`, /more than 1000 keys/],
  ['__proto__', '{"__proto__":{"admin":true}}', /__proto__ is not allowed/],
  ['a deep __proto__', '{"input":{"a":[{"__proto__":1}]}}', /__proto__ is not allowed/],
  [
    '1e400',
    '{"input":{"mode":"text-to-video","prompt":"x","duration":1e400}}',
    /input\.duration is out of range/,
  ],
  ['NUL in the prompt', wrap('"a\\u0000b"'), /^input\.prompt must not contain the character U\+0000$/],
  ['a lone surrogate', wrap('"a\\ud800b"'), /^input\.prompt must be well-formed Unicode/],
  ['NUL in an unknown key’s value', '{"x":["\\u0000"]}', /^x\[0\] must not contain/],
  ['NUL in a key', '{"a\\u0000":1}', /A key has characters/],
  ['over 1 MiB', wrap(`"${'a'.repeat(1_048_576)}"`), /larger than 1 MiB/],
  [
    'a prompt of 1,000,000',
    wrap(`"${'a'.repeat(1_000_000)}"`),
    /^input\.prompt must have at most 1000 characters$/,
  ],
  ['100 k combining marks', wrap(`"e${'\u0301'.repeat(100_000)}"`), /at most 1000 characters/],
];

describe('what clients should not send', () => {
  let world: World;
  let key: string;
  before(async () => {
    world = await World.open([apixo]);
    key = await world.key({ credits: 100_000 });
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [name, body, says] of BODIES) {
    it(`a body that is ${name}: 400 in the envelope, saying why`, async () => {
      const headers = { 'content-type': 'application/json' };
      const answer = await world.fetch(GENERATE, { method: 'POST', key, headers, body: Buffer.from(body) });
      assert.equal(answer.status, 400);
      const { code, message, data } = Object(await answer.json());
      assert.deepEqual({ code, data }, { code: 400, data: null });
      assert.match(message, says);
    });
  }

  it('texts that only look bad are taken as they are', async () => {
    const texts = [
      '\u202etxt',
      '\u200b.',
      'e\u0301',
      '🎬'.repeat(1000),
      'a\r\nb',
      '{{7*7}}',
      "'; drop table tasks; --",
      '<script>alert(1)</script>',
      '\u001b[31m',
      '=cmd|x',
    ];
    for (const prompt of texts) {
      const answer = await world.post(GENERATE, key, { input: { mode: 'text-to-video', prompt } });
      assert.equal(answer.status, 200, prompt);
      assert.equal(world.task.order.prompt, prompt);
    }
  });

  it('only JSON in UTF-8, not encoded', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'multipart/form-data' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      { 'content-type': 'nonsense' },
    ]) {
      const answer = await world.fetch(GENERATE, { method: 'POST', key, headers, body: GOOD });
      assert.equal(answer.status, 400, JSON.stringify(headers));
      assert.equal(Object(await answer.json()).code, 400);
    }
    for (const type of [
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'APPLICATION/JSON',
    ]) {
      const answer = await world.fetch(GENERATE, {
        method: 'POST',
        key,
        headers: { 'content-type': type },
        body: GOOD,
      });
      assert.equal(answer.status, 200, type);
    }
  });

  it('unknown paths and methods are refused in the words of the path’s surface', async () => {
    const cases: readonly [string, string, number, string][] = [
      ['GET', GENERATE, 405, 'POST'],
      ['DELETE', GENERATE, 405, 'POST'],
      ['PUT', '/api/v1/statusTask/kling-2-6', 405, 'GET, HEAD'],
      ['OPTIONS', GENERATE, 405, 'POST'],
      ['POST', '/api/v1/generateTask', 404, ''],
      ['POST', '/api/v1/generateTask/a/b', 404, ''],
      ['GET', '/api/v1/apikeys/other', 404, ''],
      ['POST', `/api/v1/generateTask/${'a'.repeat(300)}`, 404, ''],
      ['POST', '/api/v1/generateTask/kling-2-6%2F..', 404, ''],
      ['GET', '/api/v1/statusTask/%E0%A4%A', 400, ''],
      ['GET', '/api/v1/statusTask/kling-2-6?taskId=task_%00', 400, ''],
      ['POST', '/api/v1/generateTask/kling%00', 400, ''],
    ];
    for (const [method, path, status, allow] of cases) {
      const body = method === 'POST' ? { body: GOOD } : {};
      const answer = await world.fetch(path, {
        method,
        key,
        headers: { 'content-type': 'application/json' },
        ...body,
      });
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.equal(answer.headers.get('allow') ?? '', allow);
      assert.deepEqual(Object.keys(Object(await answer.json())), ['code', 'message', 'data']);
    }
    const stranger = await world.fetch('/nowhere');
    assert.equal(stranger.status, 404);
    assert.equal(stranger.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  });

  it('a thousand random bodies and queries: never a 5xx', async () => {
    let seed = 42;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let turn = 0; turn < 500; turn += 1) {
      const bytes = Buffer.from(GOOD);
      for (let flips = 0; flips <= random(4); flips += 1) bytes[random(bytes.length)] = random(256);
      const headers = { 'content-type': 'application/json' };
      const answers = await Promise.all([
        world.fetch(GENERATE, { method: 'POST', key, headers, body: bytes }),
        world.fetch(`/api/v1/statusTask/kling-2-6?taskId=${encodeURIComponent(bytes.toString('latin1'))}`, {
          key,
        }),
      ]);
      for (const answer of answers) {
        assert.ok(answer.status < 500, bytes.toString('latin1'));
        await answer.body?.cancel();
      }
    }
  });

  it('echoes a request id that can be one, and makes its own else', async () => {
    for (const [given, echoed] of [
      ['abc-1:2.3_4', true],
      ['a b', false],
      ['a'.repeat(129), false],
      ['<x>', false],
    ] as const) {
      const answer = await world.fetch('/healthz', { headers: { 'x-request-id': given } });
      const id = answer.headers.get('x-request-id') ?? '';
      assert.equal(id === given, echoed);
      if (!echoed) assert.match(id, /^req_[0-9a-f]{32}$/);
    }
  });

  it('what is no HTTP is refused and hung up on', async () => {
    const requests: readonly [string, RegExp][] = [
      ['nonsense\r\n\r\n', /^HTTP\/1\.1 400/],
      ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
      [
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        /^HTTP\/1\.1 400/,
      ],
      [
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde',
        /^HTTP\/1\.1 400/,
      ],
      ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n', /^HTTP\/1\.1 (400|404|405|501)/],
      [
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
        /^HTTP\/1\.1 (400|405)/,
      ],
    ];
    for (const [bytes, expected] of requests)
      assert.match(await raw(world.url, bytes), expected, bytes.slice(0, 80));
    assert.equal((await world.fetch('/healthz')).status, 200);
  });
});

describe('what goes wrong behind', () => {
  it('a store that cannot serve: 503 with Retry-After, and no word of why', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    world.fault = LOST;
    const answer = await world.post(GENERATE, key, GOOD);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.deepEqual(await answer.json(), {
      code: 503,
      message: 'Temporarily unavailable: wait and retry',
      data: null,
    });
    const ready = await world.fetch('/readyz');
    assert.deepEqual([ready.status, await ready.json()], [503, { status: 'database unavailable' }]);
    world.fault = null;
    assert.equal((await world.post(GENERATE, key, GOOD)).status, 200);
  });

  it('a bug: 500 in the envelope, its error in the log and not in the answer', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    world.fault = BROKEN;
    const answer = await world.post(GENERATE, key, GOOD);
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), { code: 500, message: 'Internal error', data: null });
    const bug = world.lines.find((line) => line.event === 'bug');
    assert.equal(bug?.fields.error, BROKEN);
    assert.equal(bug?.fields.requestId, answer.headers.get('x-request-id'));
  });

  it('one line a request, without query, prompt or key', async () => {
    await using world = await World.open([apixo]);
    const key = await world.key();
    await world.post(`${GENERATE}?secret=1`, key, {
      input: { mode: 'text-to-video', prompt: 'a canary sings' },
    });
    const lines = world.lines.filter((line) => line.fields.route === '/api/v1/generateTask/:model');
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.event, 'request');
    assert.equal(lines[0]?.fields.task, world.task.id);
    assert.doesNotMatch(JSON.stringify(world.lines), new RegExp(`canary|secret=1|${key}`));
  });
});

/** Sends bytes as they are; everything that comes back until the other side hangs up. */
async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (/connection: keep-alive/i.test(text)) socket.end();
  });
  socket.on('close', () => resolve(text));
  socket.on('error', () => resolve(text));
  return promise;
}
