import type { SKRSContext2D } from '@napi-rs/canvas';
import { css, mix, type Rgb, tone } from '../colour.ts';
import type { Random } from '../random.ts';
import { band, type Stage } from '../stage.ts';
import { addSwaying } from './land.ts';

/** Tall grass in front, in a few strips that sway at their own time. */
export function addGrass(
  stage: Stage,
  top: number,
  height: number,
  depth: number,
  colours: readonly Rgb[],
  flowers = 0,
): void {
  const strips = 3;
  for (let s = 0; s < strips; s++) {
    const rng = stage.rng.fork(`grass${top}${s}`);
    const base = top + (s * height) / strips;
    const size = height * (0.75 + 0.25 * s);
    const box = band(stage, base - size * 0.4, base + size * 1.35);
    const sway = { amount: size * 0.07, rate: 1.3 + 0.25 * s, phase: s * 1.9 };
    addSwaying(stage, box, depth * (0.8 + 0.1 * s), sway, (ctx) => {
      ctx.lineCap = 'round';
      const count = box.width / (3.2 * stage.unit);
      for (let i = 0; i < count; i++) {
        const x = box.x + rng.next() * box.width;
        const long = size * rng.between(0.5, 1.2);
        const y = base + size * 1.38;
        const c = colours[Math.floor(rng.next() * colours.length)] ?? stage.palette.grass;
        const lean = rng.between(-0.35, 0.35) * long;
        blade(
          ctx,
          x,
          y,
          x + lean,
          y - long,
          stage.unit * rng.between(1, 2.6),
          tone(c, rng.between(-0.05, 0.05)),
        );
        if (rng.next() < flowers)
          blossom(ctx, rng, x + lean, y - long, stage.unit * rng.between(3, 6.5), stage);
      }
    });
  }
}

function blade(
  ctx: SKRSContext2D,
  x: number,
  y: number,
  tx: number,
  ty: number,
  width: number,
  c: Rgb,
): void {
  ctx.fillStyle = css(c);
  ctx.beginPath();
  ctx.moveTo(x - width, y);
  ctx.quadraticCurveTo(x - width * 0.6, (y + ty) / 2, tx, ty);
  ctx.quadraticCurveTo(x + width * 0.8, (y + ty) / 2, x + width, y);
  ctx.fill();
}

/** A small flower seen a little from the side. */
export function blossom(
  ctx: SKRSContext2D,
  rng: Random,
  x: number,
  y: number,
  r: number,
  stage: Stage,
): void {
  const { accent } = stage.palette;
  const kinds: Rgb[] = [
    accent,
    mix(accent, [255, 255, 255], 0.7),
    mix(accent, [240, 90, 70], 0.7),
    mix(accent, [120, 110, 230], 0.75),
  ];
  const c = kinds[Math.floor(rng.next() * kinds.length)] ?? accent;
  const petals = 5 + Math.floor(rng.next() * 3);
  ctx.fillStyle = css(c, 0.95);
  ctx.beginPath();
  for (let i = 0; i < petals; i++) {
    const a = (i / petals) * Math.PI * 2;
    const px = x + Math.cos(a) * r * 0.62;
    const py = y + Math.sin(a) * r * 0.42;
    ctx.moveTo(px + r * 0.5, py);
    ctx.ellipse(px, py, r * 0.5, r * 0.34, a, 0, Math.PI * 2);
  }
  ctx.fill();
  ctx.fillStyle = css(mix(c, [250, 205, 80], 0.75));
  ctx.beginPath();
  ctx.ellipse(x, y, r * 0.3, r * 0.22, 0, 0, Math.PI * 2);
  ctx.fill();
}
