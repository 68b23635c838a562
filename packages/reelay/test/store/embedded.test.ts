import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Embedded, FolderInUse, openEmbedded } from '../../src/store/embedded.ts';

const isRoot = process.getuid?.() === 0;
const log = () => {};
const visitors = new Set<ChildProcessWithoutNullStreams>();

describe('the embedded database', () => {
  let base: string;
  let dataDir: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'reelay-embedded-'));
    await chmod(base, 0o755);
    dataDir = join(base, 'data');
  });
  after(async () => {
    for (const child of visitors) child.kill('SIGKILL');
    await rm(base, { recursive: true, force: true });
  });

  test('starts, keeps what was committed with fsync on, and is gone when the last one leaves', async () => {
    const first = await openEmbedded({ dataDir, log });
    const pid = await serverOf(dataDir);
    await ask(first, 'create table kept as select 7 as n');
    assert.deepEqual(
      await ask(
        first,
        `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses') order by 1`,
      ),
      [
        { name: 'fsync', setting: 'on' },
        { name: 'listen_addresses', setting: '' },
        { name: 'synchronous_commit', setting: 'on' },
      ],
    );
    await first.close();
    assert.equal(isRunning(pid), false);

    const second = await openEmbedded({ dataDir, log });
    assert.deepEqual(await ask(second, 'select n from kept'), [{ n: 7 }]);
    await second.close();
  });

  test('one server for all processes, stopped by whoever leaves last', async () => {
    const three = await Promise.all([visit(dataDir), visit(dataDir), visit(dataDir)]);
    const pid = await serverOf(dataDir);
    for (const visitor of three) assert.equal(await serverSeenBy(visitor.directUrl), pid);
    await leave(three[0]);
    await leave(three[1]);
    assert.equal(isRunning(pid), true);
    await leave(three[2]);
    assert.equal(isRunning(pid), false);
  });

  test('a server that outlived its killed process is adopted', async () => {
    const killed = await visit(dataDir);
    const pid = await serverOf(dataDir);
    await kill(killed);
    assert.equal(isRunning(pid), true);
    const next = await openEmbedded({ dataDir, log });
    assert.equal(await serverSeenBy(next.directUrl), pid);
    await next.close();
    assert.equal(isRunning(pid), false);
  });

  test('a killed server is started again for those who are in, with what was committed', async () => {
    const inside = await openEmbedded({ dataDir, log });
    await ask(inside, 'create table before_kill as select 1 as n');
    const pid = await serverOf(dataDir);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => assert.notEqual(await serverSeenBy(inside.directUrl), pid));
    assert.deepEqual(await ask(inside, 'select n from before_kill'), [{ n: 1 }]);
    await inside.close();
    await assert.rejects(serverSeenBy(inside.directUrl));
  });

  test('server and process killed at once: the next start recovers', async () => {
    const killed = await visit(dataDir);
    await askUrl(killed.directUrl, 'create table before_both as select 2 as n');
    const pid = await serverOf(dataDir);
    const death = kill(killed);
    process.kill(pid, 'SIGKILL');
    await death;
    const next = await openEmbedded({ dataDir, log });
    assert.deepEqual(await ask(next, 'select n from before_both'), [{ n: 2 }]);
    await next.close();
  });

  test('a pid file that now names another program does not stop the start', async () => {
    const file = join(dataDir, 'postgres', 'data', 'postmaster.pid');
    await writeFile(file, `${process.pid}\n${join(dataDir, 'postgres', 'data')}\n1\n5432\n\n\n`);
    const embedded = await openEmbedded({ dataDir, log });
    await embedded.close();
  });

  test('a second gateway is refused, a visitor is not, and the place is free again after kill -9', async () => {
    const gateway = await visit(dataDir, 'gateway');
    await assert.rejects(openEmbedded({ dataDir, log, isGateway: true }), FolderInUse);
    const visitor = await openEmbedded({ dataDir, log });
    await kill(gateway);
    await eventually(async () => {
      const next = await openEmbedded({ dataDir, log, isGateway: true });
      await next.close();
    });
    await visitor.close();
  });

  test('a start that was killed half way is started over', async () => {
    const folder = join(base, 'half');
    const half = spawn(process.execPath, [fileURLToPath(new URL('visitor.ts', import.meta.url)), folder]);
    await eventually(async () => {
      const names = await readdir(join(folder, 'postgres'));
      assert.ok(names.some((name) => name.startsWith('data.partial')));
    });
    const closed = once(half, 'close');
    half.kill('SIGKILL');
    await closed;
    const embedded = await openEmbedded({ dataDir: folder, log });
    assert.deepEqual(await ask(embedded, 'select 1 as n'), [{ n: 1 }]);
    await embedded.close();
  });

  test('a path too long for a socket works, and only the owner can enter its folder', async () => {
    const folder = join(base, 'long'.repeat(30));
    const embedded = await openEmbedded({ dataDir: folder, log });
    const socket = String(embedded.connection.host);
    assert.ok(socket.length < 100);
    assert.equal((await stat(socket)).mode & 0o777, 0o700);
    await embedded.close();
    await rm(socket, { recursive: true });
  });

  test('as root, a data folder below a private one has its database where the server can reach it', {
    skip: !isRoot,
  }, async () => {
    const home = join(base, 'private');
    await mkdir(home, { mode: 0o700 });
    const folder = join(home, 'data');
    const first = await openEmbedded({ dataDir: folder, log });
    await ask(first, 'create table kept as select 3 as n');
    await first.close();
    const place = (await readFile(join(folder, 'postgres', 'place'), 'utf8')).trim();
    const second = await openEmbedded({ dataDir: folder, log });
    assert.deepEqual(await ask(second, 'select n from kept'), [{ n: 3 }]);
    await second.close();
    await rm(place, { recursive: true });
    await assert.rejects(openEmbedded({ dataDir: folder, log }), /which is gone/);
  });
});

interface Visitor {
  readonly child: ChildProcessWithoutNullStreams;
  readonly directUrl: string;
}

async function visit(dataDir: string, role = 'visitor'): Promise<Visitor> {
  const child = spawn(process.execPath, [
    fileURLToPath(new URL('visitor.ts', import.meta.url)),
    dataDir,
    role,
  ]);
  visitors.add(child);
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...(JSON.parse(line) as { directUrl: string }) };
  }
  throw new Error(`the visitor did not get in: ${complaint}`);
}

async function leave(visitor: Visitor | undefined): Promise<void> {
  assert.ok(visitor);
  visitor.child.stdin.end();
  await once(visitor.child, 'close');
  assert.equal(visitor.child.exitCode, 0);
}

async function kill(visitor: Visitor): Promise<void> {
  const closed = once(visitor.child, 'close');
  visitor.child.kill('SIGKILL');
  await closed;
}

async function ask(embedded: Embedded, sql: string): Promise<unknown[]> {
  return askUrl(embedded.directUrl, sql);
}

async function askUrl(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The postmaster's pid, as the one who asks over SQL sees it: the parent of its backend writes the pid file. */
async function serverSeenBy(url: string): Promise<number> {
  const rows = (await askUrl(url, `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`)) as {
    pid: string;
  }[];
  return Number(rows[0]?.pid);
}

async function serverOf(dataDir: string): Promise<number> {
  const text = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number.parseInt(text, 10);
}

/** A dead process whose parent died before it may stay listed for ever, so being listed is not enough. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || existsSync(`/proc/${pid}/exe`);
  } catch {
    return false;
  }
}

async function eventually<T>(check: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await check();
    } catch (error) {
      if (attempt === 500) throw error;
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}
