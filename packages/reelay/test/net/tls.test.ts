import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { testNet } from './canary.ts';
import { selfSigned } from './certificate.ts';

const good = selfSigned('hooks.example', { from: -1, to: 30 });
const expired = selfSigned('hooks.example', { from: -30, to: -1 });
const early = selfSigned('hooks.example', { from: 1, to: 30 });
const stranger = selfSigned('hooks.example', { from: -1, to: 30 });

before(() => {
  setDefaultCACertificates([...getCACertificates('default'), good.cert, expired.cert, early.cert]);
});

/** What a post to `https://{host}` comes to, where its answer leads to a server with this certificate. */
async function posted(host: string, identity: { cert: string; key: string }) {
  let requests = 0;
  let serverName: string | false | undefined;
  const server = createServer(identity, (request, response) => {
    requests++;
    serverName = (request.socket as { servername?: string | false }).servername;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const net = testNet({ allowHosts: [`${host}:${port}`], resolve: async () => ['127.0.0.1'] });
  const { status, error } = await net.post(`https://${host}:${port}/`, '{}', {}, 20_000);
  await net.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { status, error, requests, serverName };
}

test('a connection made to an address still proves the name', async () => {
  const reply = await posted('hooks.example', good);
  assert.deepEqual(reply, { status: 200, error: null, requests: 1, serverName: 'hooks.example' });
});

test('a certificate that is not good ends it before a byte of the request is sent', async () => {
  const cases = {
    ERR_TLS_CERT_ALTNAME_INVALID: await posted('other.example', good),
    CERT_HAS_EXPIRED: await posted('hooks.example', expired),
    CERT_NOT_YET_VALID: await posted('hooks.example', early),
    DEPTH_ZERO_SELF_SIGNED_CERT: await posted('hooks.example', stranger),
  };
  for (const [code, reply] of Object.entries(cases)) {
    assert.deepEqual([reply.error, reply.requests], [`not_sent: ${code}`, 0]);
  }
  assert.equal((await posted('127.0.0.1', good)).error, 'not_sent: ERR_TLS_CERT_ALTNAME_INVALID');
});
