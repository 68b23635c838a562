import type { SKRSContext2D } from '@napi-rs/canvas';
import { drawSprite } from '../blend.ts';
import { paint, type Sprite } from '../planes.ts';
import { wrap } from './weather.ts';

/** A movement that repeats: the same creature painted at so many steps of it. */
export interface Cycle {
  readonly steps: readonly Sprite[];
  /** Where the creature's place lies in each sprite, in pixels. */
  readonly anchor: { readonly x: number; readonly y: number };
}

/** Paints a cycle; the painter draws around 0, 0 for a phase in 0..1, within `reach` on every side. */
export function cycle(
  count: number,
  reach: { readonly left: number; readonly right: number; readonly up: number; readonly down: number },
  painter: (ctx: SKRSContext2D, phase: number) => void,
): Cycle {
  const box = {
    x: -reach.left,
    y: -reach.up,
    width: reach.left + reach.right,
    height: reach.up + reach.down,
  };
  const steps = Array.from({ length: count }, (_, i) => paint(box, (ctx) => painter(ctx, i / count)));
  return { steps, anchor: { x: reach.left, y: reach.up } };
}

/** Shows a cycle with its place at x, y of the frame. */
export function showCycle(
  frame: Parameters<typeof drawSprite>[0],
  one: Cycle,
  phase: number,
  x: number,
  y: number,
  scale = 1,
  opacity = 1,
): void {
  const at = wrap(phase, 1) * one.steps.length;
  const step = one.steps[Math.floor(at) % one.steps.length];
  if (step) drawSprite(frame, step, x - one.anchor.x * scale, y - one.anchor.y * scale, scale, opacity);
}
