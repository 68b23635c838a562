import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Route } from '../core/ports/provider.ts';
import type { TaskId } from '../core/values.ts';
import { MODELS } from '../models/catalogue.ts';
import type { Opened } from './house.ts';

/** The built-in studio as a route. @param node this process's name among those that share the database */
export async function openStudio({ config, store, clock, net }: Opened, node: string) {
  const { startStudio } = await import('../providers/studio/studio.ts');
  const { studioAbilities } = await import('../providers/studio/abilities.ts');
  const adapter = startStudio({
    node,
    folder: join(config.dataDir, 'studio'),
    slots: config.studioSlots || availableParallelism(),
    encoder: 'auto',
    abilities: studioAbilities(MODELS),
    clock,
    isAlive: (other) => store.isAlive(other),
    wake: (task: TaskId) => void store.wake(task).catch(() => {}),
  });
  // The studio reaches nobody; it is given a door because every provider is.
  const upstream = net.upstream({
    baseUrl: 'https://localhost',
    credential: {},
    secrets: [],
    callbackUrl: () => null,
  });
  const route: Route = {
    name: 'studio',
    provider: 'studio',
    tier: adapter.tier,
    abilities: adapter.abilities,
    weight: 0,
    health: 'well',
    adapter,
    upstream,
  };
  return { route, close: () => adapter.close() };
}
