import { isIP } from 'node:net';
import { addressKind, canonicalAddress } from './address.ts';

/** Where requests may go. Pure data: the connecting part (`connect.ts`) fills in `own` anew for every connection. */
export interface Policy {
  /** `host:port` pairs an operator vouched for: any address, plain http too. Made by `allowPairs`. */
  readonly allow: ReadonlySet<string>;
  /** Lets private addresses, plain http and local names through: development and tests only. */
  readonly allowPrivateNetwork: boolean;
  /** Host names of this gateway itself (of `REELAY_PUBLIC_URL`), lower case. */
  readonly ownHosts: ReadonlySet<string>;
  /** Addresses of this machine, as `canonicalAddress` spells them. */
  readonly own: ReadonlySet<string>;
}

/** Why a URL or an address may not be reached. */
export type Forbidden = 'malformed' | 'too_long' | 'scheme' | 'userinfo' | 'port' | 'host' | 'address';

/** `trusted`: the operator vouched for this host and port, so its addresses are not judged. */
export type UrlVerdict =
  | { readonly ok: true; readonly url: URL; readonly trusted: boolean }
  | { readonly ok: false; readonly because: Forbidden };

/** Longer ones are no address of a picture or a callback; signed storage links stay below 2 kB. */
const URL_CHARACTERS_MAX = 4096;

/** Below 1024 only the web's own two; above, whatever speaks no other well-known protocol. Source: WHATWG "bad port", and common databases. */
const PORTS_REFUSED: ReadonlySet<number> = new Set([
  1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 4369,
  5060, 5061, 5432, 5433, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 7000, 7001, 7199, 8500, 8600, 9042, 9092, 9160, 9200, 9300, 10080, 10250, 10255, 11211,
  15672, 26257, 27017, 27018, 27019, 50000, 50070, 61616,
]);

/** Names that never leave a machine, a cluster or a cloud; also everything below them. */
const LOCAL_NAMES = ['localhost', 'local', 'localdomain', 'internal', 'intranet', 'lan', 'home.arpa', 'svc'];
const METADATA_NAMES = ['metadata.google.internal', 'metadata.goog', 'metadata', 'instance-data'];

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Judges a URL by what it says, before any name is looked up. The host is compared as WHATWG parses it, so no
 * spelling of an address (decimal, octal, full-width, trailing dot) is another host.
 */
export function judgeUrl(text: string, policy: Policy): UrlVerdict {
  if (text.length > URL_CHARACTERS_MAX) return { ok: false, because: 'too_long' };
  // WHATWG drops tabs, line ends and leading controls silently: a URL that needs that is refused instead.
  const url = hasControls(text) ? null : URL.parse(text);
  if (!url) return { ok: false, because: 'malformed' };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { ok: false, because: 'scheme' };
  if (url.username !== '' || url.password !== '') return { ok: false, because: 'userinfo' };
  const port = portOf(url);
  if (policy.allow.has(`${url.hostname}:${port}`)) return { ok: true, url, trusted: true };
  if (url.protocol === 'http:' && !policy.allowPrivateNetwork) return { ok: false, because: 'scheme' };
  if (!isPortAllowed(port, policy)) return { ok: false, because: 'port' };
  const because = judgeHost(hostOf(url), policy);
  return because ? { ok: false, because } : { ok: true, url, trusted: false };
}

/** Judges one address: a literal of a URL, one of a name's answer, or the far end of an open connection. Null: it may be reached. */
export function judgeAddress(address: string, policy: Policy): Forbidden | null {
  const kind = addressKind(address);
  if (kind === 'never') return 'address';
  if (policy.allowPrivateNetwork) return null;
  return kind === 'private' || policy.own.has(canonicalAddress(address) ?? '') ? 'address' : null;
}

/** The host of a URL without the brackets of an IPv6 literal. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
}

/** The port a URL means, the scheme's own where it names none. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * Reads `host:port` pairs (the setting `REELAY_ALLOW_HOSTS`) into the spelling that `judgeUrl` compares.
 * Throws a RangeError that quotes a pair which is none.
 */
export function allowPairs(pairs: readonly string[]): ReadonlySet<string> {
  return new Set(
    pairs.map((pair) => {
      const port = /^[^/?#@\\\s]+:(\d{1,5})$/.exec(pair)?.[1];
      const url = port === undefined ? null : URL.parse(`http://${pair}/`);
      if (!url) throw new RangeError(`Not a host:port pair: ${JSON.stringify(pair)}`);
      return `${url.hostname}:${Number(port)}`;
    }),
  );
}

/** The `host:port` pair of a URL that an operator entered, such as a provider's base address. */
export function pairOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function judgeHost(host: string, policy: Policy): Forbidden | null {
  if (isIP(host) !== 0) return judgeAddress(host, policy);
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) return 'host';
  if (isBelow(name, METADATA_NAMES)) return 'host';
  if (policy.allowPrivateNetwork) return null;
  return labels.length < 2 || isBelow(name, LOCAL_NAMES) || policy.ownHosts.has(name) ? 'host' : null;
}

function isBelow(name: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function isPortAllowed(port: number, policy: Policy): boolean {
  if (policy.allowPrivateNetwork) return port !== 0;
  return port === 443 || port === 80 || (port >= 1024 && !PORTS_REFUSED.has(port));
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
