import { v7 } from 'uuid';
import type { Endpoint, EndpointId, EndpointStore } from '../core/ports/endpoints.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { LetterId } from '../core/values.ts';
import { newWebhookSecret } from '../flow/accounts.ts';
import { compact } from '../ids.ts';
import type { Acts, Done, Visit } from './actions.ts';
import { NOT_SET_UP, owner } from './actions.ts';
import type { Gateway } from './gateway.ts';

const ENDPOINTS_MAX = 20;
/** How long the secret before goes on signing after a rotation. */
const OVERLAP_MS = 24 * 3_600_000;

const NOT_FOUND = refuse('not_found', 'Webhook endpoint not found');

type EndpointActs = Pick<
  Acts,
  | 'endpoints'
  | 'createEndpoint'
  | 'endpoint'
  | 'updateEndpoint'
  | 'revokeEndpoint'
  | 'rotateSecret'
  | 'testEndpoint'
  | 'deliveries'
  | 'replay'
  | 'feed'
>;

/** Endpoints that an account registers for its events, and the feed that tells the same. */
export function endpointActs({ endpoints: store, clock }: Gateway): EndpointActs {
  /** Does something with an endpoint of the caller's account; another's is not found, like one that does not exist. */
  async function withMine<T>(
    id: EndpointId,
    visit: Visit,
    act: (store: EndpointStore, endpoint: Endpoint) => Promise<T | Refusal | null>,
  ): Promise<Done<T> | Refusal> {
    if (!store) return NOT_SET_UP;
    const endpoint = await store.endpoint(id);
    if (!endpoint || endpoint.account !== owner(visit).account || endpoint.status === 'revoked')
      return NOT_FOUND;
    const output = await act(store, endpoint);
    if (output === null) return NOT_FOUND;
    return isOutput(output) ? { output } : output;
  }

  return {
    async endpoints(_input, visit) {
      return store ? { output: await store.endpoints(owner(visit).account) } : NOT_SET_UP;
    },

    async createEndpoint(wish, visit) {
      if (!store) return NOT_SET_UP;
      const now = clock.now();
      const endpoint: Endpoint = {
        id: `whend_${compact(v7())}`,
        account: owner(visit).account,
        ...wish,
        status: 'active',
        secrets: [{ secret: newWebhookSecret(), until: null }],
        lastSuccessAt: null,
        lastFailureAt: null,
        failureCount: 0,
        createdAt: now,
        updatedAt: now,
        disabledAt: null,
        revokedAt: null,
      };
      const outcome = await store.createEndpoint(endpoint, ENDPOINTS_MAX);
      if (outcome === 'created') return { output: endpoint };
      return refuse('invalid', `An account has at most ${ENDPOINTS_MAX} webhook endpoints`);
    },

    endpoint: async ({ endpoint: id }, visit) => withMine(id, visit, async (_store, endpoint) => endpoint),

    updateEndpoint: async ({ endpoint: id, change }, visit) =>
      withMine(id, visit, (open) => {
        const now = clock.now();
        const { status } = change;
        const disabledAt = status === undefined ? {} : { disabledAt: status === 'disabled' ? now : null };
        return open.updateEndpoint(id, { ...change, ...disabledAt }, now);
      }),

    revokeEndpoint: async ({ endpoint: id }, visit) =>
      withMine(id, visit, (open) => {
        const now = clock.now();
        return open.updateEndpoint(id, { status: 'revoked', revokedAt: now }, now);
      }),

    rotateSecret: async ({ endpoint: id }, visit) =>
      withMine(id, visit, (open, { secrets: [standing] }) => {
        const now = clock.now();
        const before = standing ? [{ ...standing, until: now + OVERLAP_MS }] : [];
        const secrets = [{ secret: newWebhookSecret(), until: null }, ...before];
        return open.updateEndpoint(id, { secrets }, now);
      }),

    testEndpoint: async ({ endpoint: id, type, render }, visit) =>
      withMine(id, visit, async (open) => {
        const letter: LetterId = `evt_${compact(v7())}`;
        const body = JSON.stringify(render(letter, clock.now()));
        await open.writeLetter(id, { id: letter, type, body });
        return { letter, type };
      }),

    deliveries: async ({ endpoint: id, cursor, limit }, visit) =>
      withMine(id, visit, (open) => open.endpointDeliveries(id, { cursor, limit })),

    replay: async ({ endpoint: id, letter }, visit) =>
      withMine(id, visit, async (open) =>
        (await open.replayLetter(id, letter)) ? { letter } : refuse('not_found', 'Delivery not found'),
      ),

    async feed(page, visit) {
      if (!store) return NOT_SET_UP;
      const output = await store.feed(owner(visit).account, page);
      if (output !== 'expired') return { output };
      return refuse('invalid', 'cursor is older than the events that are kept (30 days)', {
        field: 'cursor',
      });
    },
  };
}

function isOutput<T>(output: T | Refusal): output is T {
  return !(typeof output === 'object' && output !== null && isRefusal(output));
}
