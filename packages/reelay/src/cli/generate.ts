import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ApixoClient, Status } from './client.ts';
import type { Cli } from './context.ts';
import { CommandFailed } from './context.ts';
import { print, printJson } from './output.ts';

const WAIT_SECONDS = 20;

interface GenerateOptions {
  key?: string;
  url: string;
  model: string;
  image?: string;
  duration: string;
  sound?: boolean;
  aspect: string;
  provider: string;
  output: string;
  json?: boolean;
}

/** `reelay generate "a prompt"`: orders a film of a running gateway and saves it. */
export function addGenerate(
  program: Command,
  cli: Cli,
  client: (address: string, key: string) => ApixoClient,
): void {
  const { port } = cli.config();
  program
    .command('generate <prompt>')
    .description('order a film of a running gateway, wait for it, save it')
    .requiredOption('--key <key>', 'the API key')
    .option('--url <address>', 'the gateway', `http://127.0.0.1:${port}`)
    .option('--model <id>', 'the model', 'kling-2-6')
    .option('--image <url>', 'a picture to start from')
    .addOption(new Option('--duration <seconds>', 'its length').choices(['5', '10']).default('5'))
    .option('--sound', 'with sound')
    .addOption(new Option('--aspect <ratio>', 'its shape').choices(['1:1', '16:9', '9:16']).default('16:9'))
    .addOption(
      new Option('--provider <strategy>', 'its routing')
        .choices(['auto', 'value', 'official'])
        .default('auto'),
    )
    .option('--output <file>', 'where to save it', 'film.mp4')
    .option('--json', 'print JSON')
    .action((prompt: string, options: GenerateOptions) =>
      generate(client(options.url, options.key ?? ''), prompt, options),
    );
}

async function generate(client: ApixoClient, prompt: string, options: GenerateOptions): Promise<void> {
  const task = await client.generate(options.model, {
    provider: options.provider,
    input: {
      mode: options.image ? 'image-to-video' : 'text-to-video',
      prompt,
      duration: Number(options.duration),
      sound: options.sound ?? false,
      ...(options.image ? { image_urls: [options.image] } : { aspect_ratio: options.aspect }),
    },
  });
  if (!options.json) print(`${task} …`);
  const done = await finished(client, options.model, task);
  const path = resolve(options.output);
  const bytes = await client.save(client.resultUrl(done), path);
  if (options.json) printJson({ ...done, path, bytes });
  else print(`${path}  ${(bytes / 1e6).toFixed(1)} MB, ${Math.round((done.costTime ?? 0) / 1000)} s`);
}

async function finished(client: ApixoClient, model: string, task: string): Promise<Status> {
  for (;;) {
    const now = await client.status(model, task, WAIT_SECONDS);
    if (now.state === 'success') return now;
    if (now.state === 'failed') throw new CommandFailed(`${now.failCode}: ${now.failMsg}`);
    await new Promise((done) => setTimeout(done, 500));
  }
}
