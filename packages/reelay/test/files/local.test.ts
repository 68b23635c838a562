import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FileTooLarge, StorageFull } from '../../src/core/ports/files.ts';
import { Bug, type FileId } from '../../src/core/values.ts';
import { type LocalFiles, openLocalFiles } from '../../src/files/local.ts';

const ID: FileId = 'file_0190aaaa';
const HOUR_MS = 3_600_000;
const SLOW_KEEP = join(import.meta.dirname, 'slow-keep.ts');

let folder: string;
let now: number;
let files: LocalFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelay-files-'));
  now = Date.now();
  files = await opened(0);
});
afterEach(() => rm(folder, { recursive: true }));

function opened(minFreeBytes: number): Promise<LocalFiles> {
  return openLocalFiles({ folder, minFreeBytes, clock: { now: () => now } });
}

async function* stream(...chunks: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    yield Buffer.from(chunk);
  }
}

async function read(id: FileId, range?: { start: number; end: number }): Promise<string | null> {
  const body = await files.open(id, range);
  if (!body) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Every file below the folder, by its path. */
async function everything(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

test('a file is kept byte for byte, from a stream or a path', async () => {
  const sha256 = createHash('sha256').update('film bytes').digest('hex');
  assert.deepEqual(await files.keep(ID, { stream: stream('film', ' ', 'bytes') }, 10), { bytes: 10, sha256 });
  assert.deepEqual(await files.stat(ID), { bytes: 10 });
  assert.equal(await read(ID), 'film bytes');
  assert.equal(await read(ID, { start: 0, end: 0 }), 'f');
  assert.equal(await read(ID, { start: 5, end: 9 }), 'bytes');
  assert.equal(await read(ID, { start: 5, end: 5000 }), 'bytes');
  const path = await files.path(ID);
  assert.ok(path);
  const copy: FileId = 'file_copy';
  assert.deepEqual(await files.keep(copy, { path }, 10), { bytes: 10, sha256 });
  assert.equal(await readFile((await files.path(copy)) ?? '', 'utf8'), 'film bytes');
  const empty = await files.keep('file_empty', { stream: stream() }, 10);
  assert.deepEqual(
    [empty.bytes, await files.stat('file_empty'), await read('file_empty')],
    [0, { bytes: 0 }, ''],
  );
});

test('the same id again is the same file, and a reader of the old one is not disturbed', async () => {
  await files.keep(ID, { stream: stream('first') }, 100);
  const reader = await files.open(ID);
  assert.ok(reader);
  await Promise.all([1, 2, 3, 4].map(() => files.keep(ID, { stream: stream('sec', 'ond') }, 100)));
  assert.equal(await read(ID), 'second');
  assert.deepEqual((await everything()).length, 1);
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'first');
});

test('a file that is not there is not there', async () => {
  assert.deepEqual([await files.open(ID), await files.stat(ID), await files.path(ID)], [null, null, null]);
  await files.remove(ID);
  await files.keep(ID, { stream: stream('x') }, 1);
  await files.remove(ID);
  assert.deepEqual([await files.stat(ID), await everything()], [null, []]);
});

test('no id is a path', async () => {
  await writeFile(join(folder, 'secret'), 'secret');
  const tricks = [
    '',
    '.',
    '..',
    '/',
    '../secret',
    'file_',
    'file_/../secret',
    'file_..',
    'file_../../secret',
    'file_a/b',
    'file_a\\b',
    'file_\0',
    'file_a\n',
    'file_%2e%2e',
    'file_é',
    '/etc/passwd',
    'FILE_a',
    ` ${ID}`,
    `${ID} `,
    `file_${'a'.repeat(65)}`,
    'tmp',
    'secret',
  ];
  for (const trick of tricks as FileId[]) {
    await assert.rejects(files.keep(trick, { stream: stream('x') }, 100), Bug, trick);
    assert.deepEqual(
      [await files.open(trick), await files.stat(trick), await files.path(trick)],
      [null, null, null],
      trick,
    );
    await files.remove(trick);
  }
  assert.deepEqual(await everything(), [join(folder, 'secret')]);
});

test('whatever fails on the way leaves nothing, and what was there stays', async () => {
  await files.keep(ID, { stream: stream('first') }, 100);
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const cut = new Error('the upstream broke off');
  const again = (source: Parameters<LocalFiles['keep']>[1]) => files.keep(ID, source, 8);
  await assert.rejects(again({ stream: stream('12345', '6789') }), FileTooLarge);
  await assert.rejects(again({ stream: stream('123', cut) }), cut);
  await assert.rejects(again({ stream: stream('123', full) }), StorageFull);
  await assert.rejects(again({ path: join(folder, 'missing') }), { code: 'ENOENT' });
  assert.equal(await read(ID), 'first');
  assert.equal((await everything()).length, 1);
});

test('a write that the system refuses half way leaves nothing', {
  skip: process.platform === 'win32',
}, async () => {
  // 512-byte blocks: the process may write no file larger than 256 kB.
  const command = `trap '' XFSZ; ulimit -f 512; exec "$0" "$@"`;
  const run = spawnSync('sh', ['-c', command, process.execPath, SLOW_KEEP, folder, ID, '--whole'], {
    encoding: 'utf8',
  });
  assert.equal(run.stdout.trim(), 'EFBIG', run.stderr);
  assert.deepEqual(await everything(), []);
});

test('a process that is killed while it writes leaves no part under the name', async () => {
  await files.keep(ID, { stream: stream('first') }, 100);
  const child = spawn(process.execPath, [SLOW_KEEP, folder, ID], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await gone;
  assert.equal(await read(ID), 'first');
  assert.equal((await everything()).length, 2, 'the temporary file is all it left');
  assert.equal(await files.sweep(async (ids) => new Set(ids), HOUR_MS), 0, 'it may still be written');
  now += 2 * HOUR_MS;
  assert.equal(await files.sweep(async (ids) => new Set(ids), HOUR_MS), 1);
  assert.equal((await everything()).length, 1);
  assert.equal(await read(ID), 'first');
});

test('a sweep takes old files that nobody knows, and nothing else', async () => {
  const ids = ['known', 'orphan', 'young', 'known_old'].map((name): FileId => `file_${name}`);
  for (const id of ids) await files.keep(id, { stream: stream(id) }, 100);
  for (const id of ids) {
    const path = await files.path(id);
    assert.ok(path);
    const at = new Date(id === 'file_young' ? now : now - 2 * HOUR_MS);
    await utimes(path, at, at);
  }
  await writeFile(join(folder, 'operators-notes.txt'), 'not ours');
  const asked: FileId[] = [];
  const removed = await files.sweep(async (batch) => {
    asked.push(...batch);
    return new Set(batch.filter((id) => id.startsWith('file_known')));
  }, HOUR_MS);
  assert.equal(removed, 1);
  assert.deepEqual(asked.sort(), [...ids].sort());
  assert.equal(await files.stat('file_orphan'), null);
  for (const id of ids.filter((name) => name !== 'file_orphan')) assert.ok(await files.stat(id), id);
  assert.ok((await everything()).includes(join(folder, 'operators-notes.txt')));
});

test('work is refused when the disk runs low', async () => {
  await files.room();
  const greedy = await opened(Number.MAX_SAFE_INTEGER);
  await assert.rejects(greedy.room(), StorageFull);
  await assert.rejects(greedy.room(), StorageFull);
});
