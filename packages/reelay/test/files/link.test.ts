import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bug } from '../../src/core/values.ts';
import { type LinkKey, signedLinks } from '../../src/files/link.ts';

const DAY_MS = 86_400_000;
const now = 1_800_000_000_000;
const expiresAt = now + 15 * DAY_MS;
const key: LinkKey = { kid: 'k2', secret: 'new secret', retiredAt: null };
const links = signedLinks('https://reelay.example/base/', [key]);
const id = 'file_0190a';

function judged(url: string, at = now, judge = links): string {
  const { pathname, searchParams } = new URL(url);
  return judge.judge(pathname.split('/').at(-1) ?? '', searchParams, at).is;
}

test('a link is good until its second', () => {
  const url = links.url({ id, expiresAt });
  assert.match(url, /^https:\/\/reelay\.example\/base\/f\/file_0190a\?exp=1801296000&kid=k2&sig=[\w-]{43}$/);
  assert.equal(judged(url), 'ok');
  assert.equal(judged(url, expiresAt - 1), 'ok');
  assert.equal(judged(url, expiresAt), 'expired');
  assert.equal(links.url({ id, expiresAt: expiresAt + 999 }), url, 'whole seconds, rounded down');
});

test('a disposition is part of what is signed', () => {
  const url = links.url({ id, expiresAt }, 'attachment');
  const { searchParams } = new URL(url);
  assert.deepEqual(links.judge(id, searchParams, now), { is: 'ok', disposition: 'attachment' });
  assert.deepEqual(links.judge(id, new URL(links.url({ id, expiresAt })).searchParams, now), {
    is: 'ok',
    disposition: 'inline',
  });
  assert.equal(judged(url.replace('&disposition=attachment', '')), 'forged');
  assert.equal(judged(`${links.url({ id, expiresAt })}&disposition=attachment`), 'forged');
  assert.equal(judged(url.replace('=attachment', '=other')), 'forged');
});

test('no link can be made from another', () => {
  const url = links.url({ id, expiresAt });
  const sig = new URL(url).searchParams.get('sig') ?? '';
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = sig.slice(0, -1) + last[last.indexOf(sig.at(-1) ?? '') ^ 1];
  assert.deepEqual(
    Buffer.from(twin, 'base64url'),
    Buffer.from(sig, 'base64url'),
    'another spelling of the same bytes',
  );
  const forgeries = [
    url.replace('file_0190a', 'file_0190b'),
    url.replace('exp=1801296000', 'exp=1801296001'),
    url.replace('exp=1801296000', 'exp=01801296000'),
    url.replace('exp=1801296000', 'exp=1801296000.0'),
    url.replace('exp=1801296000', 'exp=+1801296000'),
    url.replace('exp=1801296000', 'exp=99999999999999999999'),
    url.replace('exp=1801296000', 'exp=-1'),
    url.replace('exp=1801296000', 'exp=NaN'),
    url.replace('exp=1801296000&', ''),
    url.replace('kid=k2', 'kid=k1'),
    url.replace('kid=k2', 'kid='),
    url.replace('kid=k2&', ''),
    url.replace(sig, ''),
    url.replace(sig, sig.slice(0, -1)),
    url.replace(sig, `${sig}=`),
    url.replace(sig, `${sig}A`),
    url.replace(sig, 'A'.repeat(43)),
    url.replace(sig, 'é'.repeat(43)),
    url.replace(sig, 'x'.repeat(100_000)),
    url.replace(sig, twin),
    url.replace(`&sig=${sig}`, ''),
  ];
  for (let at = 0; at < sig.length; at++) {
    const other = sig[at] === 'x' ? 'y' : 'x';
    forgeries.push(url.replace(sig, sig.slice(0, at) + other + sig.slice(at + 1)));
  }
  for (const forgery of forgeries) {
    assert.equal(judged(forgery), 'forged', forgery.slice(0, 200));
    assert.equal(judged(forgery, expiresAt + DAY_MS), 'forged', 'a forged link is not told that it is old');
  }
  assert.equal(links.judge('file_0190a\n', new URL(url).searchParams, now).is, 'forged');
});

test('a rotation keeps the links of the old key, and gives it no new ones', () => {
  const old: LinkKey = { kid: 'k1', secret: 'old secret', retiredAt: null };
  const before = signedLinks('https://reelay.example', [old]);
  const url = before.url({ id, expiresAt });
  const rotated = signedLinks('https://reelay.example', [key, { ...old, retiredAt: now }]);
  assert.equal(judged(url, now, rotated), 'ok');
  assert.equal(judged(url, expiresAt, rotated), 'expired');
  assert.equal(judged(url, now + 400 * DAY_MS, rotated), 'expired');
  assert.match(rotated.url({ id, expiresAt }), /kid=k2/);
  const leaked = before.url({ id, expiresAt: now + 17 * DAY_MS });
  assert.equal(judged(leaked, now, rotated), 'forged', 'longer than any link of its time could live');
  assert.equal(judged(url, now, links), 'forged', 'a key that is gone');
});

test('somebody must sign', () => {
  assert.throws(() => signedLinks('https://reelay.example', []), Bug);
  assert.throws(() => signedLinks('https://reelay.example', [{ ...key, retiredAt: now }]), Bug);
});
