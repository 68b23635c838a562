import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { ActionName } from '../core/ports/actions.ts';
import type { AnyRoute, Surface, SurfaceRequest, SurfaceRoute } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { isRefusal, refuse } from '../core/refusal.ts';
import type { Acts, Visit } from './actions.ts';
import { Refused } from './errors.ts';
import { sendEvents } from './events.ts';
import type { Gateway } from './gateway.ts';
import { readIdempotency } from './idempotency.ts';
import type { Keys } from './keys.ts';
import type { RateLimiter } from './limit.ts';
import type { Form, Received } from './receive.ts';
import { receive, takeForms } from './receive.ts';
import type { Answers } from './reply.ts';
import { rateLimitPolicy } from './reply.ts';

export interface Desk {
  readonly gateway: Gateway;
  readonly keys: Keys;
  readonly limiter: RateLimiter;
  readonly answers: Answers;
  readonly acts: Acts;
}

/** Puts every route of a surface on the app: who may call it, what it reads, what is done, what it writes. */
export function mountSurface(app: FastifyInstance, desk: Desk, surface: Surface): void {
  for (const route of surface.routes) {
    if (route.action !== 'upload') mountRoute(app, desk, surface, route);
  }
  // Only what takes forms is let near them.
  app.register(async (forms) => {
    await takeForms(forms);
    for (const route of surface.routes) {
      if (route.action === 'upload') mountRoute(forms, desk, surface, route);
    }
  });
}

function mountRoute(app: FastifyInstance, desk: Desk, surface: Surface, route: AnyRoute): void {
  app.route({
    method: route.method,
    url: route.path,
    config: { isForm: route.action === 'upload' },
    // HEAD of a stream would wait for its end.
    exposeHeadRoute: route.action !== 'follow',
    ...(route.scope === null ? {} : { onRequest: guard(desk, route.scope) }),
    handler: (request, reply) => serve(desk, surface, route, request, reply),
  });
}

/** Runs before a byte of the body is read: the key, its limit, its scope. */
function guard(desk: Desk, scope: NonNullable<AnyRoute['scope']>): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const key = await desk.keys.authenticate(request.headers.authorization);
    if (isRefusal(key)) return desk.answers.refuse(request, reply, key);
    request.apiKey = key;
    const limited = await desk.limiter.take(key);
    if (limited) return desk.answers.refuse(request, reply, limited);
    reply.header('ratelimit-policy', rateLimitPolicy(key));
    if (!key.scopes.includes(scope)) {
      const message = `The API key lacks the permission ${scope}`;
      return desk.answers.refuse(request, reply, refuse('scope_denied', message));
    }
  };
}

async function serve<A extends ActionName>(
  desk: Desk,
  surface: Surface,
  route: SurfaceRoute<A>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { context, files, ids } = desk.gateway;
  const form = route.action === 'upload' ? await receive(request, files, () => ids.file()) : NO_FORM;
  const asked = surfaceRequest(request, route.action === 'upload' ? form.fields : request.body);
  try {
    const visit = visitOf(surface, route, request, asked, form.file);
    if (isRefusal(visit)) throw new Refused(visit);
    const input = route.read(asked, context);
    if (isRefused(input)) throw new Refused(input);
    const done = await desk.acts[route.action](input, visit);
    if (isRefusal(done)) throw new Refused(done);
    request.task = done.task ?? null;
    if (done.headers) reply.headers(done.headers);
    const written = route.write(done.output, context);
    if ('events' in written) return sendEvents(reply, written.events);
    return desk.answers.send(reply, written);
  } catch (error) {
    // A file that came to nothing is not kept.
    if (form.file) await files.remove(form.file.id);
    throw error;
  }
}

const NO_FORM: Form = { fields: {}, file: null };

/** What a surface reads: nothing of HTTP but parameters and the body, and of the caller only what may colour an order. */
function surfaceRequest(request: FastifyRequest, body: unknown): SurfaceRequest {
  const { apiKey } = request;
  return {
    params: strings(request.params),
    query: typeof request.query === 'object' && request.query !== null ? { ...request.query } : {},
    body,
    caller: apiKey && { strategy: apiKey.strategy, sandbox: apiKey.sandbox },
  };
}

/** Path parameters as text. */
export function strings(params: unknown): Readonly<Record<string, string>> {
  const entries = typeof params === 'object' && params !== null ? Object.entries(params) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function visitOf(
  surface: Surface,
  route: Pick<AnyRoute, 'action' | 'method' | 'path'>,
  request: FastifyRequest,
  asked: SurfaceRequest,
  file: Received | null,
): Visit | Refusal {
  const idempotency =
    route.action === 'create'
      ? readIdempotency(request.headers['idempotency-key'], `${route.method} ${route.path}`, {
          params: asked.params,
          body: asked.body,
        })
      : null;
  if (idempotency && isRefusal(idempotency)) return idempotency;
  return {
    surface,
    key: request.apiKey,
    idempotency,
    file,
    isGone: () => request.raw.socket.destroyed,
  };
}

function isRefused(input: object | null): input is Refusal {
  return input !== null && isRefusal(input);
}
