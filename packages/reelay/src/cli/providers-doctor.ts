import type { Order } from '../core/order.ts';
import type { AccountStore } from '../core/ports/accounts.ts';
import type { Route, Routes } from '../core/ports/provider.ts';
import type { RouteStore } from '../core/ports/routes.ts';
import type { Models } from '../core/ports/world.ts';
import type { ProviderDeps } from '../flow/providers.ts';
import { shownRoutes } from '../flow/providers.ts';
import type { Finding } from './finding.ts';

/** What is looked at of the providers. */
export interface ProvidersHouse extends ProviderDeps {
  readonly store: RouteStore & Pick<AccountStore, 'price'>;
  readonly models: Models;
  readonly config: { readonly creditsPerUsd: number; readonly marginFloorPercent?: number | undefined };
  routes(): Promise<Pick<Routes, 'all'>>;
}

/** Which providers are ill, and which cost more than customers pay. Nothing where none is set up. */
export async function examineProviders(house: ProvidersHouse): Promise<readonly Finding[]> {
  const shown = (await shownRoutes(house)).filter(({ route }) => route.enabled);
  if (shown.length === 0) {
    return [{ what: 'providers', ok: true, detail: 'none is set up: only test keys are served' }];
  }
  const ill = shown.filter(({ health }) => health === 'ill' || health === 'unusable');
  const why = ill.map(
    ({ route, health, standing }) => `${route.name} (${standing.health.lastFailure?.kind ?? health})`,
  );
  const detail = ill.length === 0 ? `${shown.length} set up, none ill` : `ill: ${why.join(', ')}`;
  return [{ what: 'providers', ok: ill.length === 0, detail }, await margins(house)];
}

async function margins(house: ProvidersHouse): Promise<Finding> {
  const routes = (await (await house.routes()).all()).filter((route) => route.provider !== 'studio');
  const losses = (await Promise.all(routes.map((route) => lossesOn(house, route)))).flat();
  if (losses.length === 0)
    return { what: 'margins', ok: true, detail: 'no film costs more than it brings in' };
  const isFloored = house.config.marginFloorPercent !== undefined;
  const then = isFloored
    ? 'REELAY_MARGIN_FLOOR_PERCENT passes them over'
    : 'raise the price ("reelay prices set"), or set REELAY_MARGIN_FLOOR_PERCENT';
  return { what: 'margins', ok: isFloored, detail: `at a loss: ${losses.join('; ')}; ${then}` };
}

/** The films of a route that cost more than the usual price brings in. */
async function lossesOn(house: ProvidersHouse, route: Route): Promise<readonly string[]> {
  const losses: string[] = [];
  for (const ability of route.abilities) {
    const model = house.models.byId(ability.model);
    if (!model || !ability.costMicros) continue;
    for (const durationSeconds of ability.durationsSeconds) {
      for (const sound of ability.sound ? [false, true] : [false]) {
        const order = orderOf(model.id, durationSeconds, sound);
        const costUsd = ability.costMicros(order) / 1e6;
        // Of no account: what everybody pays.
        const credits = (await house.store.price(model.id, 'acc_', order)) ?? model.price;
        const paidUsd = credits / house.config.creditsPerUsd;
        if (costUsd <= paidUsd) continue;
        const what = `${durationSeconds} s ${sound ? 'with sound' : 'silent'}`;
        losses.push(`${route.name} ${what} costs $${costUsd.toFixed(2)}, brings $${paidUsd.toFixed(2)}`);
      }
    }
  }
  return losses;
}

function orderOf(model: string, durationSeconds: number, sound: boolean): Order {
  return {
    model,
    mode: 'text-to-video',
    prompt: '',
    media: [],
    durationSeconds,
    sound,
    resolution: null,
    aspectRatio: null,
    strategy: 'auto',
    extra: {},
  };
}
