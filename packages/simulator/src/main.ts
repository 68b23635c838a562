import { parseArgs } from 'node:util';
import { createSimulator } from './simulator.ts';

const HELP = `Stands in for AI video providers, in their own wire formats.

Usage: node packages/simulator/src/main.ts [options]

  --port N       port to listen on (4010; 0: any free one)
  --host NAME    address to listen on (127.0.0.1)
  --queue-ms N   how long a job waits (1000)
  --run-ms N     how long it runs (5000)
  --help         this text

Point a client at http://127.0.0.1:4010/{format}: kling, fal, replicate/v1, kie, piapi, higgsfield, vllm, sglang,
comfyui, apixo, rivya. Any credential of the right form is taken; one that begins with "bad" is refused.
Write [sim:fail content] or another fault into a prompt. GET /_sim lists them; README.md explains them.`;

/** Runs the simulator until it is told to stop. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      'queue-ms': { type: 'string', default: '1000' },
      'run-ms': { type: 'string', default: '5000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const simulator = await createSimulator({
    port: wholeNumber(values.port, '--port'),
    host: values.host,
    settings: {
      queueMs: wholeNumber(values['queue-ms'], '--queue-ms'),
      runMs: wholeNumber(values['run-ms'], '--run-ms'),
    },
  });
  console.log(`The simulator listens on ${simulator.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.close());
}

function wholeNumber(text: string, option: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${option} wants a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
