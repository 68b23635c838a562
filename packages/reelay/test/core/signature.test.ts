import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { signWebhook, verifyWebhook } from '../../src/core/signature.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another one of the same length !').toString('base64')}`;

/** Contract upstreams 1.4, Kling's test vector. */
const KLING = {
  secret: 'whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=',
  id: '9876543210',
  at: 1_781_080_794_000,
  body: '{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}',
  signature: 'v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=',
};

const received = (headers: Readonly<Record<string, string>>, body: string) => ({
  id: headers['webhook-id'] ?? '',
  timestamp: headers['webhook-timestamp'] ?? '',
  signature: headers['webhook-signature'] ?? '',
  body,
});

describe('signing', () => {
  test('Kling’s vector comes out', () => {
    assert.deepEqual(signWebhook(KLING.id, KLING.body, [KLING.secret], KLING.at), {
      'webhook-id': KLING.id,
      'webhook-timestamp': '1781080794',
      'webhook-signature': KLING.signature,
    });
  });

  test('the independent library verifies whatever we sign', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.json(), fc.uuid(), (key, body, id) => {
        const secret = `whsec_${Buffer.from(key).toString('base64')}`;
        const headers = signWebhook(id, body, [OTHER, secret], Date.now());
        assert.deepEqual(new Webhook(secret).verify(body, { ...headers }), JSON.parse(body));
        assert.throws(() => new Webhook(secret).verify(`${body} `, { ...headers }));
      }),
      { numRuns: 200 },
    );
  });

  test('during a rotation both the old and the new secret verify', () => {
    const headers = signWebhook('evt_1', '{}', [OTHER, SECRET], Date.now());
    for (const secret of [OTHER, SECRET]) new Webhook(secret).verify('{}', { ...headers });
  });

  test('without a secret there is no signature, but an id and a time', () => {
    assert.deepEqual(Object.keys(signWebhook('evt_1', '{}', [], 0)), ['webhook-id', 'webhook-timestamp']);
  });
});

describe('verifying', () => {
  const headers = signWebhook(KLING.id, KLING.body, [KLING.secret], KLING.at);
  const genuine = received(headers, KLING.body);

  test('what the independent library signs is genuine', () => {
    const at = new Date(KLING.at);
    const signature = new Webhook(SECRET).sign('evt_1', at, '{"a":1}');
    const message = { id: 'evt_1', timestamp: `${KLING.at / 1000}`, signature, body: '{"a":1}' };
    assert.equal(verifyWebhook(message, SECRET, KLING.at), true);
    assert.equal(verifyWebhook({ ...message, signature: `v1,AAAA ${signature}` }, SECRET, KLING.at), true);
  });

  test('anything changed, another secret, or another version is not', () => {
    assert.equal(verifyWebhook(genuine, KLING.secret, KLING.at), true);
    for (const forged of [
      { ...genuine, body: `${genuine.body} ` },
      { ...genuine, id: '1' },
      { ...genuine, timestamp: '1781080795' },
      { ...genuine, signature: '' },
      { ...genuine, signature: 'v1,' },
      { ...genuine, signature: KLING.signature.replace('v1,', 'v1a,') },
      { ...genuine, signature: KLING.signature.replace('v1,', 'v1, ') },
    ]) {
      assert.equal(verifyWebhook(forged, KLING.secret, KLING.at), false);
    }
    assert.equal(verifyWebhook(genuine, SECRET, KLING.at), false);
  });

  test('five minutes either way are tolerated, no more, and a time that is none never', () => {
    for (const [skewMs, fine] of [
      [300_000, true],
      [-300_000, true],
      [300_001, false],
      [-300_001, false],
    ] as const) {
      assert.equal(verifyWebhook(genuine, KLING.secret, KLING.at + skewMs), fine);
    }
    for (const timestamp of ['', 'NaN', '1e9', '-1781080794', ' 1781080794', '17810807940000']) {
      const odd = received(signWebhook(KLING.id, KLING.body, [KLING.secret], KLING.at), KLING.body);
      assert.equal(verifyWebhook({ ...odd, timestamp }, KLING.secret, KLING.at), false, timestamp);
    }
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (timestamp, signature, secret) => {
        const message = { id: 'a', timestamp, signature, body: '' };
        assert.equal(verifyWebhook(message, secret, KLING.at), false);
      }),
    );
  });
});
