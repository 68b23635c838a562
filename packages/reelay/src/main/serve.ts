import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Gateway } from '../cli/context.ts';
import { stopwatch } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Inspector } from '../core/ports/net.ts';
import type { Routes } from '../core/ports/provider.ts';
import type { TaskId } from '../core/values.ts';
import { cancel } from '../flow/cancel.ts';
import { create, terms } from '../flow/create.ts';
import { inbound } from '../flow/inbound.ts';
import { folderSecret, sha256 } from '../secrets.ts';
import { SURFACES } from '../surfaces/catalogue.ts';
import { openUploadDesk, ownFiles } from './desk.ts';
import type { Opened } from './house.ts';
import { openAll } from './house.ts';
import { openModerator } from './moderator.ts';
import { openProviders } from './routes.ts';
import { openStudio } from './studio.ts';

/** In-flight submits may take a minute; they are never cut off. */
const CLOSE_GRACE_MS = 10_000;
const NODE_LEASE_MS = 30_000;
const SWEEP_EVERY_MS = 3_600_000;
const ORPHAN_AGE_MS = 86_400_000;

/** Opens the gateway and serves until it is closed. */
export async function serve(config: Config, version: string): Promise<Gateway> {
  const node = `node-${process.pid}-${randomBytes(6).toString('hex')}`;
  const house = await openAll(config, node);
  const admin = await adminToken(config);
  // What the operator gave counts as given; one of our own making is the same on every process.
  const adminTokenHash = config.adminToken
    ? sha256(config.adminToken)
    : await house.store.setting('admin_token_hash', sha256(admin.token));
  await arrive(house, node);
  const studio = await openStudio(house, node);
  const { createMetrics } = await import('../metrics.ts');
  const metrics = createMetrics();
  const upstreams = await openProviders(house, studio.route, metrics);
  const { routes } = upstreams;
  const { openInspector } = await import('../net/inspector.ts');
  const inspector = openInspector();
  const app = await openApp(house, upstreams, { adminTokenHash, version, metrics, inspector });
  let worker: { stop(): Promise<void> } | null = null;
  try {
    if (config.role !== 'worker') {
      const address = await app.listen().catch(addressProblem);
      if (!config.publicUrl) house.place.address = address;
    }
    if (config.role !== 'api') worker = await openWorker(house, routes, inspector);
  } catch (error) {
    await studio.close();
    inspector.close();
    await house.close();
    throw error;
  }
  const chores = startChores(house, node);
  house.log.info('serving', { address: house.place.address, version });
  return {
    ...house,
    routes: async () => routes,
    address: house.place.address,
    adminTokenPath: admin.path,
    async close() {
      app.drain();
      clearInterval(chores);
      await app.close(CLOSE_GRACE_MS);
      await worker?.stop();
      await routes.settled();
      await studio.close();
      inspector.close();
      await house.store.forgetNode(node);
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

interface Fittings {
  readonly adminTokenHash: string;
  readonly version: string;
  readonly metrics: Registry;
  readonly inspector: Inspector;
}

async function openApp(
  house: Opened,
  { routes, addresses }: Awaited<ReturnType<typeof openProviders>>,
  { adminTokenHash, version, metrics, inspector }: Fittings,
) {
  const { createApp } = await import('../http/app.ts');
  const { judgeRange } = await import('../files/range.ts');
  const { config, store, files, clock, ids, models, scribe, log, context, links } = house;
  const money = {
    costCapMicros: config.costCapUsd === undefined ? null : Math.round(config.costCapUsd * 1e6),
    marginFloor: config.marginFloorPercent === undefined ? null : config.marginFloorPercent / 100,
    creditsPerUsd: config.creditsPerUsd,
  };
  const deps = { store, models, routes, files, clock, ids, money };
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
    providers: house.providers,
    clock,
    ids,
    stopwatch,
    log,
    metrics,
    create: (input) => create(deps, input),
    quote: (input) => terms(deps, input),
    cancel: (task) => cancel({ store, clock, scribe }, task),
    inbound: async ({ route, task, token, request }) =>
      isTaskId(task) &&
      addresses.isOurs(route, task, token) &&
      inbound({ store, clock, scribe, routes }, { route, task, request }),
    judgeLink: (id, query, now) => links.judge(id, query, now),
    judgeRange,
    uploads: await openUploadDesk(house, inspector),
    endpoints: store,
    operator: store,
  });
}

async function openWorker(house: Opened, routes: Routes, inspector: Inspector) {
  const { startWorker } = await import('../worker/worker.ts');
  const moderator = await openModerator(house);
  const pause = (ms: number) => sleep<void>(ms);
  return startWorker({ ...house, routes, inspector, moderator, pause, ownFile: ownFiles(house) });
}

/** Says that this process lives, and takes up at once what processes left behind that are gone. */
async function arrive({ config, store }: Opened, node: string): Promise<void> {
  await store.beat(node, NODE_LEASE_MS);
  // The embedded database has one gateway: whoever else had a name there is gone.
  if (!config.databaseUrl) await store.forgetNodes();
  await store.releaseLeases();
}

async function adminToken(config: Config): Promise<{ token: string; path: string | null }> {
  if (config.adminToken) return { token: config.adminToken, path: null };
  const { secret, path } = await folderSecret(config.dataDir, 'admin-token');
  return { token: secret, path };
}

function isTaskId(text: string): text is TaskId {
  return text.startsWith('task_');
}

/** Says now and then that this process lives, takes up what others left behind, and sweeps what crashes left on the disk. */
function startChores({ store, files, log }: Opened, node: string): NodeJS.Timeout {
  let sweptMs = 0;
  return setInterval(() => {
    store
      .beat(node, NODE_LEASE_MS)
      .then(() => store.releaseLeases())
      .catch((error: unknown) => log.error('heartbeat failed', { error }));
    sweptMs += NODE_LEASE_MS / 3;
    if (sweptMs < SWEEP_EVERY_MS) return;
    sweptMs = 0;
    forgetEvents(store).catch((error: unknown) => log.error('old events stay', { error }));
    files
      .sweep((ids) => store.known(ids), ORPHAN_AGE_MS)
      .catch((error: unknown) => log.error('sweep failed', { error }));
  }, NODE_LEASE_MS / 3);
}

async function forgetEvents(store: Opened['store']): Promise<void> {
  while ((await store.forgetEvents(1_000)) > 0);
}
