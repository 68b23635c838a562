import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { TaskId } from '../core/values.ts';
import type { ApixoClient, Status } from './client.ts';
import type { Cli, Gateway } from './context.ts';
import { CommandFailed } from './context.ts';
import { print, table } from './output.ts';
import { mountainView } from './picture.ts';
import { curlExample, testKey } from './serve.ts';

const MODEL = 'kling-2-6';
const POLL_MS = 1_000;

/** What the demo needs that only the composition root can give. */
export interface DemoTools {
  openHost(picture: Uint8Array): Promise<{
    readonly pair: string;
    readonly pictureUrl: string;
    readonly callbackUrl: string;
    nextCallback(): Promise<{ readonly body: string; readonly headers: Readonly<Record<string, string>> }>;
    close(): Promise<void>;
  }>;
  client(address: string, key: string): ApixoClient;
}

/** `reelay demo`: the two example requests of the API, made into films on this machine. */
export function addDemo(program: Command, cli: Cli, tools: DemoTools): void {
  program
    .command('demo')
    .description('make two films on this machine through the real API: no key, no network')
    .option('--once', 'end after the films instead of staying up')
    .action(async (options: { once?: boolean }) => {
      const stopped = cli.untilStopped().then((reason) => {
        throw new CommandFailed(`Stopped: ${reason}.`);
      });
      stopped.catch(() => {});
      const host = await tools.openHost(await mountainView());
      try {
        const gateway = await serveSomewhere(cli, host.pair);
        try {
          await Promise.race([show(gateway, cli, tools, host), stopped]);
          if (!options.once) {
            print('\nIt stays up: Ctrl-C stops it.');
            await stopped.catch(() => print('\nStopping…'));
          }
        } finally {
          await gateway.close();
        }
      } finally {
        await host.close();
      }
    });
}

/** The demo has a data folder of its own, so that it can run beside a gateway; and only its own host is let through. */
function demoConfig(cli: Cli, pair: string, more: Readonly<Record<string, string>> = {}) {
  const usual = cli.config();
  return cli.config({
    ...more,
    REELAY_DATA_DIR: join(usual.dataDir, 'demo'),
    REELAY_ALLOW_HOSTS: [...usual.allowHosts, pair].join(','),
    REELAY_LOG_LEVEL: 'warn',
  });
}

/** At the usual address, or at any free port where that is taken: most likely by the reader's own gateway. */
async function serveSomewhere(cli: Cli, pair: string): Promise<Gateway> {
  try {
    return await cli.serve(demoConfig(cli, pair));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AddressInUse')) throw error;
    return cli.serve(demoConfig(cli, pair, { REELAY_PORT: '0' }));
  }
}

async function show(
  gateway: Gateway,
  cli: Cli,
  tools: DemoTools,
  host: Awaited<ReturnType<DemoTools['openHost']>>,
) {
  print(
    `Reelay serves at ${gateway.address}. The built-in studio makes animatics: real films, but no generative model.\n`,
  );
  const account = `demo-${gateway.ids.account().slice(-8)}`;
  const key = await testKey(gateway, account);
  const client = tools.client(gateway.address, key);
  const elapsedMs = cli.stopwatch();

  const fromText = await client.generate(MODEL, textRequest);
  print(`Text to video, 10 s with sound, polled            ${fromText}`);
  const fromImage = await client.generate(MODEL, imageRequest(host.pictureUrl, host.callbackUrl));
  print(`Image to video, 5 s with sound, told by callback  ${fromImage}\n`);

  const [polled, told] = await Promise.all([
    poll(gateway, client, fromText, [fromText, fromImage]),
    callback(host, fromImage),
  ]);
  const folder = resolve('demo');
  await mkdir(folder, { recursive: true });
  for (const [name, done] of [
    ['text-to-video.mp4', polled],
    ['image-to-video.mp4', told],
  ] as const) {
    const path = join(folder, name);
    const bytes = await client.save(client.resultUrl(done), path);
    print(`${path}  ${(bytes / 1e6).toFixed(1)} MB`);
  }
  print(`\nBoth films in ${Math.round(elapsedMs() / 1000)} s. The ledger:\n`);
  await ledger(gateway, account);
  print(`\nThe API reference: ${gateway.address}/docs\nTry next:\n`);
  print(curlExample(gateway.address, key));
}

/** The first example of the seed, as it stands there. */
const textRequest = {
  request_type: 'async',
  provider: 'value',
  input: {
    mode: 'text-to-video',
    prompt: 'a serene waterfall in the forest with birds chirping',
    duration: 10,
    sound: true,
    aspect_ratio: '16:9',
  },
};

/** The second, with only the two addresses replaced. */
function imageRequest(pictureUrl: string, callbackUrl: string) {
  return {
    request_type: 'callback',
    callback_url: callbackUrl,
    provider: 'official',
    input: {
      mode: 'image-to-video',
      prompt: 'animate this mountain view with moving clouds and wind sounds',
      duration: 5,
      sound: true,
      image_urls: [pictureUrl],
    },
  };
}

async function poll(
  gateway: Gateway,
  client: ApixoClient,
  task: string,
  all: readonly string[],
): Promise<Status> {
  for (let last = ''; ; ) {
    const now = await client.status(MODEL, task);
    last = await progress(gateway, all, last);
    if (now.state === 'success') return now;
    if (now.state === 'failed') throw new CommandFailed(`${task} ${now.failCode}: ${now.failMsg}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** One line that moves on a terminal; elsewhere a line whenever something changed. */
async function progress(gateway: Gateway, tasks: readonly string[], last: string): Promise<string> {
  const shown: string[] = [];
  for (const id of tasks) {
    const task = await gateway.store.summary(id as TaskId);
    const percent = task?.state.name === 'running' ? ` ${task.state.progress ?? 0}%` : '';
    shown.push(`…${id.slice(-6)} ${task?.state.name ?? ''}${percent}`);
  }
  const line = shown.join('   ');
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
  else if (line !== last) print(line);
  return line;
}

async function callback(host: Awaited<ReturnType<DemoTools['openHost']>>, task: string): Promise<Status> {
  const { body, headers } = await host.nextCallback();
  print(
    `${process.stdout.isTTY ? '\r\u001b[K' : ''}Callback received for …${task.slice(-6)}, signed: ${headers['webhook-signature']?.slice(0, 20)}…`,
  );
  return (JSON.parse(body) as { data: Status }).data;
}

async function ledger(gateway: Gateway, name: string): Promise<void> {
  const account = await gateway.store.accountByName(name);
  if (!account) return;
  const lines = await gateway.store.ledger(account.wallet, 10);
  const rows = [...lines].reverse().map((line) => [line.kind, line.amount, line.task ?? line.reason ?? '']);
  print(table(['', 'CREDITS', 'FOR'], rows));
  const { available, held } = await gateway.store.balance(account.wallet);
  print(`balance: ${available} available, ${held} held`);
}
