import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Admin, createAdmin, createNamespaces, type Namespaces } from './admin.ts';
import { serveAdmin } from './admin-api.ts';
import { serveFilm } from './film-server.ts';
import type { Call, Format } from './format.ts';
import { FORMATS } from './formats/all.ts';
import { serveComfyEvents } from './formats/comfyui-events.ts';
import { send } from './hurt.ts';
import type { NamespaceSettings } from './namespace.ts';
import { readBody } from './request.ts';
import { decodedSegment } from './router.ts';
import { serveFormat } from './serve.ts';

export type { Admin, JobReport, NamespaceAdmin, Secrets } from './admin.ts';
export type { JournalEntry } from './journal.ts';
export type { LedgerReport, ReferenceTally, Tally } from './ledger.ts';
export type { NamespaceSettings, Settings } from './namespace.ts';

/** How to start it; nothing is required. */
export interface SimulatorOptions {
  /** 0: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Does not keep the process alive by itself. */
  readonly background?: boolean;
  /** What every new namespace starts with. */
  readonly settings?: NamespaceSettings;
}

/** A running simulator. */
export interface Simulator {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly admin: Admin;
  /** Ends it: open connections are dropped, waiting callbacks forgotten. */
  close(): Promise<void>;
}

/** Starts the upstreams. Rejects when the port is taken. */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const formats: ReadonlyMap<string, Format> = new Map(FORMATS.map((format) => [format.name, format]));
  const namespaces = createNamespaces(options.settings ?? {});
  const admin = createAdmin(namespaces, formats);
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    serve(namespaces, admin, formats, request, response).catch((error: unknown) => {
      console.error('simulator:', error);
      if (!response.headersSent) send(response, { status: 500, body: { error: 'the simulator has a bug' } });
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    if (options.background) socket.unref();
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket) => {
    const place = placeOf(request);
    if (place.mount === 'comfyui')
      serveComfyEvents(namespaces.get(place.namespace), place.path, request, socket);
    else socket.destroy();
  });
  const { host = '127.0.0.1', port = 0 } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  if (options.background) server.unref();
  return {
    url: `http://${addressOf(server.address())}`,
    admin,
    async close() {
      for (const name of namespaces.names()) namespaces.drop(name);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(
  namespaces: Namespaces,
  admin: Admin,
  formats: ReadonlyMap<string, Format>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const place = placeOf(request);
  const raw = await readBody(request);
  if (raw === null) {
    if (!request.destroyed) send(response, { status: 413, body: { error: 'the body is too large' } });
    return;
  }
  const method = request.method ?? 'GET';
  if (place.mount === '_sim') {
    send(response, await serveAdmin(admin, method, place.path, raw));
    return;
  }
  const root = `http://${request.headers.host ?? 'localhost'}/ns/${encodeURIComponent(place.namespace)}`;
  const call: Call = {
    namespace: namespaces.get(place.namespace),
    method,
    path: place.path,
    params: {},
    query: place.query,
    headers: request.headers,
    raw,
    root,
    base: `${root}/${place.mount}`,
  };
  const format = formats.get(place.mount);
  if (format) await serveFormat(format, call, request, response);
  else if (place.mount === 'films')
    await serveFilm(formats, { ...call, path: `/films${call.path}` }, request, response);
  else if (place.mount === 'uploads') sendUpload(call, response);
  else send(response, { status: 404, body: { error: 'nothing is served here; see GET /_sim' } });
}

/** Files that clients uploaded, under the address they were told. */
function sendUpload(call: Call, response: ServerResponse): void {
  const upload = call.namespace.uploads.get(call.path.slice(1));
  if (upload) send(response, { status: 200, headers: { 'content-type': upload.type }, body: upload.bytes });
  else send(response, { status: 404, body: { error: 'no such upload' } });
}

interface Place {
  readonly namespace: string;
  readonly mount: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** `/ns/{namespace}/{mount}{path}`, or `/{mount}{path}` with a namespace named by the credential, else `default`. */
function placeOf(request: IncomingMessage): Place {
  const [path = '/', ...rest] = (request.url ?? '/').split('?');
  const query = new URLSearchParams(rest.join('?'));
  const named = /^\/ns\/([^/]+)(\/.*)?$/.exec(path);
  const [, mount = '', below = '/'] = /^\/([^/]*)(\/.*)?$/.exec(named ? (named[2] ?? '/') : path) ?? [];
  const namespace = named?.[1] ? decodedSegment(named[1]) : (namespaceOfCredential(request) ?? 'default');
  return { namespace, mount, path: below, query };
}

/** Credentials of the form `ns.{namespace}.anything` choose the namespace; Kling's JWT does so by its issuer. */
function namespaceOfCredential(request: IncomingMessage): string | null {
  const { authorization = '', 'x-api-key': apiKey } = request.headers;
  const credential = typeof apiKey === 'string' ? apiKey : authorization.replace(/^(Bearer|Key)\s+/, '');
  const issuer = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(credential)?.[1];
  const claims = issuer === undefined ? '' : Buffer.from(issuer, 'base64url').toString();
  const text = /"iss"\s*:\s*"([^"]*)"/.exec(claims)?.[1] ?? credential;
  return /^ns\.([\w-]+)(\.|$)/.exec(text)?.[1] ?? null;
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the simulator has no port');
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
