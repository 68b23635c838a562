import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiKey } from '../core/ports/accounts.ts';
import type { Reply, Surface, SurfaceContext } from '../core/ports/surface.ts';
import type { Refusal } from '../core/refusal.ts';
import { problem } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes a form, which may be long in coming. */
    isForm?: boolean;
  }
  interface FastifyRequest {
    /** The caller's key, once it was checked; null on open routes and before. */
    apiKey: ApiKey | null;
    /** The task that the request was about, for the log. */
    task: string | null;
    /** Why it was refused, for the log. */
    refused: Refusal['refused'] | null;
  }
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers in the words of the surface whose path it is, or as a problem (RFC 9457) where it is nobody's. */
export class Answers {
  readonly #surfaces: readonly Surface[];
  readonly #context: SurfaceContext;

  constructor(surfaces: readonly Surface[], context: SurfaceContext) {
    this.#surfaces = surfaces;
    this.#context = context;
  }

  send(reply: FastifyReply, answer: Reply): FastifyReply {
    if (answer.headers) reply.headers(answer.headers);
    return reply.code(answer.status).header('content-type', JSON_TYPE).send(JSON.stringify(answer.body));
  }

  refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
    request.refused = refusal.refused;
    reply.headers(refusalHeaders(refusal, request.apiKey));
    const surface = this.#surfaceOf(request.url);
    if (surface) return this.send(reply, surface.refuse(refusal, request.id, this.#context));
    const { status, body } = problem(refusal, request.id);
    return reply.code(status).header('content-type', PROBLEM_TYPE).send(body);
  }

  /** The surface with the longest prefix of a path. */
  #surfaceOf(url: string): Surface | null {
    const claims = this.#surfaces.flatMap((surface) =>
      surface.prefixes.filter((prefix) => under(url, prefix)).map((prefix) => ({ surface, prefix })),
    );
    claims.sort((a, b) => b.prefix.length - a.prefix.length);
    return claims[0]?.surface ?? null;
  }
}

function under(url: string, prefix: string): boolean {
  const after = url[prefix.length];
  return url.startsWith(prefix) && (prefix.endsWith('/') || after === undefined || /[/?#]/.test(after));
}

function refusalHeaders(refusal: Refusal, key: ApiKey | null): Record<string, string> {
  const headers: Record<string, string> = {};
  if (refusal.retryAfterMs !== undefined) {
    const seconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1_000)).toString();
    headers['retry-after'] = seconds;
    if (refusal.refused === 'rate_limited') headers.ratelimit = `"requests";r=0;t=${seconds}`;
  }
  if (refusal.refused === 'rate_limited' && key) headers['ratelimit-policy'] = rateLimitPolicy(key);
  if (refusal.refused.startsWith('key_')) headers['www-authenticate'] = 'Bearer';
  return headers;
}

/** The key's limit, in the words of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitPolicy(key: ApiKey): string {
  return `"requests";q=${key.requestsPerMinute};w=60`;
}
