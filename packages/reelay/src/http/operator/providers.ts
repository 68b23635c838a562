import { z } from 'zod';
import { isoTime } from '../../clock.ts';
import type { Route } from '../../core/ports/provider.ts';
import type { Evidence } from '../../core/ports/routes.ts';
import type { Refusal } from '../../core/refusal.ts';
import { isRefusal, refuse } from '../../core/refusal.ts';
import type { ProviderDeps, ShownRoute } from '../../flow/providers.ts';
import {
  addProvider,
  changeProvider,
  ProviderProblem,
  removeProvider,
  shownRoutes,
} from '../../flow/providers.ts';
import { tryRoute } from '../../flow/trial.ts';
import { NOT_SET_UP } from '../actions.ts';
import type { Gateway } from '../gateway.ts';
import type { OperatorRoute } from './route.ts';
import { answers, listOf, notFound, published, validated } from './route.ts';

const TAG = 'operator';

const price = z
  .object({ silent_usd: z.number().min(0).max(100), sound_usd: z.number().min(0).max(100) })
  .describe('What a second of film costs you, where it is not the list price');

const evidence = z.object({
  operation: z.enum(['find', 'submit', 'watch', 'cancel']),
  ok: z.boolean(),
  detail: z.string(),
  at: z.iso.datetime(),
});

const provider = z.object({
  name: z.string(),
  provider: z.string(),
  tier: z.enum(['value', 'official', 'own']).nullable(),
  enabled: z.boolean(),
  health: z.enum(['well', 'ill', 'full', 'unusable']),
  weight: z.number(),
  unfinished: z.int().describe('Counted only where there is a limit'),
  limit: z.int().nullable().describe('Unfinished jobs at a time; null: none is known'),
  models: z.array(z.string()),
  credential: z.record(z.string(), z.string()).describe('Of secrets only that they are there'),
  price: price.nullable(),
  last_24h: z.object({
    succeeded: z.int(),
    failed: z.int(),
    refused: z.int().describe('For what the customer wanted'),
    average_seconds: z.number().nullable(),
  }),
  last_failure: z.object({ kind: z.string(), at: z.iso.datetime() }).nullable(),
  evidence: z.array(evidence).describe('The latest of each operation that was tried on the real upstream'),
});

type ProviderBody = z.infer<typeof provider>;

function body({ route, standing, score, ...one }: ShownRoute, known: readonly Evidence[]): ProviderBody {
  const { lastFailure } = standing.health;
  const { succeeded, failed, refused, latencyMs } = score;
  const { name, enabled, weight } = route;
  return {
    name,
    provider: route.provider,
    tier: one.tier,
    enabled,
    health: one.health,
    weight,
    unfinished: standing.unfinished,
    limit: one.limit,
    models: [...one.models],
    credential: { ...one.credential },
    price: route.price && {
      silent_usd: route.price.silentMicros / 1e6,
      sound_usd: route.price.soundMicros / 1e6,
    },
    last_24h: {
      succeeded,
      failed,
      refused,
      average_seconds: succeeded === 0 ? null : Math.round(latencyMs / succeeded) / 1_000,
    },
    last_failure: lastFailure && { kind: lastFailure.kind, at: isoTime(lastFailure.at) },
    evidence: known.filter((each) => each.route === name).map(evidenceBody),
  };
}

function evidenceBody({ operation, ok, detail, at }: Evidence): z.infer<typeof evidence> {
  return { operation, ok, detail, at: isoTime(at) };
}

/** The studio, which is set up by nobody. */
function builtIn({ name, provider, tier, weight, health, abilities }: Route): ProviderBody {
  return {
    name,
    provider,
    tier,
    enabled: true,
    health,
    weight,
    unfinished: 0,
    limit: null,
    models: [...new Set(abilities.map((ability) => ability.model))],
    credential: {},
    price: null,
    last_24h: { succeeded: 0, failed: 0, refused: 0, average_seconds: null },
    last_failure: null,
    evidence: [],
  };
}

/** Does something with the providers; what the operator can mend is a refusal. */
async function withDeps<Result>(
  gateway: Gateway,
  act: (deps: ProviderDeps) => Promise<Result>,
): Promise<Result | Refusal> {
  const { providers, store, clock } = gateway;
  if (!providers) return NOT_SET_UP;
  try {
    return await act({ providers, store, clock });
  } catch (error) {
    if (!(error instanceof ProviderProblem)) throw error;
    if (error.kind === 'not_found') return notFound('provider');
    return refuse('invalid', error.message);
  }
}

async function shown(gateway: Gateway, name: string) {
  const found = await withDeps(gateway, async (deps) => ({
    one: (await shownRoutes(deps)).find(({ route }) => route.name === name),
  }));
  if (isRefusal(found)) return found;
  if (!found.one) return notFound('provider');
  return { status: 200, body: body(found.one, await gateway.store.evidence()) };
}

const providers: OperatorRoute = {
  method: 'GET',
  path: '/providers',
  docs: {
    tag: TAG,
    summary: 'Providers as they are set up',
    description: 'Each with its health and its last day; the studio is built in. Secrets are never shown.',
    responses: answers(200, listOf(published(provider))),
  },
  async handle(_request, gateway) {
    const found = await withDeps(gateway, shownRoutes);
    if (isRefusal(found)) return found;
    const known = await gateway.store.evidence();
    const names = new Set(found.map(({ route }) => route.name));
    const own = (await gateway.routes.all()).filter(({ name, tier }) => tier === 'own' && !names.has(name));
    const data = [...own.map(builtIn), ...found.map((one) => body(one, known))];
    return { status: 200, body: { data, next_cursor: null } };
  },
};

const change = z.object({
  enabled: z.boolean().optional(),
  weight: z.number().optional().describe('Higher is tried first within its tier'),
  concurrency: z.int().min(1).nullable().optional().describe('null: what the provider documents'),
  price: price.nullable().optional(),
  credential: z
    .record(z.string(), z.string().max(100_000))
    .optional()
    .describe('Only the fields that change'),
});

const wish = change.omit({ enabled: true }).extend({
  name: z.string().min(1).max(63),
  provider: z.string().optional().describe('Left out: the provider of this name'),
  credential: z.record(z.string(), z.string().max(100_000)),
});

function perSecond(given: z.infer<typeof price> | null | undefined) {
  if (!given) return given;
  return {
    silentMicros: Math.round(given.silent_usd * 1e6),
    soundMicros: Math.round(given.sound_usd * 1e6),
  };
}

const add: OperatorRoute = {
  method: 'POST',
  path: '/providers',
  docs: {
    tag: TAG,
    summary: 'Set a provider up',
    description: 'It gets work within two seconds. The credential is sealed and never shown again.',
    body: {
      schema: published(wish),
      examples: { Kling: { name: 'kling', credential: { api_key: 'YOUR_KEY' } } },
    },
    responses: answers(200, published(provider)),
  },
  async handle({ body: given }, gateway) {
    const wanted = validated(wish, given);
    if (isRefusal(wanted)) return wanted;
    const added = await withDeps(gateway, (deps) =>
      addProvider(deps, { ...wanted, price: perSecond(wanted.price) }),
    );
    return isRefusal(added) ? added : shown(gateway, added.name);
  },
};

const update: OperatorRoute = {
  method: 'PUT',
  path: '/providers/:provider',
  docs: {
    tag: TAG,
    summary: 'Change a provider',
    description: 'What is left out stays. A disabled one gets no new work; what it has is finished.',
    body: { schema: published(change), examples: { 'Take it out': { enabled: false } } },
    responses: answers(200, published(provider), [404]),
  },
  async handle({ params, body: given }, gateway) {
    const wanted = validated(change, given);
    if (isRefusal(wanted)) return wanted;
    const changed = await withDeps(gateway, (deps) =>
      changeProvider(deps, params.provider ?? '', { ...wanted, price: perSecond(wanted.price) }),
    );
    return isRefusal(changed) ? changed : shown(gateway, changed.name);
  },
};

const removed = z.object({ name: z.string() });

const remove: OperatorRoute = {
  method: 'POST',
  path: '/providers/:provider/remove',
  docs: {
    tag: TAG,
    summary: 'Remove a provider',
    description: 'With its credential; not while it has unfinished tasks.',
    responses: answers(200, published(removed), [404]),
  },
  async handle({ params }, gateway) {
    const name = params.provider ?? '';
    return withDeps(gateway, async ({ store }) => {
      await removeProvider(store, name);
      return { status: 200, body: { name } };
    });
  },
};

const trial = z.object({
  submit: z
    .boolean()
    .default(false)
    .describe('Order the shortest film too, and cancel it where that is possible: this may cost money'),
});

const tryIt: OperatorRoute = {
  method: 'POST',
  path: '/providers/:provider/test',
  docs: {
    tag: TAG,
    summary: 'Try a provider on its real upstream',
    description: 'What came of each step is kept as evidence.',
    body: { schema: published(trial), examples: { 'For nothing': {} } },
    responses: answers(200, listOf(published(evidence)), [404]),
  },
  async handle({ params, body: given }, gateway) {
    const wanted = validated(trial, given ?? {});
    if (isRefusal(wanted)) return wanted;
    const route = await gateway.routes.byName(params.provider ?? '');
    if (!route || route.provider === 'studio') return notFound('provider');
    const found = await tryRoute(gateway, route, wanted);
    return { status: 200, body: { data: found.map(evidenceBody), next_cursor: null } };
  },
};

export const PROVIDER_ROUTES: readonly OperatorRoute[] = [providers, add, update, remove, tryIt];
