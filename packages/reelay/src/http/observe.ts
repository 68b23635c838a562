import type { FastifyInstance } from 'fastify';
import { Counter, Histogram } from 'prom-client';
import type { Gateway } from './gateway.ts';

/** Counts and times every request, and writes its one line. Paths are told by their pattern: ids and queries stay out. */
export function observe(app: FastifyInstance, { metrics, log }: Gateway): void {
  const requests = new Counter({
    name: 'reelay_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
    registers: [metrics],
  });
  const seconds = new Histogram({
    name: 'reelay_http_request_duration_seconds',
    help: 'Time from the request line to the end of the answer',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [metrics],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const method = METHODS.has(request.method) ? request.method : 'other';
    const route = request.routeOptions.url ?? 'none';
    const durationMs = reply.elapsedTime;
    requests.inc({ method, route, status: reply.statusCode });
    seconds.observe({ method, route }, durationMs / 1_000);
    log.info('request', {
      requestId: request.id,
      method,
      route,
      status: reply.statusCode,
      durationMs: Math.round(durationMs * 10) / 10,
      account: request.apiKey?.account ?? null,
      key: request.apiKey?.id ?? null,
      task: request.task,
      reason: request.refused,
    });
    done();
  });
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']);
