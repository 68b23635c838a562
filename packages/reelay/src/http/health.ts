import type { FastifyInstance } from 'fastify';
import type { Gateway } from './gateway.ts';

/** A database that has not answered by then does not answer. */
const READY_WITHIN_MS = 2_000;

/** `/healthz`: this process is alive; `/readyz`: it can serve; `/metrics`: for Prometheus. */
export function mountHealth(
  app: FastifyInstance,
  { store, metrics }: Gateway,
  draining: () => boolean,
): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const problem = draining() ? 'draining' : await unready(store.ready());
    if (problem === null) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: problem });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.metrics()),
  );
}

async function unready(answer: Promise<void>): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, READY_WITHIN_MS, 'database does not answer');
  const answered = answer.then(
    () => null,
    () => 'database unavailable',
  );
  return Promise.race([answered, late]).finally(() => clearTimeout(timer));
}
