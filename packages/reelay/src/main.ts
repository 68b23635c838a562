import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway, House } from './cli/context.ts';
import { stopwatch, systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { Links } from './core/ports/files.ts';
import type { Route, Routes } from './core/ports/provider.ts';
import type { Store } from './core/ports/store.ts';
import type { SurfaceContext } from './core/ports/surface.ts';
import type { Models, Moderator } from './core/ports/world.ts';
import type { TaskId } from './core/values.ts';
import type { LocalFiles } from './files/local.ts';
import { openLocalFiles } from './files/local.ts';
import { cancel } from './flow/cancel.ts';
import { create, terms } from './flow/create.ts';
import { createScribe } from './flow/scribe.ts';
import { systemIds } from './ids.ts';
import type { Log } from './log.ts';
import { createLog } from './log.ts';
import { MODELS } from './models/catalogue.ts';
import { folderSecret, sha256 } from './secrets.ts';
import { SURFACES } from './surfaces/catalogue.ts';
import { createVault } from './vault.ts';

/** Below this much free disk no new work is taken. */
const MIN_FREE_BYTES = 1024 ** 3;
/** In-flight submits may take a minute; they are never cut off. */
const CLOSE_GRACE_MS = 10_000;
const NODE_LEASE_MS = 30_000;
const SWEEP_EVERY_MS = 3_600_000;
const ORPHAN_AGE_MS = 86_400_000;

const models: Models = { all: () => MODELS, byId: (id) => MODELS.find((model) => model.id === id) ?? null };

interface Opened extends House {
  readonly files: LocalFiles;
  readonly log: Log;
  readonly context: SurfaceContext;
  readonly links: Links & { judge: Awaited<ReturnType<typeof openLinks>>['judge'] };
  readonly net: Awaited<ReturnType<typeof openDoor>>;
  readonly firstStart: boolean;
  /** Where the gateway is reached, once that is known. */
  readonly place: { address: string };
}

/** Opens what commands work with. Attaches to the database of a running gateway, or starts the embedded one. */
export async function openHouse(config: Config): Promise<House> {
  return openAll(config, false);
}

async function openAll(config: Config, isGateway: boolean): Promise<Opened> {
  await mkdir(config.dataDir, { recursive: true });
  const log = createLog(config.logLevel);
  const masterKey = config.masterKey ?? (await folderSecret(config.dataDir, 'master-key')).secret;
  const vault = createVault(masterKey);
  const { openStore } = await import('./store/postgres.ts');
  const { openDatabase } = await import('./store/database.ts');
  const database = await openDatabase({
    url: config.databaseUrl ?? null,
    directUrl: config.databaseDirectUrl ?? null,
    dataDir: config.dataDir,
    isGateway,
    log: (event, fields) => log.info(event, fields),
  });
  const store = await openStore({ ...database, vault });
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
  const { openNet } = await import('./net/open.ts');
  return openNet({
    clock: systemClock,
    allowHosts: config.allowHosts,
    allowPrivateNetwork: config.allowPrivateNetwork,
    publicUrl: config.publicUrl ?? null,
  });
}

/** The keys of result links live in the database, sealed, so that every process signs alike. */
async function openLinks(store: Store, place: { address: string }, vault: ReturnType<typeof createVault>) {
  const { signedLinks } = await import('./files/link.ts');
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

/** Opens the gateway and serves until it is closed. */
export async function serve(config: Config, version: string): Promise<Gateway> {
  const house = await openAll(config, true);
  const admin = await adminToken(config);
  const adminTokenHash = await house.store.setting('admin_token_hash', sha256(admin.token));
  const studio = await openStudio(house);
  const routes = studioOnly(studio.route);
  const app = await openApp(house, routes, adminTokenHash, version);
  let worker: { stop(): Promise<void> } | null = null;
  try {
    if (config.role !== 'worker') {
      const address = await app.listen().catch(addressProblem);
      if (!config.publicUrl) house.place.address = address;
    }
    if (config.role !== 'api') worker = await openWorker(house, routes);
  } catch (error) {
    await studio.close();
    await house.close();
    throw error;
  }
  const chores = startChores(house, studio.node);
  house.log.info('serving', { address: house.place.address, version });
  return {
    ...house,
    address: house.place.address,
    adminTokenPath: admin.path,
    async close() {
      app.drain();
      clearInterval(chores);
      await app.close(CLOSE_GRACE_MS);
      await worker?.stop();
      await studio.close();
      await house.close();
    },
  };
}

/** Another server has the port: said to the operator, or tried elsewhere by whoever can. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
}

function addressProblem(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    throw new AddressInUse('The port is taken by another server. Choose one with REELAY_PORT.');
  }
  throw error;
}

async function openApp(house: Opened, routes: Routes, adminTokenHash: string, version: string) {
  const { createApp } = await import('./http/app.ts');
  const { judgeRange } = await import('./files/range.ts');
  const { createMetrics } = await import('./metrics.ts');
  const { config, store, files, clock, ids, scribe, log, context, links } = house;
  const deps = { store, models, routes, files, clock, ids };
  return createApp({
    settings: {
      host: config.host,
      port: config.port,
      publicUrl: config.publicUrl ?? null,
      trustProxy: config.trustProxy,
      corsOrigins: config.corsOrigins,
      keepAliveMs: config.trustProxy.length > 0 ? 65_000 : 5_000,
      connectionsMax: 20_000,
      adminTokenHash,
      version,
    },
    surfaces: SURFACES,
    context,
    store,
    files,
    routes,
    clock,
    ids,
    stopwatch,
    log,
    metrics: createMetrics(),
    create: (input) => create(deps, input),
    quote: (input) => terms(deps, input),
    cancel: (task) => cancel({ store, clock, scribe }, task),
    judgeLink: (id, query, now) => links.judge(id, query, now),
    judgeRange,
  });
}

async function openWorker(house: Opened, routes: Routes) {
  const { startWorker } = await import('./worker/worker.ts');
  const { openInspector } = await import('./net/inspector.ts');
  const inspector = openInspector();
  const moderator = await openModerator(house);
  const pause = (ms: number) => sleep<void>(ms);
  const worker = startWorker({ ...house, routes, inspector, moderator, pause });
  return {
    async stop() {
      await worker.stop();
      inspector.close();
    },
  };
}

async function openModerator({ config, net }: Opened): Promise<Moderator> {
  const { createBench, createRules, readRules } = await import('./moderators/rules.ts');
  const rules = config.moderationRules
    ? readRules(await readFile(config.moderationRules, 'utf8'))
    : undefined;
  const judges = [createRules(rules)];
  if (config.moderationUrl) {
    const { createOpenAiModerator } = await import('./moderators/openai.ts');
    const key = config.moderationKey;
    const upstream = net.upstream({
      baseUrl: config.moderationUrl,
      credential: {},
      secrets: key ? [key] : [],
      callbackUrl: () => null,
    });
    const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
    const call: typeof upstream.call = (request) => upstream.call({ ...request, headers });
    judges.push(createOpenAiModerator(call, config.moderationModel));
  }
  return createBench(judges);
}

async function openStudio({ config, store, clock, net }: Opened) {
  const { startStudio } = await import('./providers/studio/studio.ts');
  const { studioAbilities } = await import('./providers/studio/abilities.ts');
  const node = `node-${process.pid}-${randomBytes(6).toString('hex')}`;
  await store.beat(node, NODE_LEASE_MS);
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
  return { node, route, close: () => adapter.close() };
}

function studioOnly(route: Route): Routes {
  return { all: async () => [route], byName: async (name) => (name === route.name ? route : null) };
}

async function adminToken(config: Config): Promise<{ token: string; path: string | null }> {
  if (config.adminToken) return { token: config.adminToken, path: null };
  const { secret, path } = await folderSecret(config.dataDir, 'admin-token');
  return { token: secret, path };
}

/** Says now and then that this process lives, and sweeps what crashes left on the disk. */
function startChores({ store, files, log }: Opened, node: string): NodeJS.Timeout {
  let sweptMs = 0;
  return setInterval(() => {
    store.beat(node, NODE_LEASE_MS).catch((error: unknown) => log.error('heartbeat failed', { error }));
    sweptMs += NODE_LEASE_MS / 3;
    if (sweptMs < SWEEP_EVERY_MS) return;
    sweptMs = 0;
    files
      .sweep((ids) => store.known(ids), ORPHAN_AGE_MS)
      .catch((error: unknown) => log.error('sweep failed', { error }));
  }, NODE_LEASE_MS / 3);
}
