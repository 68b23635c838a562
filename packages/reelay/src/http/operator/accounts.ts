import { z } from 'zod';
import type { AccountVerdict } from '../../core/ledger.ts';
import type { Account } from '../../core/ports/accounts.ts';
import type { Refusal } from '../../core/refusal.ts';
import { isRefusal, refuse } from '../../core/refusal.ts';
import { grant } from '../../flow/accounts.ts';
import type { Gateway } from '../gateway.ts';
import type { OperatorRoute } from './route.ts';
import { answers, CURSOR_DOCS, cursorQuery, listOf, notFound, page, published, validated } from './route.ts';
import * as wire from './wire.ts';

const TAG = 'operator';

const list: OperatorRoute = {
  method: 'GET',
  path: '/accounts',
  docs: {
    tag: TAG,
    summary: 'Accounts',
    description: 'Every account. A test account has play credits and is served by the studio only.',
    query: CURSOR_DOCS,
    responses: answers(200, listOf(published(wire.account))),
  },
  async handle({ query }, { store }) {
    const wanted = validated(cursorQuery, query);
    if (isRefusal(wanted)) return wanted;
    const { entries, nextCursor } = page(await store.accounts(), wanted);
    return { status: 200, body: { data: entries.map(wire.accountBody), next_cursor: nextCursor } };
  },
};

const balance = z.object({ available: z.int(), held: z.int() });
const wholeAccount = wire.account.extend({ balance });

const read: OperatorRoute = {
  method: 'GET',
  path: '/accounts/:account',
  docs: {
    tag: TAG,
    summary: 'One account with its balance',
    description: 'By its id or its name.',
    responses: answers(200, published(wholeAccount), [404]),
  },
  async handle({ params }, gateway) {
    const account = await find(gateway, params.account);
    if (!account) return notFound('account');
    const { available, held } = await gateway.store.balance(account.wallet);
    return { status: 200, body: { ...wire.accountBody(account), balance: { available, held } } };
  },
};

const ledger: OperatorRoute = {
  method: 'GET',
  path: '/accounts/:account/ledger',
  docs: {
    tag: TAG,
    summary: 'What moved in its wallet',
    description: 'The latest transfers, newest first. Transfers are only ever added.',
    query: { limit: CURSOR_DOCS.limit ?? { schema: {}, required: false, description: '' } },
    responses: answers(200, listOf(published(wire.ledgerLine)), [404]),
  },
  async handle({ params, query }, gateway) {
    const wanted = validated(cursorQuery, query);
    if (isRefusal(wanted)) return wanted;
    const account = await find(gateway, params.account);
    if (!account) return notFound('account');
    const lines = await gateway.store.ledger(account.wallet, wanted.limit);
    return { status: 200, body: { data: lines.map(wire.ledgerBody), next_cursor: null } };
  },
};

const grantBody = z.object({
  amount: z.int().min(-1e12).max(1e12).describe('Credits given; below 0: a correction'),
  reason: z.string().min(1).max(500),
  reference: z.string().min(1).max(200).describe('The same reference again changes nothing'),
});

const credits: OperatorRoute = {
  method: 'POST',
  path: '/accounts/:account/credits',
  docs: {
    tag: TAG,
    summary: 'Grant credits, or correct them',
    description: 'Repeating a reference is safe: it answers duplicate and changes nothing.',
    body: {
      schema: published(grantBody),
      examples: { grant: { amount: 1000, reason: 'invoice 2026-118', reference: 'invoice-2026-118' } },
    },
    responses: answers(
      200,
      published(z.object({ outcome: z.enum(['committed', 'duplicate']), balance })),
      [402, 404],
    ),
  },
  async handle({ params, body }, gateway) {
    const change = validated(grantBody, body);
    if (isRefusal(change)) return change;
    if (change.amount === 0) return refuse('invalid', 'amount: must not be 0', { field: 'amount' });
    const account = await find(gateway, params.account);
    if (!account) return notFound('account');
    const refused = VERDICTS[await grant(gateway, { account: account.id, ...change })];
    if (typeof refused !== 'string') return refused;
    const { available, held } = await gateway.store.balance(account.wallet);
    return { status: 200, body: { outcome: refused, balance: { available, held } } };
  },
};

const VERDICTS: Readonly<Record<AccountVerdict, 'committed' | 'duplicate' | Refusal>> = {
  committed: 'committed',
  duplicate: 'duplicate',
  insufficient_credits: refuse('insufficient_credits', 'The wallet does not cover this correction'),
  no_such_account: notFound('account'),
};

/** An account by its id or its name. */
export async function find({ store }: Pick<Gateway, 'store'>, given = ''): Promise<Account | null> {
  const named = await store.accountByName(given);
  if (named || !wire.isAccountId(given)) return named;
  return (await store.accounts()).find((one) => one.id === given) ?? null;
}

export const ACCOUNT_ROUTES: readonly OperatorRoute[] = [list, read, ledger, credits];
