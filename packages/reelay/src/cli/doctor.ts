import { statfs } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Cli, House } from './context.ts';
import { within } from './context.ts';
import type { Finding } from './finding.ts';
import { print, printJson } from './output.ts';
import { examineProviders } from './providers-doctor.ts';

const LOW_DISK_BYTES = 5e9;

/** `reelay doctor`: what an operator should know before customers find out. */
export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('check the settings, the database, the disk and the laws; exits 1 when something is wrong')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => within(cli, (house) => examine(house, options)));
}

async function examine(house: House, options: { json?: boolean }): Promise<void> {
  const findings = [
    await database(house),
    await disk(house),
    await laws(house),
    network(house),
    address(house),
    ...(await examineProviders(house)),
  ];
  if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
  if (options.json) return printJson(findings);
  for (const { ok, what, detail } of findings) print(`${ok ? '✓' : '✗'} ${what}: ${detail}`);
}

async function database(house: House): Promise<Finding> {
  await house.store.ready();
  const which = house.config.databaseUrl
    ? 'the server of DATABASE_URL'
    : `embedded, in ${house.config.dataDir}`;
  return { what: 'database', ok: true, detail: `${which} answers, migrations are done` };
}

async function disk(house: House): Promise<Finding> {
  const { bavail, bsize } = await statfs(house.config.dataDir);
  const free = bavail * bsize;
  return {
    what: 'disk',
    ok: free > LOW_DISK_BYTES,
    detail: `${(free / 1e9).toFixed(1)} GB free for results`,
  };
}

async function laws(house: House): Promise<Finding> {
  const violations = await house.store.audit();
  const detail = violations.length === 0 ? 'all of them hold' : violations.map((one) => one.law).join(', ');
  return { what: 'laws', ok: violations.length === 0, detail };
}

function network(house: House): Finding {
  const open = house.config.allowPrivateNetwork;
  const detail = open
    ? 'REELAY_ALLOW_PRIVATE_NETWORK is on: customers can reach private addresses through this gateway'
    : 'private addresses are out of reach';
  return { what: 'network', ok: !open, detail };
}

function address(house: House): Finding {
  const { publicUrl, host } = house.config;
  const lost = publicUrl === undefined && host === '0.0.0.0';
  const detail = lost
    ? 'set REELAY_PUBLIC_URL: result links would name 0.0.0.0'
    : `result links begin with ${publicUrl ?? 'the address it listens on'}`;
  return { what: 'links', ok: !lost, detail };
}
