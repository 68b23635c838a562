import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { check } from '../../src/core/model.ts';
import type { AnyRoute, Surface, SurfaceRequest, SurfaceRoute } from '../../src/core/ports/surface.ts';
import type { RefusalCode } from '../../src/core/refusal.ts';
import { isRefusal, refuse } from '../../src/core/refusal.ts';
import type { Json } from '../../src/core/values.ts';
import { MODELS } from '../../src/models/catalogue.ts';
import { mismatch } from './schema.ts';
import { contextWith, tasksInEveryState } from './tasks.ts';

/** What the suite must be told of a surface. */
export interface Subject {
  readonly surface: Surface;
  /** Parameters of the create route. */
  readonly params: Readonly<Record<string, string>>;
  /** A body with every field set, all of them right. */
  readonly body: { readonly [key: string]: Json };
  /** Where the fields of the model lie in it: `['input']`. */
  readonly depth: readonly string[];
  /** Fields whose values are not looked at, by their path. */
  readonly unread: readonly string[];
  /** What a refusal looks like in this dialect. */
  assertRefusal(body: Json, status: number): void;
}

const ILL_TYPED: readonly unknown[] = [
  0,
  -1,
  1.5,
  1e308,
  true,
  false,
  '',
  'x',
  '\u202e',
  '{{7*7}}',
  "'; drop table tasks; --",
  '<script>',
  [],
  [[]],
  [null],
  {},
  { a: 1 },
];

const CODES: Readonly<Record<RefusalCode, 'caller' | 'house'>> = {
  key_missing: 'caller',
  key_invalid: 'caller',
  key_revoked: 'caller',
  key_expired: 'caller',
  scope_denied: 'caller',
  invalid: 'caller',
  model_unknown: 'caller',
  not_found: 'caller',
  method_not_allowed: 'caller',
  body_too_large: 'caller',
  media_type_unsupported: 'caller',
  insufficient_credits: 'caller',
  rate_limited: 'caller',
  too_many_tasks: 'caller',
  idempotency_conflict: 'caller',
  idempotency_in_flight: 'caller',
  webhook_url_rejected: 'caller',
  no_provider: 'house',
  unavailable: 'house',
  internal: 'house',
};

/** What every surface must do, whatever its dialect. */
export function surfaceContract(subject: Subject): void {
  const { surface } = subject;
  const context = contextWith();
  const create = route(surface, 'create');
  const status = route(surface, 'status');
  const request = (body: unknown): SurfaceRequest => ({
    params: subject.params,
    query: {},
    body,
    caller: { strategy: 'auto', sandbox: true },
  });

  describe(`surface contract: ${surface.name}`, () => {
    it('refuses in its own envelope, 4xx where it is the caller’s doing and 5xx where it is not', () => {
      for (const [code, whose] of Object.entries(CODES)) {
        const { status, body } = surface.refuse(refuse(code as RefusalCode, `why ${code}`), 'req_1', context);
        assert.equal(status >= 500 ? 'house' : 'caller', whose, code);
        assert.ok(status >= 400 && status < 600, code);
        subject.assertRefusal(body, status);
      }
    });

    it('reads a body with every field into an order that its model takes', () => {
      const input = create.read(request(subject.body), context);
      assert.ok(!isRefusal(input), JSON.stringify(input));
      const model = MODELS.find((one) => one.id === input.order.model);
      assert.ok(model);
      assert.equal(check(model, input.order, { prompt: '', media: '', params: '' }), null);
    });

    it('refuses every field of a wrong type by its name, and never breaks', () => {
      for (const { path, value } of fields(subject.body)) {
        if (subject.unread.includes(path)) continue;
        for (const ill of ILL_TYPED) {
          if ((kind(ill) === kind(value) && kind(ill) !== 'number') || isSpelling(ill, value)) continue;
          const read = create.read(request(replaced(subject.body, path, ill)), context);
          assert.ok(isRefusal(read), `${path} took ${JSON.stringify(ill)}`);
          assert.ok(read.field?.startsWith(path), `${path}: ${read.field} for ${JSON.stringify(ill)}`);
          assert.ok(read.message.includes(path), read.message);
        }
      }
    });

    it('reads any JSON into an order that its model takes, or refuses it: 5,000 bodies', () => {
      const paths = [...fields(subject.body)].map(({ path }) => path);
      const mutant = fc
        .tuple(fc.constantFrom(...paths), fc.jsonValue())
        .map(([path, value]) => replaced(subject.body, path, value));
      const property = fc.property(fc.oneof({ arbitrary: mutant, weight: 4 }, fc.jsonValue()), (body) => {
        const read = create.read(request(body), context);
        if (isRefusal(read)) {
          const { status } = surface.refuse(read, 'req_1', context);
          assert.ok(status >= 400 && status < 500);
        } else {
          const model = MODELS.find((one) => one.id === read.order.model);
          assert.ok(model && check(model, read.order, { prompt: '', media: '', params: '' }) === null);
        }
      });
      fc.assert(property, { numRuns: 5_000 });
    });

    it('takes no body that is not an object', () => {
      for (const body of [undefined, null, 0, true, 'text', [], [subject.body]]) {
        assert.ok(isRefusal(create.read(request(body), context)), JSON.stringify(body));
      }
    });

    it('lets nobody set what is the server’s', () => {
      const server = {
        id: 'task_mine',
        account: 'acc_other',
        account_id: 'acc_other',
        price: 0,
        cost: 0,
        credits: 9,
        status: 'succeeded',
        state: 'success',
        sandbox: true,
        constructor: {},
        extra: { a: 1 },
      };
      const plain = create.read(request(subject.body), context);
      for (const depth of [[], subject.depth]) {
        const read = create.read(request(mixed(subject.body, depth, server)), context);
        if (!isRefusal(read)) assert.deepEqual(read, plain);
      }
    });

    it('writes a task in every state as its documentation says', () => {
      for (const task of tasksInEveryState()) {
        for (const one of [create, status]) {
          const { status: code, body } = one.write(task, context);
          const documented = one.docs(context).responses[code];
          assert.ok(documented, `${code} is not documented`);
          assert.equal(mismatch(documented.schema, body), null, task.state.name);
        }
      }
    });

    it('documents every route with examples that are true', () => {
      for (const one of surface.routes) {
        const docs = one.docs(context);
        const isForm = docs.body?.mediaType === 'multipart/form-data';
        for (const [name, example] of isForm ? [] : Object.entries(docs.body?.examples ?? {})) {
          assert.equal(mismatch(docs.body?.schema ?? {}, example), null, name);
          if (one.action === 'create') {
            const read = one.read(request(example), context);
            assert.ok(!isRefusal(read), JSON.stringify(read));
          }
        }
        for (const [status, response] of Object.entries(docs.responses)) {
          if (response.example === undefined) continue;
          assert.equal(mismatch(response.schema, response.example), null, `${one.path} ${status}`);
        }
        assert.ok(
          surface.prefixes.some((prefix) => one.path.startsWith(prefix)),
          one.path,
        );
      }
    });

    it('has the same body for a repeated notice', () => {
      for (const task of tasksInEveryState()) {
        const told = surface.callback?.(task, context) ?? surface.event?.(task, context);
        const again = surface.callback?.(task, context) ?? surface.event?.(task, context);
        assert.deepEqual(again, told);
      }
    });
  });
}

function route<A extends 'create' | 'status'>(surface: Surface, action: A): SurfaceRoute<A> {
  const found = surface.routes.find(
    (one): one is Extract<AnyRoute, SurfaceRoute<A>> => one.action === action,
  );
  assert.ok(found, `${surface.name} has no route for ${action}`);
  return found;
}

/** true and "true" are the same choice. */
function isSpelling(given: unknown, right: unknown): boolean {
  return typeof given === 'boolean' && (right === 'true' || right === 'false');
}

function kind(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function* fields(value: Json, path = ''): Generator<{ path: string; value: Json }> {
  if (path !== '') yield { path, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* fields(inner, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`);
  }
}

function replaced(body: Json, path: string, value: unknown): unknown {
  const copy: unknown = structuredClone(body);
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  const last = steps.pop() ?? '';
  const holder = steps.reduce<unknown>((inner, step) => Reflect.get(Object(inner), step), copy);
  Reflect.set(Object(holder), last, value);
  return copy;
}

function mixed(body: Json, depth: readonly string[], more: Readonly<Record<string, unknown>>): unknown {
  const copy: unknown = structuredClone(body);
  Object.assign(Object(depth.reduce<unknown>((inner, step) => Reflect.get(Object(inner), step), copy)), more);
  return copy;
}
