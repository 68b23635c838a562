import { discard, startGateway } from './gateway.ts';
import type { Row } from './report.ts';

const FILMS = 2;
const SAMPLED_EVERY_MS = 10;

/** How long the gateway's event loop is held up while films are rendered beside it, as its own metrics say. */
export async function measureCalm(): Promise<readonly Row[]> {
  const gateway = await startGateway('all');
  const headers = { authorization: `Bearer ${gateway.key()}`, 'content-type': 'application/json' };
  const url = `${gateway.address}/api/v1`;
  const input = {
    mode: 'text-to-video',
    prompt: 'a calm sea at sunset',
    duration: 5,
    sound: true,
    aspect_ratio: '16:9',
  };
  // Read once before: each reading begins a new measurement.
  await lag(gateway.address);
  const tasks = await Promise.all(
    Array.from({ length: FILMS }, async () => {
      const reply = await fetch(`${url}/generateTask/kling-2-6`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ input }),
      });
      return ((await reply.json()) as { data: { taskId: string } }).data.taskId;
    }),
  );
  for (const task of tasks) {
    for (let state = ''; state !== 'success'; ) {
      const reply = await fetch(`${url}/statusTask/kling-2-6?taskId=${task}&wait=30`, { headers });
      state = ((await reply.json()) as { data: { state: string } }).data.state;
      if (state === 'failed') throw new Error(`${task} failed`);
    }
  }
  const { p99, mean } = await lag(gateway.address);
  await gateway.stop();
  discard(gateway);
  // Node reports the whole interval between two samples: what is beyond the planned one is the delay.
  const value = `p99 ${(p99 - SAMPLED_EVERY_MS).toFixed(1)} ms, mean ${(mean - SAMPLED_EVERY_MS).toFixed(1)} ms`;
  return [{ what: `event-loop delay while ${FILMS} films render`, value }];
}

async function lag(address: string): Promise<{ p99: number; mean: number }> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const of = (name: string) =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1]) *
    1000;
  return { p99: of('p99'), mean: of('mean') };
}
