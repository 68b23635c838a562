import type { FastifyInstance } from 'fastify';

const EXPOSED =
  'X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed, ETag, Content-Range';

/** Lets pages of the listed origins call the surfaces; `*` for all. Off where none is listed. Cookies are never involved. */
export function mountCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const all = origins.includes('*');
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (!all) reply.header('vary', 'Origin');
    if (origin === undefined || !(all || origins.includes(origin))) return done();
    reply.header('access-control-allow-origin', all ? '*' : origin);
    reply.header('access-control-expose-headers', EXPOSED);
    done();
  });
  app.options('/api/*', (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST, PATCH, DELETE')
      .header(
        'access-control-allow-headers',
        'Authorization, Content-Type, Idempotency-Key, X-Request-Id, Last-Event-ID',
      )
      .header('access-control-max-age', '600')
      .send(),
  );
}
