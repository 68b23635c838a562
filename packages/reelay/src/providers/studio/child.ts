import { setPriority } from 'node:os';
import type { ChildMessage, RenderJob } from './job.ts';
import { growFilm } from './render/encode/grow.ts';

// The entry of a render process: one job at a time, given by its parent, told about as it goes. It yields to
// the gateway on a busy machine, and never outlives its parent.

setPriority(10);
process.on('disconnect', () => process.exit(0));
process.on('message', (job: RenderJob) => {
  void run(job);
});

function tell(message: ChildMessage): void {
  process.send?.(message);
}

async function run(job: RenderJob): Promise<void> {
  try {
    const files = await render(job);
    if (job.bytes > 0) await growFilm(files.film, job.bytes);
    tell({ is: 'rendered', files });
  } catch (error) {
    const picture = error instanceof Error && error.name === 'UnreadablePicture';
    const message = error instanceof Error ? error.message : String(error);
    tell({ is: 'failed', reason: picture ? 'picture' : 'internal', message });
  }
}

async function render(job: RenderJob): ReturnType<typeof import('./render/film.ts').renderFilm> {
  // Loaded as needed: an instant film is over before the drawing library would be up.
  if (job.instant) {
    const { renderInstant } = await import('./render/instant.ts');
    return await renderInstant(job.film);
  }
  const { renderFilm } = await import('./render/film.ts');
  let last = -1;
  return await renderFilm(job.film, (percent) => {
    if (percent > last) tell({ is: 'progress', percent });
    last = percent;
  });
}
