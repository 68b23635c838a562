import { createHash } from 'node:crypto';
import type { Job, Provider } from '../core/ports/provider.ts';
import type { Ability } from '../core/routing.ts';

/** Wan 2.2 on an operator's own machine: silent, five seconds, 720p, and nothing is billed. */
export const WAN_22: Ability = {
  model: 'wan-2-2',
  modes: ['text-to-video', 'image-to-video'],
  durationsSeconds: [5],
  sound: false,
  aspectRatios: ['16:9', '9:16', '1:1'],
  lastFrame: false,
  promptMax: 2500,
  costMicros: null,
};

/** Own hardware is as fast as it is, and looking costs nothing. */
export const WAN_22_LOOKS: Provider['looks'] = { firstMs: () => 20_000, thenMs: 2_000 };

const AREA_PIXELS = 1280 * 720;

/** The film's sides for the order's ratio, or for its picture's: 720p by area, in steps of 16 as the model asks. */
export function sidesOf(job: Job): { readonly width: number; readonly height: number } {
  const [picture] = job.media;
  const [across = 16, down = 9] = picture
    ? [picture.width, picture.height]
    : (job.order.aspectRatio ?? '16:9').split(':').map(Number);
  const step = (pixels: number) => Math.max(16, Math.round(pixels / 16) * 16);
  const height = Math.sqrt((AREA_PIXELS * down) / across);
  return { width: step((height * across) / down), height: step(height) };
}

/** A seed of the job's own, the same for every attempt: an engine's default would make every film alike. */
export function seedOf(job: Job): number {
  return createHash('sha256').update(job.attempt.reference).digest().readUInt32BE(0) % 2 ** 31;
}
