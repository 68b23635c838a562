import { readFileSync } from 'node:fs';
import { ApixoClient } from './cli/client.ts';
import type { Cli } from './cli/context.ts';
import { createProgram, runCli } from './cli/program.ts';
import { stopwatch } from './clock.ts';
import { readConfig } from './config.ts';
import { openHouse } from './main/house.ts';
import { serve } from './main/serve.ts';
import { untilStopped } from './stopping.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const cli: Cli = {
  config: (overrides) => readConfig(overrides),
  openHouse,
  serve: (config) => serve(config, version),
  stopwatch,
  untilStopped,
};

const program = createProgram(
  cli,
  {
    openHost: async (picture) => (await import('./net/loopback.ts')).openLoopbackHost(picture),
    client: (address, key) => new ApixoClient(lazyHttp, address, key),
  },
  version,
);

/** Loaded when a command first speaks to a gateway: most never do. */
const lazyHttp = {
  json: async (...call: Parameters<ApixoHttp['json']>) =>
    (await import('./net/loopback.ts')).localHttp.json(...call),
  save: async (...call: Parameters<ApixoHttp['save']>) =>
    (await import('./net/loopback.ts')).localHttp.save(...call),
};
type ApixoHttp = ConstructorParameters<typeof ApixoClient>[0];

await runCli(program, process.argv.slice(2));
