import { z } from 'zod';
import type { PriceRule } from '../../core/ports/accounts.ts';
import type { Refusal } from '../../core/refusal.ts';
import { isRefusal, refuse } from '../../core/refusal.ts';
import type { LetterId } from '../../core/values.ts';
import { NOT_SET_UP } from '../actions.ts';
import type { Gateway } from '../gateway.ts';
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

type RuleBody = z.output<typeof rule>;

/** A rule as the store has it, its account found by id or name. */
async function ruleOf(wanted: RuleBody, gateway: Gateway): Promise<PriceRule | Refusal> {
  if (!gateway.context.models.some((model) => model.id === wanted.model)) {
    return refuse('invalid', `model: there is no model ${wanted.model}`, { field: 'model' });
  }
  const account = wanted.account === null ? null : await find(gateway, wanted.account);
  if (wanted.account !== null && account === null) return notFound('account');
  const { model, sound, resolution, price, duration_seconds: durationSeconds } = wanted;
  return { model, account: account?.id ?? null, durationSeconds, sound, resolution, price };
}

function ruleBody({ model, account, durationSeconds, sound, resolution, price }: PriceRule) {
  return { model, account, duration_seconds: durationSeconds, sound, resolution, price };
}

const setPrice: OperatorRoute = {
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
    const set = await ruleOf(wanted, gateway);
    if (isRefusal(set)) return set;
    await gateway.store.setPrice(set);
    return { status: 200, body: ruleBody(set) };
  },
};

const prices: OperatorRoute = {
  method: 'GET',
  path: '/prices',
  docs: {
    tag: TAG,
    summary: 'The price book',
    description: 'Where no row fits, the model’s own price stands.',
    responses: answers(200, listOf(published(rule))),
  },
  async handle(_request, { operator }) {
    if (!operator) return NOT_SET_UP;
    return { status: 200, body: { data: (await operator.prices()).map(ruleBody), next_cursor: null } };
  },
};

const removal = rule.omit({ price: true });

const removePrice: OperatorRoute = {
  method: 'POST',
  path: '/prices/remove',
  docs: {
    tag: TAG,
    summary: 'Remove a price',
    description: 'The row with exactly these fields.',
    body: {
      schema: published(removal),
      examples: { 'Ten seconds': { model: 'kling-2-6', duration_seconds: 10 } },
    },
    responses: answers(200, published(removal), [404]),
  },
  async handle({ body }, gateway) {
    const { operator } = gateway;
    if (!operator) return NOT_SET_UP;
    const wanted = validated(removal, body);
    if (isRefusal(wanted)) return wanted;
    const found = await ruleOf({ ...wanted, price: 0 }, gateway);
    if (isRefusal(found)) return found;
    const { price: _, ...row } = found;
    const { price: __, ...shown } = ruleBody(found);
    return (await operator.removePrice(row)) ? { status: 200, body: shown } : notFound('price');
  },
};

const replayed = z.object({ id: z.string() });

const replay: OperatorRoute = {
  method: 'POST',
  path: '/deliveries/:delivery/replay',
  docs: {
    tag: TAG,
    summary: 'Send a notice again',
    description: 'With the same id and body: a receiver that had it can tell.',
    responses: answers(200, published(replayed), [404]),
  },
  async handle({ params }, { operator }) {
    if (!operator) return NOT_SET_UP;
    const id = params.delivery ?? '';
    const again = isLetterId(id) && (await operator.replay(id));
    return again ? { status: 200, body: { id } } : notFound('delivery');
  },
};

function isLetterId(text: string): text is LetterId {
  return text.startsWith('evt_');
}

export const HOUSE_ROUTES: readonly OperatorRoute[] = [prices, setPrice, removePrice, replay];
