import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Surface } from '../../src/core/ports/surface.ts';
import type { OpenApi } from '../../src/http/openapi.ts';
import { referencePage } from '../../src/http/reference.ts';
import { SURFACES } from '../../src/surfaces/catalogue.ts';
import { World } from './world.ts';

describe('the documentation', () => {
  let world: World;
  let api: OpenApi;
  before(async () => {
    world = await World.open(SURFACES);
    api = await world.api();
  });
  after(() => world[Symbol.asyncDispose]());

  it('has every route of every surface, with its scope', () => {
    for (const route of SURFACES.flatMap((surface: Surface) => surface.routes)) {
      const path = route.path.replace(/:(\w+)/g, '{$1}');
      const operation = api.paths[path]?.[route.method.toLowerCase()];
      assert.ok(operation, `${route.method} ${path}`);
      assert.equal(operation['x-reelay-scope'], route.scope ?? undefined);
      assert.deepEqual(operation.security, route.scope === null ? [] : [{ apiKey: [] }]);
      for (const [, name] of route.path.matchAll(/:(\w+)/g)) {
        assert.ok(
          operation.parameters.some((one) => one.in === 'path' && one.name === name),
          path,
        );
      }
    }
  });

  it('is an OpenAPI 3.1 document with this gateway’s own address and unique operations', () => {
    assert.match(api.openapi, /^3\.1\.\d+$/);
    assert.equal(api.servers[0]?.url, world.url);
    const ids = Object.values(api.paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
    assert.equal(new Set(ids).size, ids.length);
    const tags = new Set(api.tags.map((tag) => tag.name));
    for (const path of Object.values(api.paths)) {
      for (const operation of Object.values(path)) assert.ok(operation.tags.every((tag) => tags.has(tag)));
    }
  });

  it('publishes the schema that validates: the seed’s fields, bounds and defaults', () => {
    const body = api.paths['/api/v1/generateTask/{model}']?.post?.requestBody?.content['application/json'];
    const { properties, required, if: condition } = Object(body?.schema);
    assert.deepEqual(required, ['input']);
    assert.deepEqual(properties.request_type.enum, ['async', 'callback']);
    assert.equal(properties.request_type.default, 'async');
    assert.deepEqual(properties.provider.enum, ['auto', 'value', 'official']);
    assert.deepEqual(condition, {
      properties: { request_type: { const: 'callback' } },
      required: ['request_type'],
    });
    const input = properties.input.properties;
    assert.deepEqual([input.prompt.minLength, input.prompt.maxLength], [1, 1000]);
    assert.deepEqual(input.duration.enum, [5, 10, '5', '10']);
    assert.deepEqual(input.aspect_ratio, {
      ...input.aspect_ratio,
      default: '1:1',
      enum: ['1:1', '16:9', '9:16'],
    });
    assert.equal(input.image_urls.maxItems, 2);
  });

  it('is a page without script, from nowhere else, with a curl for every route', async () => {
    const answer = await world.fetch('/docs');
    assert.match(
      answer.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; style-src 'self'/,
    );
    const page = await answer.text();
    assert.doesNotMatch(page, /<script|style=|javascript:|\son\w+=/i);
    assert.doesNotMatch(page, /(?:src|href)="(?!\/|#)/);
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        assert.ok(page.includes(`id="${operation.operationId}"`), path);
        assert.ok(page.includes(`curl -X ${method.toUpperCase()} &quot;${world.url}`), path);
      }
    }
    for (const [, anchor] of page.matchAll(/href="#([^"]+)"/g))
      assert.ok(page.includes(`id="${anchor}"`), anchor);
    const [, style = ''] = /rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
    const sheet = await world.fetch(style);
    assert.equal(sheet.headers.get('content-type'), 'text/css; charset=utf-8');
    assert.doesNotMatch(await sheet.text(), /url\(|@import/);
  });

  it('says what is ours', () => {
    const { get } = api.paths['/api/v1/statusTask/{model}'] ?? {};
    assert.ok(get?.['x-reelay-ours']?.some((line) => line.startsWith('wait:')));
    assert.ok(referencePage(api).includes('<strong>Ours</strong>'));
  });

  it('renders markup in texts inert', () => {
    const page = referencePage({ ...api, info: { ...api.info, title: '<img src=x onerror="alert(1)">' } });
    assert.doesNotMatch(page, /<img/);
    assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'));
  });
});

describe('the front door', () => {
  it('says what this is, to people and to programs', async () => {
    await using world = await World.open(SURFACES);
    const facts = Object(await (await world.fetch('/')).json());
    assert.equal(facts.name, 'Reelay');
    for (const link of facts.links) assert.equal((await world.fetch(link)).status, 200, link);
    const page = await world.fetch('/', { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /<title>Reelay<\/title>/);
  });

  it('CORS is off by default, and on for the origins that are set', async () => {
    await using off = await World.open(SURFACES);
    const from = (origin: string) => ({ headers: { origin, 'access-control-request-method': 'POST' } });
    const path = '/api/v1/generateTask/kling-2-6';
    const silent = await off.fetch(path, { method: 'OPTIONS', ...from('https://app.test') });
    assert.equal(silent.headers.get('access-control-allow-origin'), null);
    await using on = await World.open(SURFACES, { settings: { corsOrigins: ['https://app.test'] } });
    const preflight = await on.fetch(path, { method: 'OPTIONS', ...from('https://app.test') });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.test');
    assert.match(
      preflight.headers.get('access-control-allow-headers') ?? '',
      /Authorization.*Idempotency-Key/,
    );
    const key = await on.key();
    const real = await on.fetch('/api/v1/apikeys/current-balance', { key, ...from('https://app.test') });
    assert.equal(real.headers.get('access-control-allow-origin'), 'https://app.test');
    assert.match(real.headers.get('access-control-expose-headers') ?? '', /Retry-After/);
    const stranger = await on.fetch('/api/v1/apikeys/current-balance', { key, ...from('https://evil.test') });
    assert.equal(stranger.headers.get('access-control-allow-origin'), null);
    assert.equal((await on.fetch(path, { method: 'GET' })).status, 405);
    assert.equal((await on.fetch('/api/v1/apikeys/other')).status, 404);
  });

  it('counts requests by route for Prometheus', async () => {
    await using world = await World.open(SURFACES);
    await world.fetch('/api/v1/statusTask/kling-2-6?taskId=task_1');
    const metrics = await (await world.fetch('/metrics')).text();
    assert.match(
      metrics,
      /reelay_http_requests_total\{method="GET",route="\/api\/v1\/statusTask\/:model",status="401"\} 1/,
    );
  });
});
