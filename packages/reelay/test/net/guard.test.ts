import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Trouble } from '../../src/core/failure.ts';
import { MediaFault } from '../../src/core/ports/net.ts';
import { addressKind, canonicalAddress } from '../../src/net/address.ts';
import { allowPairs, judgeAddress, judgeUrl, type Policy } from '../../src/net/guard.ts';
import type { OpenNet } from '../../src/net/open.ts';
import { bytesOf, type Canary, openCanary, testNet, thrownBy } from './canary.ts';
import { ALLOWED_URLS, FORBIDDEN_HOSTS, FORBIDDEN_URLS, INWARD_NAMES } from './corpus.ts';

const strict: Policy = {
  allow: new Set(),
  allowPrivateNetwork: false,
  ownHosts: new Set(['reelay.example']),
  own: new Set(['93.184.216.99']),
};

/** Ways of a request out of the house, each answering whether the guard refused it. */
function sites(net: OpenNet): Readonly<Record<string, (url: string) => Promise<boolean>>> {
  const limits = { maxBytes: 100, totalMs: 20_000 };
  const access = { baseUrl: 'http://127.0.0.1:9', headers: {} };
  const upstream = net.upstream({
    baseUrl: 'https://upstream.example',
    credential: {},
    secrets: [],
    callbackUrl: () => null,
  });
  return {
    'a picture': async (url) => isForbidden(await thrownBy(net.download(url, limits))),
    'a result': async (url) => isForbidden(await thrownBy(net.resultsOf(access).download(url, limits))),
    'a callback': async (url) =>
      (await net.post(url, '{}', {}, 20_000)).error?.startsWith('forbidden: ') ?? false,
    'an upload': async (url) => {
      const thrown = await thrownBy(upstream.call({ method: 'PUT', path: url, body: new Uint8Array(3) }));
      return (
        thrown instanceof Trouble && thrown.kind === 'not_sent' && thrown.message.startsWith('forbidden: ')
      );
    },
  };
}

const isForbidden = (thrown: unknown) => thrown instanceof MediaFault && thrown.problem === 'forbidden';

let canary: Canary;
let net: OpenNet;
before(async () => {
  canary = await openCanary();
  const answers = new Map(INWARD_NAMES);
  net = testNet({
    publicUrl: 'https://reelay.example/x',
    resolve: async (name) => answers.get(name) ?? ['127.0.0.1'],
  });
});
after(async () => {
  await net.close();
  await canary.close();
});

test('the canary sings: a connection that is allowed is counted', async () => {
  const singing = await openCanary();
  const open = testNet({ allowHosts: [`127.0.0.1:${singing.port}`] });
  const body = await open.download(`http://127.0.0.1:${singing.port}/`, { maxBytes: 100, totalMs: 20_000 });
  assert.equal((await bytesOf(body)).toString(), 'canary');
  assert.equal(singing.accepted(), 1);
  await open.close();
  await singing.close();
});

test('no forbidden URL is reached from any place that goes out', async () => {
  const hosts = FORBIDDEN_HOSTS.flatMap((host) => [`https://${host}:PORT/a.png`, `http://${host}:PORT/`]);
  const named = INWARD_NAMES.map(([name]) => `https://${name}:PORT/`);
  const nics = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = nics.map(
    ({ address, family }) => `https://${family === 'IPv6' ? `[${address}]` : address}:PORT/`,
  );
  const written = [...hosts, ...named, ...own, 'https://reelay.example:PORT/', ...FORBIDDEN_URLS];
  const urls = written.map((url) => url.replaceAll('PORT', String(canary.port)));
  assert.ok(new Set(urls).size >= 300, `${urls.length} URLs`);
  for (const [site, isRefused] of Object.entries(sites(net))) {
    for (const url of urls) {
      // The transport of a provider takes paths too; only what is an absolute URL there is one.
      if (site === 'an upload' && !(/^https?:\/\//i.test(url) && URL.canParse(url))) continue;
      assert.ok(await isRefused(url), `${site}: ${JSON.stringify(url.slice(0, 200))}`);
    }
  }
  assert.equal(canary.accepted(), 0);
});

test('what is forbidden by its spelling is refused before any name is looked up', () => {
  const spelled = FORBIDDEN_HOSTS.map((host) => `https://${host}/`);
  for (const url of [...spelled, ...FORBIDDEN_URLS.map((text) => text.replaceAll('PORT', '8443'))]) {
    assert.equal(judgeUrl(url, strict).ok, false, url.slice(0, 200));
  }
});

test('URLs of customers pass', () => {
  for (const url of ALLOWED_URLS) assert.equal(judgeUrl(url, strict).ok, true, url);
});

test('an address is judged in any spelling, and by whose it is', () => {
  assert.equal(judgeAddress('93.184.216.99', strict), 'address', 'our own');
  assert.equal(judgeAddress('93.184.216.98', strict), null);
  assert.equal(
    canonicalAddress('2A00:1450:4001:0800::200E'),
    canonicalAddress('2a00:1450:4001:800:0:0:0:200e'),
  );
  assert.equal(canonicalAddress('fe80::1%eth0'), null);
  for (const text of [
    '',
    '127.1',
    '0x7f.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '::g',
    '[::1]',
    'localhost',
    ' 8.8.8.8',
  ]) {
    assert.equal(judgeAddress(text, strict), 'address', text);
  }
});

test('every address of every forbidden block is refused at both of its ends', () => {
  const ends = [
    ['0.0.0.0', '0.255.255.255'],
    ['10.0.0.0', '10.255.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['127.0.0.0', '127.255.255.255'],
    ['169.254.0.0', '169.254.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.0.0.0', '192.0.0.255'],
    ['192.0.2.0', '192.0.2.255'],
    ['192.88.99.0', '192.88.99.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['198.18.0.0', '198.19.255.255'],
    ['198.51.100.0', '198.51.100.255'],
    ['203.0.113.0', '203.0.113.255'],
    ['224.0.0.0', '255.255.255.255'],
    ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ];
  for (const address of ends.flat()) assert.equal(judgeAddress(address, strict), 'address', address);
});

test('an allow-listed pair is that host and that port only', () => {
  const policy = {
    ...strict,
    allow: allowPairs(['127.0.0.1:9000', 'LocalHost:8080', '[::1]:70', 'hooks.internal:443']),
  };
  for (const url of [
    'http://127.0.0.1:9000/',
    'https://127.1:9000/',
    'http://localhost:8080/x',
    'http://[::1]:70/',
    'https://hooks.internal/',
  ]) {
    assert.deepEqual([judgeUrl(url, policy).ok, url], [true, url]);
  }
  for (const url of [
    'http://127.0.0.1:9001/',
    'http://127.0.0.2:9000/',
    'http://localhost:9000/',
    'http://hooks.internal/',
    'http://u@127.0.0.1:9000/',
    'ftp://127.0.0.1:9000/',
  ]) {
    assert.deepEqual([judgeUrl(url, policy).ok, url], [false, url]);
  }
  for (const pair of ['127.0.0.1', 'http://x:80', 'x:80/y', 'x:', ':80', 'a b:80', 'x:99999', 'u@x:80', '']) {
    assert.throws(() => allowPairs([pair]), RangeError, pair);
  }
});

test('the switch for development lets private addresses through, and nothing worse', () => {
  const policy = { ...strict, allowPrivateNetwork: true };
  for (const host of [
    '127.0.0.1:50000',
    'localhost:3000',
    '10.0.0.1',
    '192.168.1.1:9000',
    '[::1]:9000',
    '[fd12::1]',
    'redis:6379',
    'nas.lan',
  ]) {
    assert.equal(judgeUrl(`http://${host}/`, policy).ok, true, host);
  }
  for (const host of [
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '[fd00:ec2::254]',
    '0.0.0.0',
    '[::]',
    '224.0.0.1',
    '[::ffff:127.0.0.1]',
    '[fe80::1]',
    'metadata.google.internal',
    'x:0',
  ]) {
    assert.equal(judgeUrl(`http://${host}/`, policy).ok, false, host);
  }
});

test('however an address is spelled, it is judged as the same one', () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 10, 100, 127, 168, 169, 172, 192, 198, 254, 255));
  const shown = (part: number, radix: number) => {
    if (radix === 10) return String(part);
    return radix === 8 ? `0${part.toString(8)}` : `0x${part.toString(16)}`;
  };
  const radix = fc.constantFrom(8, 10, 16);
  fc.assert(
    fc.property(
      fc.tuple(byte, byte, byte, byte),
      fc.tuple(radix, radix, radix, radix),
      ([a, b, c, d], radices) => {
        const plain = `${a}.${b}.${c}.${d}`;
        const reachable = addressKind(plain) === 'public';
        const [ra, rb, rc, rd] = radices;
        const low16 = c * 256 + d;
        const low24 = b * 65_536 + low16;
        const spellings = [
          plain,
          `${plain}.`,
          `${shown(a, ra)}.${shown(b, rb)}.${shown(c, rc)}.${shown(d, rd)}`,
          `${shown(a, ra)}.${shown(b, rb)}.${shown(low16, rc)}`,
          `${shown(a, ra)}.${shown(low24, rb)}`,
          shown(a * 16_777_216 + low24, rd),
          plain.replaceAll('.', '。'),
        ];
        for (const host of spellings) assert.equal(judgeUrl(`https://${host}/`, strict).ok, reachable, host);
        for (const host of [`::ffff:${plain}`, `::${plain}`, `64:ff9b::${plain}`, `::ffff:0:${plain}`]) {
          assert.equal(judgeUrl(`https://[${host}]/`, strict).ok, false, host);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('no text throws, and what passes is a plain address of the web', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      'http',
      'https',
      ':',
      '//',
      '/',
      '\\',
      '@',
      '[',
      ']',
      '%',
      '.',
      '127.0.0.1',
      '::1',
      'localhost',
      'a.example',
      ':443',
      ':22',
      '?',
      '#',
      '\t',
      '\0',
    ),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(piece, { maxLength: 12 }), (secure, pieces) => {
      const verdict = judgeUrl((secure ? 'https://' : '') + pieces.join(''), strict);
      if (!verdict.ok) return;
      const { protocol, username, password, hostname } = verdict.url;
      assert.deepEqual([protocol, username, password], ['https:', '', '']);
      assert.ok(hostname.includes('.') || hostname.startsWith('['), hostname);
      assert.ok(!/(^|\.)localhost\.?$/.test(hostname), hostname);
      assert.ok(isIP(hostname) === 0 || addressKind(hostname) === 'public', hostname);
    }),
    { numRuns: 5000 },
  );
});
