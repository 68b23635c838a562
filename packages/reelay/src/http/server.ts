import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import { refuse } from '../core/refusal.ts';
import { BODY_BYTES_MAX, parseJson } from './body.ts';
import { Refused, refusalOf } from './errors.ts';
import type { Gateway } from './gateway.ts';
import type { Answers } from './reply.ts';

/** Node's own limits are loose: a slow client could hold a socket for minutes. Measured values of invariants.md. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** An upload of 50 MB at the slowest that is waited for: 85 kB a second. */
const UPLOAD_TIMEOUT_MS = 600_000;
const CONNECTIONS_CHECK_MS = 2_000;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;
const REQUESTS_PER_SOCKET_MAX = 1_000;
const UNREAD_BYTES_MAX = 64 * 1024;

/** A bare server: hardened, JSON only, every error told in the words of the path's surface, no route yet. */
export function createServer(gateway: Gateway, answers: Answers): FastifyInstance {
  const { settings } = gateway;
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: UPLOAD_TIMEOUT_MS,
    keepAliveTimeout: settings.keepAliveMs,
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
    requestIdHeader: false,
    genReqId: requestId,
    return503OnClosing: false,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, request, reply) => {
      const refusal = refusalOf(error) ?? refuse('invalid', 'The request could not be understood');
      return answers.refuse(request, reply, refusal);
    },
  });
  app.server.maxHeadersCount = HEADERS_MAX;
  app.server.maxConnections = settings.connectionsMax;
  app.decorateRequest('apiKey', null);
  app.decorateRequest('task', null);
  app.decorateRequest('refused', null);
  guardRequests(app);
  retireSockets(app);
  hurryBodies(app, settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  readJsonOnly(app);
  refuseUnknown(app, answers);
  tellErrors(app, gateway, answers);
  return app;
}

/** The caller's own id where it can be one, else a new one; told in the answer and in the log. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given)) return given;
  return `req_${randomUUID().replaceAll('-', '')}`;
}

function guardRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    // No text of ours has it, and PostgreSQL cannot take it.
    if (request.url.includes('%00')) {
      return done(new Refused(refuse('invalid', 'The URL must not contain the character U+0000')));
    }
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') return done();
    done(new Refused(refuse('media_type_unsupported', 'A Content-Encoding of the request is not supported')));
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Answered before its body was read: reading a long rest would only serve a client that means ill.
    if (!request.raw.complete && hasLongBody(request)) reply.header('connection', 'close');
    done();
  });
}

/** Node's own limit answers 503 to a client that has not seen the goodbye; this one hangs up after the answer. */
function retireSockets(app: FastifyInstance): void {
  const served = new WeakMap<Socket, number>();
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const requests = (served.get(raw.socket) ?? 0) + 1;
    served.set(raw.socket, requests);
    if (requests >= REQUESTS_PER_SOCKET_MAX) reply.header('connection', 'close');
    done();
  });
}

/** Node has one limit for all requests, and uploads need a long one: everybody else's body is timed here. */
function hurryBodies(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { raw, routeOptions } = request;
    if (!hasBody(request) || routeOptions.config.isForm) return done();
    const late = Object.assign(new Error('the body did not come'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    const timer = setTimeout(() => raw.complete || refuseBytes(late, raw.socket), timeoutMs);
    timer.unref();
    raw.once('close', () => clearTimeout(timer));
    done();
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function hasLongBody({ headers }: FastifyRequest): boolean {
  const bytes = Number(headers['content-length'] ?? 0);
  return headers['transfer-encoding'] !== undefined || bytes > UNREAD_BYTES_MAX;
}

function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) {
      return done(new Refused(refuse('media_type_unsupported', 'The charset must be utf-8')));
    }
    try {
      done(null, parseJson(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
    } catch (error) {
      done(error instanceof Error ? error : new Error('unreadable body'));
    }
  });
}

/** Unknown paths are 404, known ones with another method 405 with `Allow`; neither reads a body. */
function refuseUnknown(app: FastifyInstance, answers: Answers): void {
  const known: { readonly method: string; readonly path: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}/?$`);
    for (const one of [method].flat()) known.push({ method: one, path });
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const [path = '/'] = request.url.split('?');
    const methods = known.filter((route) => route.path.test(path)).map((route) => route.method);
    if (methods.length === 0) {
      answers.refuse(request, reply, refuse('not_found', `No such path: ${path.slice(0, 200)}`));
      return;
    }
    reply.header('allow', [...new Set(methods)].join(', '));
    const message = `${request.method} is not allowed here: use ${methods[0]}`;
    answers.refuse(request, reply, refuse('method_not_allowed', message));
  });
}

function tellErrors(app: FastifyInstance, { log }: Gateway, answers: Answers): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal) return answers.refuse(request, reply, refusal);
    log.error('bug', { requestId: request.id, route: request.routeOptions.url ?? 'none', error });
    return answers.refuse(request, reply, refuse('internal', 'Internal error'));
  });
}

const BYTE_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** What is no HTTP at all is told so in bytes, and the connection ends. */
function refuseBytes(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = BYTE_ERRORS[error.code ?? ''] ?? '400 Bad Request';
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n`;
  const body = JSON.stringify({ title: status.slice(4), status: Number(status.slice(0, 3)) });
  if (socket.writable) socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  socket.destroy(error);
}
