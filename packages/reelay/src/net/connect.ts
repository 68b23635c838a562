import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { canonicalAddress } from './address.ts';
import { codeOf, NetFault } from './fault.ts';
import { judgeAddress, type Policy } from './guard.ts';
import { publicResolve, type Resolve, resolveLocal } from './resolve.ts';

export interface Target {
  readonly secure: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The operator vouched for it: its addresses are not judged. */
  readonly trusted: boolean;
}

/** Opens a connection to a target, ready for the request. Throws `NetFault`, `forbidden` or `not_sent` only. */
export type Connect = (target: Target, signal: AbortSignal) => Promise<Socket>;

export interface ConnectOptions {
  readonly policy: Policy;
  /** Instead of the real name service: for tests. */
  readonly resolve?: Resolve;
  readonly dnsMs?: number;
  /** For each address that is tried. */
  readonly tcpMs?: number;
  readonly tlsMs?: number;
}

/** How many addresses of one name are tried in turn. */
const ADDRESSES_TRIED = 4;

/**
 * The guarded way to a socket. The connection is made to an address that was judged, never to a name: between the
 * judgement and the connection there is no second look-up that could answer differently. Of a mixed answer every
 * address must do, and the far end is judged once more when the connection stands.
 */
export function guardedConnect(options: ConnectOptions): Connect {
  const resolvePublic = publicResolve();
  const { resolve, dnsMs = 5000, tcpMs = 5000, tlsMs = 10_000 } = options;
  return async (target, signal) => {
    const policy: Policy = { ...options.policy, own: ownAddresses(options.policy.own) };
    const local = target.trusted || policy.allowPrivateNetwork;
    const look = resolve ?? (local ? resolveLocal : resolvePublic);
    const addresses = await addressesOf(target.host, look, dnsMs, signal);
    if (!target.trusted) {
      for (const address of addresses) refuseForbidden(address, policy);
    }
    const socket = await firstToConnect(addresses, target.port, tcpMs, signal);
    try {
      if (!target.trusted) refuseForbidden(socket.remoteAddress ?? '', policy);
      return target.secure ? await secured(socket, target.host, tlsMs, signal) : socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  };
}

function refuseForbidden(address: string, policy: Policy): void {
  const because = judgeAddress(address, policy);
  if (because) throw new NetFault('forbidden', because);
}

/** Read for every connection: interfaces come and go. */
function ownAddresses(known: ReadonlySet<string>): ReadonlySet<string> {
  const own = new Set(known);
  for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    const canonical = canonicalAddress(address.split('%')[0] ?? '');
    if (canonical) own.add(canonical);
  }
  return own;
}

async function addressesOf(
  host: string,
  resolve: Resolve,
  dnsMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const stop = new AbortController();
  const giveUp = () => {
    stop.abort();
    reject(timedOut());
  };
  const timer = setTimeout(giveUp, dnsMs);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    const addresses = await Promise.race([resolve(host, stop.signal), givenUp]);
    if (addresses.length === 0) throw new NetFault('not_sent', 'ENOTFOUND');
    // IPv4 first: a host without IPv6 routes still gets through at once.
    return [...addresses].sort((a, b) => isIP(a) - isIP(b));
  } catch (error) {
    if (error instanceof NetFault) throw error;
    throw new NetFault('not_sent', stop.signal.aborted ? 'ETIMEDOUT' : codeOf(error));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

async function firstToConnect(
  addresses: readonly string[],
  port: number,
  tcpMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  let last: unknown;
  for (const host of addresses.slice(0, ADDRESSES_TRIED)) {
    const socket = connectTcp({ host, port, noDelay: true, autoSelectFamily: false });
    try {
      return await opened(socket, 'connect', tcpMs, signal);
    } catch (error) {
      last = error;
    }
  }
  throw new NetFault('not_sent', codeOf(last));
}

async function secured(plain: Socket, host: string, tlsMs: number, signal: AbortSignal): Promise<Socket> {
  // An address has no server name to send; the certificate is then compared with the address itself.
  const servername = isIP(host) === 0 ? host.replace(/\.$/, '') : '';
  const socket = connectTls({ socket: plain, host, servername, ALPNProtocols: ['http/1.1'] });
  try {
    return await opened(socket, 'secureConnect', tlsMs, signal);
  } catch (error) {
    throw new NetFault('not_sent', codeOf(error));
  }
}

/** Waits for a socket's event, or destroys it: on an error, after `limitMs`, or when the caller gives up. */
async function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  limitMs: number,
  signal: AbortSignal,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const timer = setTimeout(() => socket.destroy(timedOut()), limitMs);
  const abort = () => socket.destroy(timedOut());
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // Stays for the life of the socket: an error between here and the next owner's handler must not be thrown.
  socket.on('error', reject);
  socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  socket.once(event, () => resolve(socket));
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

function timedOut(): Error {
  return Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' });
}
