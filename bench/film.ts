import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildMessage, RenderJob } from '../packages/reelay/src/providers/studio/job.ts';
import { RENDER_FLAGS } from '../packages/reelay/src/providers/studio/renderer.ts';
import { found } from './machine.ts';
import type { Row } from './report.ts';
import { median, megabytes } from './report.ts';

const RUNS = 3;
const SAMPLE_MS = 50;
const CHILD = join('packages', 'reelay', 'src', 'providers', 'studio', 'child.ts');

/** Wall time and peak memory of one 5 s film of 720p with sound, in a process of its own, with each encoder that is here. */
export async function measureFilm(): Promise<readonly Row[]> {
  const encoders = ['packaged', ...(found('ffmpeg') ? ['ffmpeg'] : [])] as const;
  const rows: Row[] = [];
  for (const encoder of encoders) {
    const runs: { seconds: number; peak: number }[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await render(encoder as 'packaged' | 'ffmpeg'));
    const seconds = median(runs.map((run) => run.seconds));
    const peak = Math.max(...runs.map((run) => run.peak));
    rows.push({
      what: `5 s film, 720p, sound (${encoder})`,
      value: `${seconds.toFixed(1)} s, peak ${megabytes(peak)}`,
    });
  }
  return rows;
}

async function render(encoder: 'packaged' | 'ffmpeg'): Promise<{ seconds: number; peak: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'reelay-film-'));
  const job: RenderJob = {
    film: {
      prompt: 'a serene waterfall in the forest with birds chirping',
      seed: 1,
      seconds: 5,
      sound: true,
      aspectRatio: '16:9',
      pictures: [],
      folder,
      encoder,
    },
    instant: false,
    bytes: 0,
  };
  const started = performance.now();
  const child = fork(CHILD, { execArgv: [...RENDER_FLAGS] });
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, peakOf(child));
  }, SAMPLE_MS);
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.is === 'rendered') resolve();
      if (message.is === 'failed') reject(new Error(message.message));
    });
    child.send(job);
  });
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampler);
  peak = Math.max(peak, peakOf(child));
  child.kill();
  rmSync(folder, { recursive: true });
  return { seconds, peak };
}

function peakOf(child: ChildProcess): number {
  try {
    return (
      Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}
