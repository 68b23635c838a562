import { createActs } from './actions.ts';
import { mountCors } from './cors.ts';
import { mountDocs } from './docs.ts';
import type { Gateway } from './gateway.ts';
import { mountHealth } from './health.ts';
import { mountHome } from './home.ts';
import { mountInbound } from './inbound.ts';
import { Keys } from './keys.ts';
import { RateLimiter } from './limit.ts';
import type { Desk } from './mount.ts';
import { mountSurface } from './mount.ts';
import { observe } from './observe.ts';
import { mountOperator } from './operator/mount.ts';
import { Answers } from './reply.ts';
import { mountResults } from './results.ts';
import { createServer } from './server.ts';
import { Waiters } from './waiters.ts';

/** The gateway's HTTP server. */
export interface App {
  /** Starts to listen. @returns the address it is reached at from this machine, without a slash at the end */
  listen(): Promise<string>;
  /** Tells load balancers to go elsewhere and answers everyone who waits. Requests are still served. */
  drain(): void;
  /** Stops to listen and waits for requests under way, at most `graceMs`; then connections are cut. */
  close(graceMs: number): Promise<void>;
}

/** Builds the server: every surface, the results, the documentation, health. Nothing listens yet. */
export function createApp(gateway: Gateway): App {
  const answers = new Answers(gateway.surfaces, gateway.context);
  const app = createServer(gateway, answers);
  const waiters = new Waiters(gateway.store, gateway.stopwatch());
  const desk: Desk = {
    gateway,
    answers,
    keys: new Keys(gateway.store, gateway.clock),
    limiter: new RateLimiter(gateway.store, gateway.stopwatch()),
    acts: createActs(gateway, waiters),
  };
  const life = { draining: false, address: '' };
  const baseUrl = () => gateway.settings.publicUrl ?? life.address;

  observe(app, gateway);
  mountCors(app, gateway.settings.corsOrigins);
  for (const surface of gateway.surfaces) mountSurface(app, desk, surface);
  mountOperator(app, gateway, answers);
  mountResults(app, gateway, answers);
  mountInbound(app, gateway, answers);
  mountDocs(app, gateway, baseUrl);
  mountHealth(app, gateway, () => life.draining);
  mountHome(app, gateway);

  return {
    async listen() {
      const { host, port } = gateway.settings;
      await app.listen({ host, port });
      const bound = app.server.address();
      life.address = addressOf(host, bound !== null && typeof bound === 'object' ? bound.port : port);
      return life.address;
    },
    drain() {
      life.draining = true;
      waiters.release();
    },
    async close(graceMs) {
      waiters.release();
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close().finally(() => clearTimeout(cut));
    },
  };
}

function addressOf(host: string, port: number): string {
  // A server on every address is reached from here on the loopback one.
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
