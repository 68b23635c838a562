import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../src/core/ports/world.ts';
import { type NetOptions, type OpenNet, openNet } from '../../src/net/open.ts';

/** A listener on every address of this machine that counts whoever connects. */
export interface Canary {
  readonly port: number;
  accepted(): number;
  close(): Promise<void>;
}

export async function openCanary(): Promise<Canary> {
  let accepted = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncanary');
  });
  const port = await listening(server, '::').catch(() => listening(server, '0.0.0.0'));
  return {
    port,
    accepted: () => accepted,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

/** A real HTTP server on loopback, with what it was asked. */
export interface Peer {
  /** `127.0.0.1:port`, as the allow-list wants it. */
  readonly pair: string;
  readonly url: string;
  requests(): number;
  connections(): number;
  close(): Promise<void>;
}

export async function openPeer(listener: RequestListener): Promise<Peer> {
  let requests = 0;
  let connections = 0;
  const server = createHttpServer((request, response) => {
    requests++;
    listener(request, response);
  });
  server.on('connection', () => connections++);
  const port = await listening(server, '127.0.0.1');
  const pair = `127.0.0.1:${port}`;
  return {
    pair,
    url: `http://${pair}`,
    requests: () => requests,
    connections: () => connections,
    close: () => {
      server.closeAllConnections();
      return closed(server);
    },
  };
}

/** A server that speaks bytes: `speak` is called with each connection once its request has begun to arrive. */
export async function openRawPeer(speak: (socket: Socket) => void): Promise<Peer> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => speak(socket));
  });
  const port = await listening(server, '127.0.0.1');
  const pair = `127.0.0.1:${port}`;
  return {
    pair,
    url: `http://${pair}`,
    requests: () => connections,
    connections: () => connections,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

/** A clock that moves a millisecond each time it is read. */
export function tickingClock(): Clock {
  let now = 1_800_000_000_000;
  return { now: () => now++ };
}

export function testNet(options: Partial<NetOptions> = {}): OpenNet {
  const strict = { clock: tickingClock(), allowHosts: [], allowPrivateNetwork: false, publicUrl: null };
  return openNet({ ...strict, ...options });
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What an action throws; an error where it throws nothing. */
export async function thrownBy(action: Promise<unknown>): Promise<unknown> {
  const nothing = new Error('nothing was thrown');
  const thrown = await action.then(
    () => nothing,
    (error: unknown) => error,
  );
  if (thrown === nothing) throw nothing;
  return thrown;
}

function listening(server: Server, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  // A test that fails must not be kept alive by its server.
  server.unref();
  server.once('error', reject);
  server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  return promise;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
