import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { House } from '../cli/context.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Links } from '../core/ports/files.ts';
import type { Store } from '../core/ports/store.ts';
import type { SurfaceContext } from '../core/ports/surface.ts';
import type { Models, Vault } from '../core/ports/world.ts';
import type { LocalFiles } from '../files/local.ts';
import { openLocalFiles } from '../files/local.ts';
import { createScribe } from '../flow/scribe.ts';
import { systemIds } from '../ids.ts';
import type { Log } from '../log.ts';
import { createLog } from '../log.ts';
import { MODELS } from '../models/catalogue.ts';
import { folderSecret } from '../secrets.ts';
import type { OpenStore } from '../store/postgres.ts';
import { SURFACES } from '../surfaces/catalogue.ts';
import { createVault } from '../vault.ts';
import { disabledNews } from './desk.ts';

/** Below this much free disk no new work is taken. */
const MIN_FREE_BYTES = 1024 ** 3;

const models: Models = { all: () => MODELS, byId: (id) => MODELS.find((model) => model.id === id) ?? null };

/** The house with what only the composition root sees of it. */
export interface Opened extends Omit<House, 'routes'> {
  readonly store: OpenStore;
  readonly files: LocalFiles;
  readonly log: Log;
  readonly vault: Vault;
  readonly context: SurfaceContext;
  readonly links: Links & { judge: Awaited<ReturnType<typeof openLinks>>['judge'] };
  readonly net: Awaited<ReturnType<typeof openDoor>>;
  readonly firstStart: boolean;
  /** Where the gateway is reached, once that is known. */
  readonly place: { address: string };
}

/** Opens what commands work with. Attaches to the database of a running gateway, or starts the embedded one. */
export async function openHouse(config: Config): Promise<House> {
  const house = await openAll(config, null);
  const { openProviders } = await import('./routes.ts');
  const { createMetrics } = await import('../metrics.ts');
  const routes = async () => (await openProviders(house, null, createMetrics())).routes;
  return { ...house, routes };
}

/** Opens every room but those that serve. @param node the name of a process that serves this data folder; null: it does not */
export async function openAll(config: Config, node: string | null): Promise<Opened> {
  await mkdir(config.dataDir, { recursive: true });
  const log = createLog(config.logLevel);
  const masterKey = config.masterKey ?? (await folderSecret(config.dataDir, 'master-key')).secret;
  const vault = createVault(masterKey);
  const { PROVIDERS } = await import('../providers/registry.ts');
  const { openStore } = await import('../store/postgres.ts');
  const { openDatabase } = await import('../store/database.ts');
  const database = await openDatabase({
    url: config.databaseUrl ?? null,
    directUrl: config.databaseDirectUrl ?? null,
    dataDir: config.dataDir,
    isGateway: node !== null,
    log: (event, fields) => log.info(event, fields),
  });
  const store = await openStore({ ...database, vault, disabledNews, ...(node === null ? {} : { node }) });
  const files = await openLocalFiles({
    folder: join(config.dataDir, 'files'),
    minFreeBytes: MIN_FREE_BYTES,
    clock: systemClock,
  });
  const place = { address: config.publicUrl ?? `http://${config.host}:${config.port}` };
  const links = await openLinks(store, place, vault);
  const net = await openDoor(config);
  const context = surfaceContext(config, links, net);
  return {
    config,
    store,
    files,
    clock: systemClock,
    ids: systemIds,
    models,
    scribe: createScribe(SURFACES, context),
    log,
    context,
    links,
    net,
    vault,
    providers: PROVIDERS,
    place,
    firstStart: database.isNew,
    async close() {
      await net.close();
      await store.close();
      await database.close();
    },
  };
}

function surfaceContext(
  config: Config,
  links: Links,
  net: { judge(url: string): string | null },
): SurfaceContext {
  return {
    models: MODELS,
    resultUrl: (file) => links.url(file),
    judgeUrl: (url) => net.judge(url),
    settings: config,
  };
}

async function openDoor(config: Config) {
  const { openNet } = await import('../net/open.ts');
  return openNet({
    clock: systemClock,
    allowHosts: config.allowHosts,
    allowPrivateNetwork: config.allowPrivateNetwork,
    publicUrl: config.publicUrl ?? null,
  });
}

/** The keys of result links live in the database, sealed, so that every process signs alike. */
async function openLinks(store: Store, place: { address: string }, vault: ReturnType<typeof createVault>) {
  const { signedLinks } = await import('../files/link.ts');
  const initial = [{ kid: 'k1', secret: randomBytes(32).toString('base64url'), retiredAt: null }];
  const sealed = await store.setting('link_keys', vault.seal(JSON.stringify(initial)));
  const keys = JSON.parse(vault.open(sealed)) as Parameters<typeof signedLinks>[1];
  const current = () => signedLinks(place.address, keys);
  const links: ReturnType<typeof signedLinks> = {
    url: (file, disposition) => current().url(file, disposition),
    judge: (id, query, now) => current().judge(id, query, now),
  };
  return links;
}
