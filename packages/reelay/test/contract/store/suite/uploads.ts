import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Upload } from '../../../../src/core/ports/uploads.ts';
import type { AccountId, Instant } from '../../../../src/core/values.ts';
import type { Bench } from '../contract.ts';
import { QUOTA_BYTES } from '../contract.ts';
import { customer, unique } from '../sample.ts';

const DAY_MS = 86_400_000;

function upload(account: AccountId, expiresAt: Instant, wish: Partial<Upload> = {}): Upload {
  return {
    id: `file_${unique()}`,
    account,
    kind: 'image',
    name: '“猫”.png',
    mimeType: 'image/png',
    bytes: 400,
    sha256: 'cd'.repeat(32),
    durationMs: null,
    clientRequestId: null,
    createdAt: 3_000,
    expiresAt,
    ...wish,
  };
}

export function uploadTests(bench: () => Bench): void {
  describe('uploads', () => {
    test('an upload is in the book as it was given', async () => {
      const { store, now } = bench();
      const { account } = await customer(store);
      const film = upload(account.id, (await now()) + DAY_MS, {
        kind: 'video',
        durationMs: 5_042,
        clientRequestId: 'mine',
      });
      assert.equal(await store.recordUpload(film), 'recorded');
      assert.deepEqual(await store.upload(film.id), { ...film, removed: false });
      assert.deepEqual(await store.known([film.id]), new Set([film.id]));
      assert.equal(await store.file(film.id), null, 'it is no task’s file');
      assert.equal(await store.upload('file_nobody'), null);
    });

    test('an account keeps as many bytes as it may, however many come at once, and again once some are gone', async () => {
      const { store, now } = bench();
      const { account } = await customer(store);
      const expiresAt = (await now()) + DAY_MS;
      const many = Array.from({ length: 12 }, () => upload(account.id, expiresAt));
      const said = await Promise.all(many.map((one) => store.recordUpload(one)));
      assert.equal(said.filter((one) => one === 'recorded').length, Math.floor(QUOTA_BYTES / 400));
      const refused = many[said.indexOf('quota_reached')];
      assert.ok(refused);
      assert.equal(await store.upload(refused.id), null);
      assert.deepEqual(await store.known([refused.id]), new Set());
      const kept = many[said.indexOf('recorded')];
      assert.ok(kept);
      await Promise.all([store.filesRemoved([kept.id]), store.filesRemoved([kept.id])]);
      assert.equal((await store.upload(kept.id))?.removed, true);
      assert.deepEqual(await store.known([kept.id]), new Set());
      assert.equal(await store.recordUpload(refused), 'recorded');
      assert.equal(await store.recordUpload(upload(account.id, expiresAt)), 'quota_reached');
      const other = await customer(store);
      assert.equal(await store.recordUpload(upload(other.account.id, expiresAt)), 'recorded');
    });

    test('it goes a day after its time, so that an order which names it can still be made', async () => {
      const { store, now, pass } = bench();
      const { account } = await customer(store);
      const one = upload(account.id, (await now()) + 1_000);
      await store.recordUpload(one);
      await pass(DAY_MS / 2);
      assert.equal((await store.expiredFiles(1_000)).includes(one.id), false);
      await pass(DAY_MS);
      assert.equal((await store.expiredFiles(1_000)).includes(one.id), true);
      await store.filesRemoved([one.id]);
      assert.equal((await store.expiredFiles(1_000)).includes(one.id), false);
    });

    test('the laws hold', async () => {
      assert.deepEqual(await bench().store.audit(), []);
    });
  });
}
