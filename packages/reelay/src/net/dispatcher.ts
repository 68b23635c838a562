import { Agent, type buildConnector, Client, type Dispatcher } from 'undici';
import type { Clock } from '../core/ports/world.ts';
import type { Instant } from '../core/values.ts';
import type { Connect } from './connect.ts';
import { codeOf, NetFault, TimeUp } from './fault.ts';

/** One request to a URL that the guard judged. */
export interface Exchange {
  readonly url: URL;
  readonly trusted: boolean;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Ends the exchange, from the first look-up to the last byte of the answer (`timeLimit`). */
  readonly limit: AbortSignal;
  /** The longest silence within the answer. */
  readonly silenceMs: number;
  /** A connection of its own, closed afterwards: a stale one cannot put a submit in doubt. */
  readonly fresh: boolean;
  /** Nothing is sent after it; needs `fresh`. */
  readonly sendBy?: Instant;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names; a repeated header joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The body, read once and counted as it comes. Throws `NetFault`: `encoded` where it is compressed (its true size
   * would be the sender's secret), `too_large` past the bound. Leaving the loop early drops the connection.
   */
  read(maxBytes: number): AsyncIterable<Uint8Array>;
  /** Drops the connection without reading. */
  drop(): void;
}

export interface Dispatch {
  /** Sends once, never again. Throws `NetFault`. */
  send(exchange: Exchange): Promise<Answer>;
  close(): Promise<void>;
}

const IDLE_CONNECTION_MS = 4000;

/** Requests over guarded connections. Connections that are kept are shared only among requests of the same trust. */
export function openDispatch(connect: Connect, clock: Clock): Dispatch {
  const pool = (trusted: boolean) =>
    new Agent({
      connect: connector(trusted, (target) => connect(target, new AbortController().signal)),
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
      pipelining: 1,
    });
  const pools = { trusted: pool(true), judged: pool(false) };
  return {
    send: (exchange) => {
      if (exchange.fresh) return sendFresh(exchange, connect, clock);
      return sendOn(exchange.trusted ? pools.trusted : pools.judged, exchange, { begun: true }, () => {});
    },
    close: async () => {
      await Promise.all([pools.trusted.destroy(), pools.judged.destroy()]);
    },
  };
}

/** Whether the connection stood, so that bytes of the request may have left. */
interface Progress {
  begun: boolean;
}

function sendFresh(exchange: Exchange, connect: Connect, clock: Clock): Promise<Answer> {
  const progress: Progress = { begun: false };
  const given = new AbortController();
  const client = new Client(exchange.url.origin, {
    pipelining: 1,
    connect: connector(exchange.trusted, async (target) => {
      const socket = await connect(target, given.signal);
      if (exchange.sendBy !== undefined && clock.now() > exchange.sendBy) {
        socket.destroy();
        throw new NetFault('not_sent', 'late');
      }
      progress.begun = true;
      return socket;
    }),
  });
  return sendOn(client, exchange, progress, () => {
    given.abort();
    void client.destroy();
  });
}

async function sendOn(
  dispatcher: Dispatcher,
  exchange: Exchange,
  progress: Progress,
  done: () => void,
): Promise<Answer> {
  try {
    const response = await dispatcher.request({
      origin: exchange.url.origin,
      path: exchange.url.pathname + exchange.url.search,
      method: exchange.method,
      headers: { 'user-agent': 'Reelay', ...exchange.headers, 'accept-encoding': 'identity' },
      body: exchange.body ?? null,
      signal: exchange.limit,
      headersTimeout: 0,
      bodyTimeout: exchange.silenceMs,
      reset: exchange.fresh,
    });
    const headers = flat(response.headers);
    // A body that is dropped unread ends in an error event that is nobody's concern.
    response.body.on('error', () => {});
    return {
      status: response.statusCode,
      headers,
      read: (maxBytes) => bounded(response.body, headers, maxBytes, done),
      drop: () => {
        response.body.destroy();
        done();
      },
    };
  } catch (error) {
    done();
    throw faultOf(error, progress);
  }
}

async function* bounded(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
  done: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') throw new NetFault('encoded', 'content-encoding');
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw new NetFault('too_large', 'content-length');
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new NetFault('too_large', 'counted');
      yield chunk;
    }
  } catch (error) {
    throw faultOf(error, { begun: true });
  } finally {
    body.destroy();
    done();
  }
}

function connector(
  trusted: boolean,
  open: (target: Parameters<Connect>[0]) => ReturnType<Connect>,
): buildConnector.connector {
  return ({ hostname, protocol, port }, callback) => {
    const secure = protocol === 'https:';
    const target = { secure, host: hostname, port: Number(port) || (secure ? 443 : 80), trusted };
    open(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return Object.fromEntries(entries);
}

/** Errors of our own making (a header that is none) are bugs and stay what they are. */
function faultOf(error: unknown, progress: Progress): unknown {
  if (error instanceof NetFault) return error;
  if (error instanceof TimeUp) return new NetFault(progress.begun ? 'timeout' : 'not_sent', 'ETIMEDOUT');
  const code = codeOf(error);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return error;
  if (code === 'UND_ERR_BODY_TIMEOUT') return new NetFault('timeout', code);
  return new NetFault(progress.begun ? 'no_answer' : 'not_sent', code);
}
