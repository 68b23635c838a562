import type { Mode, Order } from './order.ts';
import type { Terms, Tier, Tried } from './task.ts';
import type { Credits, UsdMicros } from './values.ts';

/** What a provider can do of one model, as data. */
export interface Ability {
  readonly model: string;
  readonly modes: readonly Mode[];
  readonly durationsSeconds: readonly number[];
  readonly sound: boolean;
  readonly aspectRatios: readonly string[];
  readonly lastFrame: boolean;
  readonly promptMax: number;
  /** The list price of a film; null where nothing is billed. */
  readonly costMicros: ((order: Order) => UsdMicros) | null;
}

/** A provider as an operator set it up. */
export interface ProviderRoute {
  readonly name: string;
  readonly provider: string;
  readonly tier: Tier;
  readonly abilities: readonly Ability[];
  /** Higher is tried first within its tier. */
  readonly weight: number;
  readonly health: 'well' | 'ill' | 'full';
}

export interface Choice {
  readonly route: ProviderRoute | null;
  /** Why each other route was passed over, for the task's timeline. */
  readonly passedOver: readonly { readonly route: string; readonly reason: string }[];
  /** Whether a route that is only full or ill now could serve it later. */
  readonly later: boolean;
}

/** What of a task decides on its route. */
export interface Candidate {
  readonly sandbox: boolean;
  readonly tried: readonly Tried[];
  /** Absent: whatever it costs. */
  readonly terms?: Pick<Terms, 'costCapMicros' | 'attemptCapMicros'>;
}

/**
 * The route for an order. Test keys go to the studio and nowhere else, live keys anywhere but there;
 * `value` never reaches official routes, `auto` takes value first, then official (contract APIXO A7).
 */
export function choose(routes: readonly ProviderRoute[], order: Order, task: Candidate): Choice {
  const passedOver: { route: string; reason: string }[] = [];
  let later = false;
  let route: ProviderRoute | null = null;
  for (const candidate of [...routes].sort(preferred)) {
    const reason = lacks(candidate, order, task);
    if (reason === null && candidate.health === 'well' && route === null) {
      route = candidate;
    } else if (reason !== null) {
      passedOver.push({ route: candidate.name, reason });
    } else if (candidate.health !== 'well') {
      later = true;
      passedOver.push({ route: candidate.name, reason: candidate.health });
    }
  }
  return { route, passedOver, later };
}

const TIER_ORDER: Readonly<Record<Tier, number>> = { own: 0, value: 1, official: 2 };

function preferred(a: ProviderRoute, b: ProviderRoute): number {
  return TIER_ORDER[a.tier] - TIER_ORDER[b.tier] || b.weight - a.weight || (a.name < b.name ? -1 : 1);
}

/** Why a route can never serve this order; null where it can. */
export function lacks(route: ProviderRoute, order: Order, task: Candidate): string | null {
  if (task.sandbox !== (route.provider === 'studio')) {
    return task.sandbox ? 'test keys are served by the studio' : 'the studio serves test keys only';
  }
  if (!task.sandbox && order.strategy === 'value' && route.tier === 'official')
    return 'the strategy is value';
  if (!task.sandbox && order.strategy === 'official' && route.tier !== 'official')
    return 'the strategy is official';
  const ability = route.abilities.find((one) => one.model === order.model);
  if (!ability) return `does not serve ${order.model}`;
  if (task.tried.some((one) => one.route === route.name && !repeatable(route, one)))
    return 'was tried already';
  return cannot(ability, order) ?? tooDear(ability, order, task);
}

function tooDear(ability: Ability, order: Order, { tried, terms }: Candidate): string | null {
  const costMicros = ability.costMicros?.(order) ?? 0;
  if (costMicros > (terms?.attemptCapMicros ?? Number.POSITIVE_INFINITY))
    return 'costs more than the price allows';
  const spentMicros = tried.reduce((sum, one) => sum + (one.costMicros ?? 0), 0);
  if (spentMicros + costMicros > (terms?.costCapMicros ?? Number.POSITIVE_INFINITY))
    return 'would bring the task above its cost cap';
  return null;
}

/** The most that one attempt may cost upstream. @param marginFloor the share of the price that is to be left, below 1 */
export function attemptCap(price: Credits, creditsPerUsd: number, marginFloor: number): UsdMicros {
  return Math.floor(((price * 1e6) / creditsPerUsd) * (1 - marginFloor));
}

/** What was proven never to have arrived may be sent again; what got lost on our own hardware is simply done again. */
function repeatable(route: ProviderRoute, tried: Tried): boolean {
  return tried.reason === 'absent' || (route.tier === 'own' && tried.reason === 'gone');
}

function cannot(ability: Ability, order: Order): string | null {
  if (!ability.modes.includes(order.mode)) return `cannot do ${order.mode}`;
  if (!ability.durationsSeconds.includes(order.durationSeconds))
    return `cannot do ${order.durationSeconds} s`;
  if (order.sound && !ability.sound) return 'cannot do sound';
  if (order.aspectRatio && !ability.aspectRatios.includes(order.aspectRatio))
    return `cannot do ${order.aspectRatio}`;
  if (order.media.some((media) => media.role === 'last_frame') && !ability.lastFrame)
    return 'cannot end on a picture';
  if ([...order.prompt].length > ability.promptMax)
    return `takes prompts up to ${ability.promptMax} characters`;
  return null;
}
