import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDataDir, reelay, startGateway } from './gateway.ts';

const linuxOnly = process.platform === 'linux' ? false : 'reads /proc';

async function generate(address: string, key: string, prompt: string): Promise<string> {
  const reply = await fetch(`${address}/api/v1/generateTask/kling-2-6`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ input: { mode: 'text-to-video', prompt } }),
  });
  const body = (await reply.json()) as { code: number; data: { taskId: string } | null };
  assert.equal(body.code, 200, JSON.stringify(body));
  return body.data?.taskId ?? '';
}

async function state(address: string, key: string, task: string): Promise<string> {
  const url = `${address}/api/v1/statusTask/kling-2-6?taskId=${task}&wait=30`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  return ((await reply.json()) as { data: { state: string } }).data.state;
}

async function settled(address: string, key: string, task: string): Promise<string> {
  for (;;) {
    const now = await state(address, key, task);
    if (now === 'success' || now === 'failed') return now;
  }
}

/** The processes whose command line or parent leads to this data folder or process. */
function children(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([child]) => child ?? 0);
}

test('the first start shows an address, a key that works, a curl and the admin token; commands work beside it', async (t) => {
  const folder = await makeDataDir(t);
  const gateway = await startGateway(folder);
  const printed = gateway.printed();
  const key = /rly_test_[0-9A-Za-z]{36}/.exec(printed)?.[0] ?? '';
  assert.match(printed, /curl -X POST/);
  const token = readFileSync(/admin token +(\S+)/.exec(printed)?.[1] ?? '', 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await fetch(`${gateway.address}/operator/v1/accounts`, { headers })).status, 200);

  const task = await generate(gateway.address, key, 'a calm sea [reelay:instant]');
  assert.equal(await settled(gateway.address, key, task), 'success');

  const made = JSON.parse(
    await reelay(folder, 'keys', 'create', '--account', 'acme', '--credits', '550', '--json'),
  );
  assert.match(made.key, /^rly_live_/);
  assert.equal(made.account, 'acme');
  const balance = JSON.parse(await reelay(folder, 'credits', 'balance', '--account', 'acme', '--json'));
  assert.equal(balance.available, 550);
  const nothing = reelay(folder, 'credits', 'grant', '--account', 'acme', '--credits', '0');
  await assert.rejects(nothing, /--credits must not be 0/);
  assert.equal(JSON.parse(await reelay(folder, 'audit', '--json')).ok, true);
  await assert.rejects(startGateway(folder), /already|in use|another/i, 'a second gateway refuses clearly');
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0, 'SIGTERM ends it cleanly');
});

test('kill -9 of the gateway: the database that survived is adopted, the task under way is finished', {
  skip: linuxOnly,
}, async (t) => {
  const folder = await makeDataDir(t);
  const first = await startGateway(folder);
  const key = /rly_test_[0-9A-Za-z]{36}/.exec(first.printed())?.[0] ?? '';
  const task = await generate(first.address, key, 'a calm sea [reelay:instant] [reelay:after 3s]');
  // Past its submit, which nobody may take over before the last moment at which it could have been sent.
  await underWay(folder, task);
  const [server = 0] = children(first.child.pid ?? 0);
  process.kill(server, 'SIGKILL');
  assert.notEqual(await first.ended, 0);
  const second = await startGateway(folder);
  assert.equal(await settled(second.address, key, task), 'success');
  assert.equal(JSON.parse(await reelay(folder, 'audit', '--json')).ok, true);
});

test('kill -9 of its runner: the gateway ends by itself, so that the next start has the folder', {
  skip: linuxOnly,
}, async (t) => {
  const folder = await makeDataDir(t);
  const first = await startGateway(folder);
  const [orphan = 0] = children(first.child.pid ?? 0);
  first.child.kill('SIGKILL');
  await first.ended;
  while (alive(orphan)) await new Promise((resolve) => setTimeout(resolve, 100));
  const second = await startGateway(folder);
  second.child.kill('SIGINT');
  assert.equal(await second.ended, 0, 'Ctrl-C ends it cleanly');
});

test('kill -9 of the database: it is started again, and the gateway goes on', {
  skip: linuxOnly,
}, async (t) => {
  const folder = await makeDataDir(t);
  const gateway = await startGateway(folder);
  const key = /rly_test_[0-9A-Za-z]{36}/.exec(gateway.printed())?.[0] ?? '';
  const before = await generate(gateway.address, key, 'a calm sea [reelay:instant] [reelay:after 2s]');
  const pidFile = join(databaseFolder(folder), 'postmaster.pid');
  process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGKILL');
  const again = await eventually(() => generate(gateway.address, key, 'a calm sea [reelay:instant]'));
  assert.equal(await eventually(() => settled(gateway.address, key, again)), 'success');
  assert.equal(await eventually(() => settled(gateway.address, key, before)), 'success');
  assert.equal(JSON.parse(await reelay(folder, 'audit', '--json')).ok, true);
});

async function underWay(folder: string, task: string): Promise<void> {
  for (;;) {
    const shown = JSON.parse(await reelay(folder, 'tasks', 'show', task, '--json'));
    if (shown.task.state.name !== 'queued' && shown.task.state.name !== 'submitting') return;
  }
}

/** Whether a process runs; one that has ended but that nobody has asked about does not. */
function alive(pid: number): boolean {
  const rows = execFileSync('ps', ['-eo', 'pid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .some(([id, stat]) => Number(id) === pid && !stat?.startsWith('Z'));
}

/** Where the embedded server of a data folder keeps its data, as the server itself says on its command line. */
function databaseFolder(dataDir: string): string {
  const lines = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n');
  const line = lines.find((one) => one.includes('bin/postgres -D') && one.includes(dataDir)) ?? '';
  return /-D (\S+)/.exec(line)?.[1] ?? join(dataDir, 'postgres', 'data');
}

/** Again and again while it is refused: the database needs a moment. */
async function eventually<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (tries === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
