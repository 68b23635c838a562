import type { Config } from '../config.ts';
import type { Files } from '../core/ports/files.ts';
import type { Provider, Routes } from '../core/ports/provider.ts';
import type { Store } from '../core/ports/store.ts';
import type { Clock, Ids, Models, Scribe } from '../core/ports/world.ts';

/** What a command works with: the store of the settings' database, whether a gateway runs on it or not. */
export interface House {
  readonly config: Config;
  readonly store: Store;
  readonly files: Files;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly models: Models;
  readonly scribe: Scribe;
  /** Every provider that can be added. */
  readonly providers: readonly Provider[];
  /** Those that are set up, with a door to their upstreams. */
  routes(): Promise<Routes>;
  close(): Promise<void>;
}

/** A gateway that serves. */
export interface Gateway extends House {
  /** Where it listens, as a URL. */
  readonly address: string;
  /** Where the admin token lies; null where the operator gave it. */
  readonly adminTokenPath: string | null;
  /** Whether this data folder was served for the first time. */
  readonly firstStart: boolean;
}

/** What the composition root hands to the commands. */
export interface Cli {
  config(overrides?: Readonly<Record<string, string>>): Config;
  openHouse(config: Config): Promise<House>;
  serve(config: Config): Promise<Gateway>;
  /** Measures what a command took. */
  stopwatch(): () => number;
  /** Resolves when the process is asked to end: Ctrl-C, SIGTERM, or its parent is gone. A second time ends it at once. */
  untilStopped(): Promise<string>;
}

/** A command's own failure: the message is for the operator; the exit code is 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Opens the house for one command and closes it whatever happens. */
export async function within<Result>(cli: Cli, work: (house: House) => Promise<Result>): Promise<Result> {
  const house = await cli.openHouse(cli.config());
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}

/** The account of this name. @throws CommandFailed */
export async function accountNamed(house: House, name: string) {
  const account = await house.store.accountByName(name);
  if (!account) throw new CommandFailed(`There is no account "${name}". "reelay accounts list" shows them.`);
  return account;
}
