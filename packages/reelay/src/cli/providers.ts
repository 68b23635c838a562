import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { foundInEnvironment } from '../config.ts';
import type { Provider } from '../core/ports/provider.ts';
import type { PricePerSecond } from '../core/ports/routes.ts';
import type { ShownRoute } from '../flow/providers.ts';
import {
  addProvider,
  changeProvider,
  ProviderProblem,
  providerNamed,
  removeProvider,
  shownRoutes,
} from '../flow/providers.ts';
import { cheapestOrder, tryRoute } from '../flow/trial.ts';
import { wholeNumber } from './arguments.ts';
import { askFor } from './ask.ts';
import type { Cli, House } from './context.ts';
import { CommandFailed, within } from './context.ts';
import { moment, print, printJson, table } from './output.ts';

interface AddOptions {
  provider?: string;
  set?: Record<string, string>;
  fromEnv?: boolean;
  weight?: number;
  concurrency?: number;
  price?: PricePerSecond;
  json?: boolean;
}
interface JsonOption {
  json?: boolean;
}

/** `reelay providers add|list|test|enable|disable|remove`. */
export function addProviders(program: Command, cli: Cli): void {
  const providers = program.command('providers').description('upstreams that make the films of live keys');
  const withHouse = (work: (house: House) => Promise<void>) => within(cli, (house) => mended(work(house)));
  providers
    .command('add <name>')
    .description('set a provider up; asks for what it needs')
    .option('--provider <name>', 'which one, where the name is another: kling, fal, replicate …')
    .option('--set <field=value>', 'a field of its credential; again for each', field)
    .option('--from-env', 'take what is missing from the environment, where it usually is')
    .option('--weight <n>', 'higher is tried first within its tier', number)
    .option('--concurrency <n>', 'unfinished jobs at a time (default: what it documents)', wholeNumber(1))
    .option('--price <silent,sound>', 'what you pay, in US dollars a second (default: its list price)', price)
    .option('--json', 'print JSON')
    .action((name: string, options: AddOptions) => withHouse((house) => add(house, name, options)));
  providers
    .command('list')
    .description('those that are set up, and how they do; never their secrets')
    .option('--json', 'print JSON')
    .action((options: JsonOption) => withHouse((house) => list(house, options)));
  providers
    .command('test <name>')
    .description('try one on its real upstream, and keep what came of it as evidence')
    .option(
      '--submit',
      'order the shortest film too, and cancel it where that is possible: this may cost money',
    )
    .option('--json', 'print JSON')
    .action((name: string, options: JsonOption & { submit?: boolean }) =>
      withHouse((house) => test(house, name, options)),
    );
  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    providers
      .command(`${verb} <name>`)
      .description(enabled ? 'give it work again' : 'give it no new work; what it has is finished')
      .option('--json', 'print JSON')
      .action((name: string, options: JsonOption) =>
        withHouse(async (house) => {
          await changeProvider(house, name, { enabled });
          if (options.json) printJson({ name, enabled });
          else print(`"${name}" is ${verb}d.`);
        }),
      );
  }
  providers
    .command('remove <name>')
    .description('forget one and its credential, once it has no unfinished tasks')
    .option('--json', 'print JSON')
    .action((name: string, options: JsonOption) =>
      withHouse(async (house) => {
        await removeProvider(house.store, name);
        if (options.json) printJson({ name, removed: true });
        else print(`"${name}" is removed.`);
      }),
    );
}

/** What the operator can mend is said in a sentence. */
async function mended(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ProviderProblem) throw new CommandFailed(error.message);
    throw error;
  }
}

async function add(house: House, name: string, options: AddOptions): Promise<void> {
  const provider = providerNamed(house.providers, options.provider ?? name);
  const { weight, concurrency, price: perSecond } = options;
  const credential = await credentialFor(provider, options);
  const wish = { name, provider: provider.name, credential, weight, concurrency, price: perSecond };
  await addProvider(house, wish);
  const shown = (await shownRoutes(house)).find((one) => one.route.name === name);
  if (options.json) return printJson(shown && json(shown));
  print(`"${name}" is set up: ${provider.name}, ${provider.tier}.`);
  print(`\nTry it:  reelay providers test ${name}`);
}

/** The fields that were given, then those found in the environment, then those asked for. */
async function credentialFor(provider: Provider, options: AddOptions): Promise<Record<string, string>> {
  const given: Record<string, string> = { ...options.set };
  const missing = provider.credential.filter((one) => given[one.name] === undefined);
  const found = foundInEnvironment(missing.flatMap((one) => one.env ?? []));
  if (options.fromEnv) {
    for (const { name, env = '' } of missing) {
      const value = found.get(env);
      if (value !== undefined) given[name] = value;
    }
    return given;
  }
  if (process.stdin.isTTY && process.stdout.isTTY) return { ...given, ...(await askFor(missing, found)) };
  const needed = missing.find((one) => one.required && !one.default);
  if (needed?.env && found.has(needed.env)) {
    const hint = `${needed.env} is in the environment: add --from-env to use it.`;
    throw new CommandFailed(`"${needed.name}" is missing: ${needed.label}. ${hint}`);
  }
  return given;
}

async function list(house: House, options: JsonOption): Promise<void> {
  const routes = await shownRoutes(house);
  const evidence = await house.store.evidence();
  if (options.json) {
    return printJson(
      routes.map((one) => ({
        ...json(one),
        evidence: evidence.filter(({ route }) => route === one.route.name),
      })),
    );
  }
  if (routes.length === 0) {
    print(
      'None yet. "reelay providers add kling" sets one up; test keys are served by the studio meanwhile.',
    );
    return;
  }
  const rows = routes.map((one) => [
    one.route.name,
    one.route.provider,
    one.tier ?? '–',
    one.route.enabled ? one.health : 'disabled',
    one.route.weight,
    one.limit === null ? '–' : `${one.standing.unfinished}/${one.limit}`,
    one.score.succeeded,
    one.score.failed,
    tried(evidence.filter(({ route }) => route === one.route.name)),
  ]);
  print(
    table(['NAME', 'PROVIDER', 'TIER', 'STATE', 'WEIGHT', 'BUSY', 'FILMS 24 H', 'FAILED', 'TRIED'], rows),
  );
}

function tried(evidence: readonly { readonly at: number; readonly ok: boolean }[]): string {
  const latest = evidence.reduce<number | null>((max, { at }) => Math.max(max ?? 0, at), null);
  if (latest === null) return 'never';
  return `${moment(latest)} ${evidence.every(({ ok }) => ok) ? 'ok' : 'failed'}`;
}

function json({ route, standing, ...shown }: ShownRoute): object {
  const { health, unfinished } = standing;
  return { ...route, ...shown, unfinished, lastFailure: health.lastFailure };
}

async function test(house: House, name: string, options: JsonOption & { submit?: boolean }): Promise<void> {
  const route = await (await house.routes()).byName(name);
  if (!route) throw new CommandFailed(`No provider is set up as "${name}", or it cannot be used as it is.`);
  const evidence = await tryRoute(house, route, { submit: options.submit ?? false });
  if (evidence.some((one) => !one.ok)) process.exitCode = 1;
  if (options.json) return printJson(evidence);
  for (const { operation, ok, detail } of evidence) print(`${ok ? '✓' : '✗'} ${operation}: ${detail}`);
  if (options.submit) return;
  const { costMicros } = cheapestOrder(route);
  const cost = costMicros === null ? 'nothing' : `up to $${(costMicros / 1e6).toFixed(2)}`;
  if (evidence.length === 0) print(`${route.provider} has nothing that can be tried for free.`);
  print(`\nA real order costs ${cost}:  reelay providers test ${name} --submit`);
}

function field(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('field=value');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number');
  return value;
}

function price(text: string): PricePerSecond {
  const [silent = Number.NaN, sound = silent] = text.split(',').map(Number);
  if (!(silent >= 0 && sound >= 0)) throw new InvalidArgumentError('dollars a second, as 0.07,0.14');
  return { silentMicros: Math.round(silent * 1e6), soundMicros: Math.round(sound * 1e6) };
}
