import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Connect, guardedConnect } from '../../src/net/connect.ts';
import { NetFault } from '../../src/net/fault.ts';
import { allowPairs, type Policy } from '../../src/net/guard.ts';
import { type Resolve, resolvePublic } from '../../src/net/resolve.ts';
import { type Canary, openCanary, openPeer, testNet, thrownBy } from './canary.ts';

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

test('the public look-up leaves when it is told to', async () => {
  const stop = new AbortController();
  stop.abort(new Error('told'));
  await assert.rejects(resolvePublic('cdn.example', stop.signal), { message: 'told' });
});
