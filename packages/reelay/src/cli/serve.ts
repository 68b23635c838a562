import type { Command } from 'commander';
import { createKey, grant } from '../flow/accounts.ts';
import type { Cli, Gateway } from './context.ts';
import { print } from './output.ts';

/** Play credits that a test account begins with. */
export const PLAY_CREDITS = 100_000;

/** `reelay serve`: the gateway, until it is asked to stop. */
export function addServe(program: Command, cli: Cli): void {
  program
    .command('serve')
    .description('run the gateway')
    .action(async () => {
      // Listened for from the beginning: whoever stops it while it starts is heard as well.
      const stopped = cli.untilStopped();
      const gateway = await cli.serve(cli.config());
      try {
        await greet(gateway);
        print(`\nCtrl-C stops it.`);
        await stopped;
        print('\nStopping…');
      } finally {
        await gateway.close();
      }
    });
}

async function greet(gateway: Gateway): Promise<void> {
  print(`Reelay serves at ${gateway.address}`);
  print(`  reference    ${gateway.address}/docs`);
  if (gateway.adminTokenPath) print(`  admin token  ${gateway.adminTokenPath}`);
  if (!gateway.firstStart) {
    print('\nA key to try with: npm run reelay -- keys create --test --account me --credits 1000');
    return;
  }
  const key = await testKey(gateway, 'test');
  print(`\nA test key with ${PLAY_CREDITS} play credits, shown this once:\n\n  ${key}\n\nTry it:\n`);
  print(curlExample(gateway.address, key));
}

/** A new test key whose account has play credits. */
export async function testKey(gateway: Gateway, account: string): Promise<string> {
  const { config } = gateway;
  const made = await createKey(gateway, {
    account,
    sandbox: true,
    name: 'made on the first start',
    requestsPerMinute: config.requestsPerMinute,
    unfinishedTasks: config.unfinishedTasks,
  });
  await grant(gateway, {
    account: made.account.id,
    amount: PLAY_CREDITS,
    reason: 'play credits',
    reference: `play:${made.key.id}`,
  });
  return made.secret;
}

/** The request of the seed's first example, ready to paste. */
export function curlExample(address: string, key: string): string {
  return `curl -X POST "${address}/api/v1/generateTask/kling-2-6" \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"input":{"mode":"text-to-video","prompt":"a serene waterfall in the forest with birds chirping","duration":5,"sound":true,"aspect_ratio":"16:9"}}'

curl "${address}/api/v1/statusTask/kling-2-6?taskId=TASK_ID" -H "Authorization: Bearer ${key}"`;
}
