import type { Net } from '../core/ports/net.ts';
import type { Provider, Route, Upstream } from '../core/ports/provider.ts';
import type { PricePerSecond, StoredRoute } from '../core/ports/routes.ts';
import type { Ability } from '../core/routing.ts';
import type { TaskId } from '../core/values.ts';

/** What a route needs of the door out. */
export interface Door {
  upstream(setup: {
    readonly baseUrl: string;
    readonly addresses: readonly string[];
    readonly credential: Readonly<Record<string, string>>;
    readonly secrets: readonly string[];
    callbackUrl(task: TaskId): string | null;
  }): Upstream;
  resultsOf(access: {
    readonly baseUrl: string;
    readonly headers: Readonly<Record<string, string>>;
  }): Pick<Net, 'download'>;
}

/** A route but for its health, which changes while the rest stands. */
export type Standing = Omit<Route, 'health'> & { readonly limit: number | null };

/** Why a route cannot be used as it is set up. */
export class BadRoute extends Error {
  override readonly name = 'BadRoute';
}

/** A credential with the defaults of what was left out. */
export function withDefaults(
  provider: Provider,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const defaults = provider.credential.map((field) => [field.name, field.default ?? ''] as const);
  return { ...Object.fromEntries(defaults), ...given };
}

/** Makes a route of what is stored. Throws `BadRoute` where that cannot be. */
export function buildRoute(
  stored: StoredRoute,
  providers: readonly Provider[],
  door: Door,
  callbackUrl: (route: string, task: TaskId) => string | null,
): Standing {
  const { name, weight } = stored;
  const adapter = providers.find((one) => one.name === stored.provider);
  if (!adapter) throw new BadRoute('its provider is not known to this version');
  if (!stored.credential) throw new BadRoute('REELAY_MASTER_KEY does not open its credential');
  const credential = withDefaults(adapter, stored.credential);
  const baseUrl = credential.base_url ?? '';
  if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? ''))
    throw new BadRoute('its base_url is no web address');
  const secrets = adapter.credential
    .filter((field) => field.secret)
    .map((field) => credential[field.name] ?? '');
  const upstream = door.upstream({
    baseUrl,
    addresses: adapter.addresses?.(credential) ?? [],
    credential,
    secrets,
    callbackUrl: (task) => callbackUrl(name, task),
  });
  const { download } = door.resultsOf({ baseUrl, headers: adapter.resultHeaders?.(credential) ?? {} });
  return {
    name,
    provider: adapter.name,
    tier: adapter.tier,
    abilities: adapter.abilities.map((ability) => priced(ability, stored.price)),
    weight,
    adapter,
    upstream,
    download,
    limit: stored.concurrency ?? adapter.limits?.unfinished ?? null,
  };
}

function priced(ability: Ability, price: PricePerSecond | null): Ability {
  if (price === null) return ability;
  return {
    ...ability,
    costMicros: (order) => order.durationSeconds * (order.sound ? price.soundMicros : price.silentMicros),
  };
}
