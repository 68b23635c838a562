import { z } from 'zod';
import { SCOPES } from '../../core/ports/accounts.ts';
import { isRefusal, refuse } from '../../core/refusal.ts';
import { AccountProblem, createKey, newWebhookSecret } from '../../flow/accounts.ts';
import { find } from './accounts.ts';
import type { OperatorRoute } from './route.ts';
import { answers, CURSOR_DOCS, cursorQuery, listOf, notFound, page, published, validated } from './route.ts';
import * as wire from './wire.ts';

const TAG = 'operator';

const list: OperatorRoute = {
  method: 'GET',
  path: '/keys',
  docs: {
    tag: TAG,
    summary: 'API keys',
    description: 'Never the keys themselves: those are shown once, when they are made.',
    query: {
      account: {
        schema: { type: 'string' },
        required: false,
        description: 'Of this account only, by id or name',
      },
      ...CURSOR_DOCS,
    },
    responses: answers(200, listOf(published(wire.key)), [404]),
  },
  async handle({ query }, gateway) {
    const wanted = validated(cursorQuery.extend({ account: z.string().optional() }), query);
    if (isRefusal(wanted)) return wanted;
    const account = wanted.account === undefined ? null : await find(gateway, wanted.account);
    if (wanted.account !== undefined && account === null) return notFound('account');
    const { entries, nextCursor } = page(await gateway.store.keys(account?.id ?? null), wanted);
    return { status: 200, body: { data: entries.map(wire.keyBody), next_cursor: nextCursor } };
  },
};

const wish = z.object({
  account: z.string().min(1).max(200).describe('The account’s name; it is made where there is none'),
  parent: z.string().max(200).optional().describe('The account whose wallet a new account draws on, by name'),
  name: z.string().max(200).default(''),
  sandbox: z.boolean().default(false).describe('A test key: served by the studio, with play credits'),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .default([...SCOPES]),
  strategy: z.enum(['auto', 'value', 'official']).default('auto'),
  requests_per_minute: z.int().min(1).max(100_000_000).default(10_000),
  unfinished_tasks: z.int().min(1).max(100_000_000).default(1_000),
  cap: z.int().min(0).nullable().default(null).describe('The most credits it may hold and be charged in all'),
  expires_at: z.iso.datetime().nullable().default(null),
});

const made = wire.key.extend({
  key: z.string().describe('The key itself: shown this once'),
  callback_secret: z
    .string()
    .describe('What its callbacks are signed with (Standard Webhooks): shown this once'),
});

const create: OperatorRoute = {
  method: 'POST',
  path: '/keys',
  docs: {
    tag: TAG,
    summary: 'Make a key',
    description: 'And its account, where that is new. The key and its callback secret are shown this once.',
    body: { schema: published(wish), examples: { 'A test key': { account: 'playground', sandbox: true } } },
    responses: answers(201, published(made)),
  },
  async handle({ body }, gateway) {
    const wanted = validated(wish, body);
    if (isRefusal(wanted)) return wanted;
    try {
      const { secret, key } = await createKey(gateway, {
        account: wanted.account,
        ...(wanted.parent === undefined ? {} : { parent: wanted.parent }),
        name: wanted.name,
        sandbox: wanted.sandbox,
        scopes: wanted.scopes,
        strategy: wanted.strategy,
        requestsPerMinute: wanted.requests_per_minute,
        unfinishedTasks: wanted.unfinished_tasks,
        cap: wanted.cap,
        expiresAt: wanted.expires_at === null ? null : Date.parse(wanted.expires_at),
      });
      return {
        status: 201,
        body: { ...wire.keyBody(key), key: secret, callback_secret: key.callbackSecrets[0] ?? '' },
      };
    } catch (error) {
      if (error instanceof AccountProblem) return refuse('invalid', error.message, { field: 'account' });
      throw error;
    }
  },
};

const revoke: OperatorRoute = {
  method: 'POST',
  path: '/keys/:key/revoke',
  docs: {
    tag: TAG,
    summary: 'Revoke a key',
    description:
      'Acts within 5 s on every process. Tasks that it made go on. Revoking twice is one revocation.',
    responses: answers(200, published(wire.key), [404]),
  },
  async handle({ params }, { store, clock }) {
    const id = params.key ?? '';
    if (!wire.isKeyId(id)) return notFound('key');
    await store.revokeKey(id, clock.now());
    const key = await store.keyById(id);
    return key ? { status: 200, body: wire.keyBody(key) } : notFound('key');
  },
};

const rotate: OperatorRoute = {
  method: 'POST',
  path: '/keys/:key/rotate-callback-secret',
  docs: {
    tag: TAG,
    summary: 'Rotate a callback secret',
    description: 'From now on callbacks carry two signatures, by the new secret and by the one before it.',
    responses: answers(200, published(z.object({ callback_secret: z.string() })), [404]),
  },
  async handle({ params }, { store }) {
    const id = params.key ?? '';
    const key = wire.isKeyId(id) ? await store.keyById(id) : null;
    if (!key) return notFound('key');
    const secret = newWebhookSecret();
    await store.replaceCallbackSecrets(key.id, [secret, ...key.callbackSecrets.slice(0, 1)]);
    return { status: 200, body: { callback_secret: secret } };
  },
};

export const KEY_ROUTES: readonly OperatorRoute[] = [list, create, revoke, rotate];
