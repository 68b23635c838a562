import { z } from 'zod';
import { isRefusal, refuse } from '../../core/refusal.ts';
import { find } from './accounts.ts';
import type { OperatorRoute } from './route.ts';
import { answers, listOf, notFound, published, validated } from './route.ts';

const TAG = 'operator';

const rule = z.object({
  model: z.string(),
  account: z.string().nullable().default(null).describe('By id or name; null: every account'),
  duration_seconds: z.int().min(1).nullable().default(null),
  sound: z.boolean().nullable().default(null),
  resolution: z.enum(['720p', '1080p']).nullable().default(null),
  price: z.int().min(0).max(1e12).describe('Credits a task'),
});

const price: OperatorRoute = {
  method: 'PUT',
  path: '/prices',
  docs: {
    tag: TAG,
    summary: 'Set a price',
    description:
      'A row of the price book. null matches everything; the most exact row wins. Tasks that were taken keep the price they were taken at.',
    body: {
      schema: published(rule),
      examples: { 'Ten seconds': { model: 'kling-2-6', duration_seconds: 10, price: 110 } },
    },
    responses: answers(200, published(rule), [404]),
  },
  async handle({ body }, gateway) {
    const wanted = validated(rule, body);
    if (isRefusal(wanted)) return wanted;
    if (!gateway.context.models.some((model) => model.id === wanted.model)) {
      return refuse('invalid', `model: there is no model ${wanted.model}`, { field: 'model' });
    }
    const account = wanted.account === null ? null : await find(gateway, wanted.account);
    if (wanted.account !== null && account === null) return notFound('account');
    const { model, sound, resolution, price, duration_seconds: durationSeconds } = wanted;
    await gateway.store.setPrice({
      model,
      account: account?.id ?? null,
      durationSeconds,
      sound,
      resolution,
      price,
    });
    return { status: 200, body: { ...wanted, account: account?.id ?? null } };
  },
};

const provider = z.object({
  name: z.string(),
  provider: z.string(),
  tier: z.enum(['value', 'official', 'own']),
  weight: z.number(),
  health: z.enum(['well', 'ill', 'full']),
  models: z.array(z.string()),
});

const providers: OperatorRoute = {
  method: 'GET',
  path: '/providers',
  docs: {
    tag: TAG,
    summary: 'Providers as they are set up',
    description: 'Every enabled route with its health. Credentials are never shown.',
    responses: answers(200, listOf(published(provider))),
  },
  async handle(_request, { routes }) {
    const data = (await routes.all()).map((route) => ({
      name: route.name,
      provider: route.provider,
      tier: route.tier,
      weight: route.weight,
      health: route.health,
      models: [...new Set(route.abilities.map((ability) => ability.model))],
    }));
    return { status: 200, body: { data, next_cursor: null } };
  },
};

export const HOUSE_ROUTES: readonly OperatorRoute[] = [price, providers];
