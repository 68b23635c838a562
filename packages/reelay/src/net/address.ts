import ipaddr from 'ipaddr.js';

/**
 * What an address is to us. `public`: global unicast; `private`: somebody's own network, reachable only where
 * the operator lets it (`REELAY_ALLOW_PRIVATE_NETWORK`); `never`: no destination of ours under any setting
 * (metadata services, link-local, multicast, reserved, and every form that smuggles an IPv4 address in an IPv6 one).
 */
export type AddressKind = 'public' | 'private' | 'never';

type Table = readonly (readonly [cidr: string, kind: Exclude<AddressKind, 'public'>])[];

/** IPv4 is public unless listed. Source: IANA IPv4 special-purpose registry; 168.63.129.16 is Azure's wire server. */
const IPV4: Table = [
  ['0.0.0.0/8', 'never'],
  ['10.0.0.0/8', 'private'],
  // Inside the shared range, and a metadata service (Alibaba).
  ['100.100.100.200/32', 'never'],
  ['100.64.0.0/10', 'private'],
  ['127.0.0.0/8', 'private'],
  ['168.63.129.16/32', 'never'],
  ['169.254.0.0/16', 'never'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'never'],
  ['192.0.2.0/24', 'never'],
  ['192.31.196.0/24', 'never'],
  ['192.52.193.0/24', 'never'],
  ['192.88.99.0/24', 'never'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'never'],
  ['198.18.0.0/15', 'never'],
  ['198.51.100.0/24', 'never'],
  ['203.0.113.0/24', 'never'],
  ['224.0.0.0/3', 'never'],
];

/**
 * IPv6 is turned round: nothing is public but 2000::/3, less what is listed. So the compatible, mapped, translated
 * (NAT64), site-local, unique-local, multicast and unassigned blocks need no entry of their own.
 */
const IPV6_GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3');
const IPV6: Table = [
  ['::1/128', 'private'],
  // Metadata services inside the unique-local block (AWS, Google).
  ['fd00:ec2::254/128', 'never'],
  ['fd20:ce::254/128', 'never'],
  ['fc00::/7', 'private'],
  // IETF protocol assignments: Teredo, benchmarking, ORCHID; 2001:200:: and up are ordinary networks.
  ['2001::/23', 'never'],
  ['2001:db8::/32', 'never'],
  ['2002::/16', 'never'],
  ['2620:4f:8000::/48', 'never'],
  ['3fff::/20', 'never'],
];

type Block = readonly [range: [ipaddr.IPv4 | ipaddr.IPv6, number], kind: Exclude<AddressKind, 'public'>];
const parsed = (table: Table): Block[] => table.map(([cidr, kind]) => [ipaddr.parseCIDR(cidr), kind]);
const IPV4_BLOCKS = parsed(IPV4);
const IPV6_BLOCKS = parsed(IPV6);

/** The address in its one spelling, or null where the text is no plain address (zone ids and odd IPv4 forms are none). */
export function canonicalAddress(text: string): string | null {
  return parse(text)?.toNormalizedString() ?? null;
}

/** Sorts an address, given as text in any plain spelling, without brackets. What cannot be read is `never`. */
export function addressKind(text: string): AddressKind {
  const address = parse(text);
  if (!address) return 'never';
  const blocks = address.kind() === 'ipv4' ? IPV4_BLOCKS : IPV6_BLOCKS;
  const listed = blocks.find(([range]) => address.match(range));
  if (listed) return listed[1];
  if (address.kind() === 'ipv4') return 'public';
  return address.match(IPV6_GLOBAL) && !isIsatap(address.toByteArray()) ? 'public' : 'never';
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (text.includes('%')) return null;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null;
}

/** ISATAP hides an IPv4 address behind the interface identifier 0000:5efe or 0200:5efe, under any prefix. */
function isIsatap(bytes: number[]): boolean {
  const [, , , , , , , , a, b, c, d] = bytes;
  return (a === 0 || a === 2) && b === 0 && c === 0x5e && d === 0xfe;
}
