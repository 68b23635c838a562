import { randomBytes } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Route } from '../core/ports/provider.ts';
import type { Opened } from './house.ts';

/** The providers that are set up, beside the studio, and where they call back. */
export async function openProviders(house: Opened, studio: Route | null, metrics: Registry) {
  const { callbackAddresses } = await import('../routes/callbacks.ts');
  const { StoredRoutes } = await import('../routes/routes.ts');
  const { config, store, net, log, providers, vault } = house;
  const initial = vault.seal(randomBytes(32).toString('base64url'));
  const key = vault.open(await store.setting('callback_key', initial));
  const addresses = callbackAddresses(key, config.publicUrl ?? null);
  const routes = new StoredRoutes({
    store,
    providers,
    studio,
    door: net,
    log,
    metrics,
    callbackUrl: (route, task) => addresses.url(route, task),
  });
  return { routes, addresses };
}
