import { condition } from '../core/health.ts';
import type { CredentialField, Provider } from '../core/ports/provider.ts';
import type {
  PricePerSecond,
  RouteChange,
  RouteScore,
  RouteStanding,
  RouteStore,
  StoredRoute,
} from '../core/ports/routes.ts';
import type { Clock } from '../core/ports/world.ts';

export interface ProviderDeps {
  readonly store: RouteStore;
  readonly providers: readonly Provider[];
  readonly clock: Clock;
}

/** Why a provider could not be set up as it was wanted: the operator's doing, with a text for the operator. */
export class ProviderProblem extends Error {
  override readonly name = 'ProviderProblem';
  readonly kind: 'invalid' | 'not_found' | 'conflict';
  constructor(kind: ProviderProblem['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface RouteWish {
  readonly name: string;
  /** Left out: the provider of the route's own name. */
  readonly provider?: string;
  readonly credential: Readonly<Record<string, string>>;
  readonly weight?: number;
  readonly concurrency?: number | null;
  readonly price?: PricePerSecond | null;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The provider a route is of. @throws ProviderProblem */
export function providerNamed(providers: readonly Provider[], name: string): Provider {
  const found = providers.find((one) => one.name === name);
  if (found) return found;
  const names = providers.map((one) => one.name).join(', ');
  throw new ProviderProblem('invalid', `There is no provider "${name}". There are ${names}.`);
}

/** Sets a provider up: it gets work within two seconds. @throws ProviderProblem */
export async function addProvider(deps: ProviderDeps, wish: RouteWish): Promise<StoredRoute> {
  if (!NAME.test(wish.name) || wish.name === 'studio') {
    const rule = 'A name is of small letters, digits and hyphens, and "studio" is taken';
    throw new ProviderProblem('invalid', `${rule}: "${wish.name}" is none.`);
  }
  const provider = providerNamed(deps.providers, wish.provider ?? wish.name);
  const now = deps.clock.now();
  const route: StoredRoute = {
    name: wish.name,
    provider: provider.name,
    credential: checked(provider.credential, wish.credential),
    enabled: true,
    weight: wish.weight ?? 1,
    concurrency: wish.concurrency ?? null,
    price: wish.price ?? null,
    createdAt: now,
    updatedAt: now,
  };
  if ((await deps.store.addRoute(route)) === 'duplicate') {
    throw new ProviderProblem('conflict', `"${wish.name}" is set up already. Give this one another name.`);
  }
  return route;
}

/** Changes a provider as it is set up; of its credential only the fields that are given. @throws ProviderProblem */
export async function changeProvider(
  deps: ProviderDeps,
  name: string,
  change: RouteChange,
): Promise<StoredRoute> {
  const { credential, ...rest } = change;
  const before = await storedRoute(deps.store, name);
  const { credential: fields } = providerNamed(deps.providers, before.provider);
  const whole = credential && checked(fields, { ...before.credential, ...credential });
  const wanted = whole ? { ...rest, credential: whole } : rest;
  const after = await deps.store.changeRoute(name, wanted, deps.clock.now());
  return after ?? notThere(name);
}

/** @throws ProviderProblem where attempts on it are unfinished, or there is none */
export async function removeProvider(store: RouteStore, name: string): Promise<void> {
  const outcome = await store.removeRoute(name);
  if (outcome === 'none') notThere(name);
  if (outcome === 'in_use') {
    const message = `"${name}" has unfinished tasks. Disable it, and remove it when they are over.`;
    throw new ProviderProblem('conflict', message);
  }
}

function notThere(name: string): never {
  throw new ProviderProblem('not_found', `No provider is set up as "${name}".`);
}

async function storedRoute(store: RouteStore, name: string): Promise<StoredRoute> {
  return (await store.storedRoutes()).find((one) => one.name === name) ?? notThere(name);
}

function checked(
  fields: readonly CredentialField[],
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = fields.map((field) => field.name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ProviderProblem('invalid', `"${unknown}" is not asked for. There are ${names.join(', ')}.`);
  }
  const missing = fields.find((field) => field.required && !given[field.name] && !field.default);
  if (missing) throw new ProviderProblem('invalid', `"${missing.name}" is missing: ${missing.label}.`);
  if (given.base_url && !/^https?:\/\/[^/]/.test(given.base_url)) {
    throw new ProviderProblem('invalid', '"base_url" is to be a web address.');
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}

/** A provider as it is set up and how it does, without a word of its secrets. */
export interface ShownRoute {
  readonly route: Omit<StoredRoute, 'credential'>;
  readonly tier: Provider['tier'] | null;
  readonly models: readonly string[];
  /** `unusable`: its provider is unknown, or the master key does not open its credential. */
  readonly health: 'well' | 'ill' | 'full' | 'unusable';
  readonly standing: RouteStanding;
  /** Unfinished jobs at a time; null: no limit is known. */
  readonly limit: number | null;
  /** What is not secret as it is, of secrets only that they are there. */
  readonly credential: Readonly<Record<string, string>>;
  /** Of the last day. */
  readonly score: RouteScore;
}

const DAY_MS = 86_400_000;
const NOTHING: RouteScore = { succeeded: 0, failed: 0, refused: 0, latencyMs: 0 };

/** Every provider that is set up, the disabled ones too. */
export async function shownRoutes(deps: ProviderDeps): Promise<readonly ShownRoute[]> {
  const { now, of } = await deps.store.standings();
  const scores = await deps.store.scores(now - DAY_MS);
  return (await deps.store.storedRoutes()).flatMap(({ credential, ...route }) => {
    const standing = of.get(route.name);
    if (!standing) return [];
    const adapter = deps.providers.find((one) => one.name === route.provider);
    const limit = route.concurrency ?? adapter?.limits?.unfinished ?? null;
    const usable = adapter !== undefined && credential !== null;
    const shown: ShownRoute = {
      route,
      tier: adapter?.tier ?? null,
      models: [...new Set(adapter?.abilities.map((ability) => ability.model))],
      health: usable ? condition(standing.health, standing.unfinished, limit, now) : 'unusable',
      standing,
      limit,
      credential: masked(adapter?.credential ?? [], credential ?? {}),
      score: scores.get(route.name) ?? NOTHING,
    };
    return [shown];
  });
}

function masked(
  fields: readonly CredentialField[],
  credential: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const open = (name: string) => fields.some((field) => field.name === name && !field.secret);
  const entries = Object.entries(credential);
  return Object.fromEntries(entries.map(([name, value]) => [name, open(name) ? value : '…']));
}
