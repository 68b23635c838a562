import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connect, guardedConnect } from '../../src/net/connect.ts';
import { NetFault } from '../../src/net/fault.ts';
import { allowPairs, type Policy } from '../../src/net/guard.ts';
import { publicResolve, type Resolve } from '../../src/net/resolve.ts';
import { type Canary, openCanary, openPeer, testNet, thrownBy } from './canary.ts';
import { openNameServer, type Say } from './name-server.ts';

const strict: Policy = {
  allow: allowPairs([]),
  allowPrivateNetwork: false,
  ownHosts: new Set(),
  own: new Set(),
};
const never = new AbortController().signal;

let canary: Canary;
before(async () => {
  canary = await openCanary();
});
after(() => canary.close());

function connectTo(connect: Connect, trusted: boolean, signal = never) {
  return connect({ secure: false, host: 'cdn.example', port: canary.port, trusted }, signal);
}

async function faultOf(resolve: Resolve, trusted = false): Promise<string> {
  const connect = guardedConnect({ policy: strict, resolve, dnsMs: 100 });
  const thrown = await thrownBy(connectTo(connect, trusted));
  assert.ok(thrown instanceof NetFault, String(thrown));
  return thrown.message;
}

test('a name that changes its answer after it was judged is caught when it is connected to', async () => {
  let asked = 0;
  const resolve: Resolve = async () => [asked++ === 0 ? '93.184.216.34' : '127.0.0.1'];
  const net = testNet({ resolve });
  const url = `https://rebinding.example:${canary.port}/`;
  assert.equal(net.judge(url), null);
  assert.deepEqual(await resolve('rebinding.example', never), ['93.184.216.34']);
  assert.equal((await net.post(url, '{}', {}, 20_000)).error, 'forbidden: address');
  assert.equal(asked, 2);
  await net.close();
  assert.equal(canary.accepted(), 0);
});

test('one connection asks for a name once, and goes where that answer said', async () => {
  const asked: string[] = [];
  const connect = guardedConnect({
    policy: { ...strict, allowPrivateNetwork: true },
    resolve: async (name) => {
      asked.push(name);
      return ['127.0.0.1'];
    },
  });
  const socket = await connectTo(connect, false);
  assert.equal(socket.remoteAddress, '127.0.0.1');
  assert.deepEqual(asked, ['cdn.example']);
  socket.destroy();
});

test('a name without an answer is not sent to, whatever is wrong with it', async () => {
  const failing =
    (code: string): Resolve =>
    async () => {
      throw Object.assign(new Error('text that nobody reads'), { code });
    };
  for (const code of ['ENOTFOUND', 'ENODATA', 'SERVFAIL', 'ETIMEOUT', 'ECONNREFUSED', 'EBADNAME']) {
    assert.equal(await faultOf(failing(code)), `not_sent: ${code}`);
  }
  assert.equal(await faultOf(async () => []), 'not_sent: ENOTFOUND');
  assert.equal(
    await faultOf(() => new Promise(() => {})),
    'not_sent: ETIMEDOUT',
    'a name server that is silent',
  );
});

test('a caller who gives up ends a look-up and a connection attempt', async () => {
  const stop = new AbortController();
  const connect = guardedConnect({ policy: strict, resolve: () => new Promise(() => {}), dnsMs: 60_000 });
  const pending = thrownBy(connectTo(connect, true, stop.signal));
  stop.abort();
  const thrown = await pending;
  assert.ok(thrown instanceof NetFault && thrown.kind === 'not_sent');
  const early = await thrownBy(
    connectTo(guardedConnect({ policy: strict, resolve: async () => ['127.0.0.1'] }), true, stop.signal),
  );
  assert.ok(early instanceof NetFault && early.kind === 'not_sent');
});

test('the next address of a name is tried when one does not take the connection', async () => {
  const peer = await openPeer((_, response) => response.end());
  const port = Number(peer.pair.split(':')[1]);
  const through = (addresses: readonly string[]) =>
    guardedConnect({ policy: strict, resolve: async () => addresses })(
      { secure: false, host: 'cdn.example', port, trusted: true },
      never,
    );
  const socket = await through(['127.0.0.2', '127.0.0.3', '127.0.0.1']);
  assert.equal(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
  const thrown = await thrownBy(through(['127.0.0.2', '127.0.0.3']));
  assert.ok(thrown instanceof NetFault && thrown.kind === 'not_sent', String(thrown));
  await peer.close();
});

test('what a name server says is judged whole', async () => {
  const outward = '93.184.216.34';
  const script: Readonly<Record<string, (type: 'A' | 'AAAA', asked: number) => Say | null>> = {
    'plain.example': (type) => ({ records: type === 'A' ? [['A', '127.0.0.1']] : [] }),
    'six.example': (type) => ({ records: type === 'AAAA' ? [['AAAA', '::1']] : [] }),
    'mixed.example': (type) => ({
      records:
        type === 'A'
          ? [
              ['A', outward],
              ['A', '10.0.0.1'],
            ]
          : [],
    }),
    'families.example': (type) => ({ records: type === 'A' ? [['A', outward]] : [['AAAA', 'fd12::1']] }),
    'alias.example': (type) => ({
      records:
        type === 'A'
          ? [
              ['CNAME', 'inside.corp'],
              ['A', '192.168.1.1'],
            ]
          : [],
    }),
    'chain.example': (type) => ({
      records:
        type === 'A'
          ? [
              ['CNAME', 'one.example'],
              ['CNAME', 'two.example'],
              ['A', '169.254.169.254'],
            ]
          : [],
    }),
    'mapped.example': (type) => ({ records: type === 'AAAA' ? [['AAAA', '::ffff:7f00:1']] : [] }),
    'nat64.example': (type) => ({ records: type === 'AAAA' ? [['AAAA', '64:ff9b::7f00:1']] : [] }),
    'flipping.example': (type, asked) => ({
      records: type === 'A' ? [['A', asked > 1 ? '127.0.0.1' : '10.0.0.1']] : [],
    }),
    'half-silent.example': (type) => (type === 'A' ? { records: [['A', '127.0.0.1']] } : null),
    'half-failing.example': (type) => (type === 'A' ? { records: [['A', '127.0.0.1']] } : { code: 2 }),
    'many.example': (type) => ({
      records:
        type === 'A'
          ? [...Array.from({ length: 20 }, () => ['A', outward] as const), ['A', '127.0.0.1']]
          : [],
    }),
  };
  const server = await openNameServer((name, type, asked) =>
    (script[name] ?? (() => ({ code: 3 })))(type, asked),
  );
  const net = testNet({ resolve: publicResolve([server.at]) });
  const errorOf = async (name: string) =>
    (await net.post(`https://${name}:${canary.port}/`, '{}', {}, 20_000)).error;
  const accepted = canary.accepted();
  for (const name of [...Object.keys(script), 'flipping.example']) {
    assert.equal(await errorOf(name), 'forbidden: address', name);
  }
  assert.equal(await errorOf('nowhere.example'), 'not_sent: ENOTFOUND');
  assert.equal(canary.accepted(), accepted);
  await net.close();
  await server.close();
});

test('an alias that names nobody, a failing and an empty server are no answer', async () => {
  const server = await openNameServer((name) => {
    if (name === 'dangling.example') return { records: [['CNAME', 'nobody.example']] };
    return name === 'failing.example' ? { code: 2 } : {};
  });
  const net = testNet({ resolve: publicResolve([server.at]) });
  for (const name of ['dangling.example', 'failing.example', 'empty.example']) {
    const { error } = await net.post(`https://${name}/`, '{}', {}, 20_000);
    assert.match(String(error), /^not_sent: E[A-Z]+$/, name);
  }
  await net.close();
  await server.close();
});

test('a look-up that is given up is cancelled', async () => {
  const stop = new AbortController();
  const server = await openNameServer(() => {
    stop.abort();
    return null;
  });
  await assert.rejects(publicResolve([server.at])('cdn.example', stop.signal), { code: 'ECANCELLED' });
  await server.close();
});

test('the public look-up leaves when it is told to', async () => {
  const stop = new AbortController();
  stop.abort(new Error('told'));
  await assert.rejects(publicResolve()('cdn.example', stop.signal), { message: 'told' });
});
