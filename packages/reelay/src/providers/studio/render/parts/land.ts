import type { SKRSContext2D } from '@napi-rs/canvas';
import { drawSprite } from '../blend.ts';
import { css, mix, type Rgb, tone } from '../colour.ts';
import { curve, fractalTile, sample } from '../noise.ts';
import { paint, paintPixels, type Sprite } from '../planes.ts';
import { addLayer, band, type Stage } from '../stage.ts';

/** A line of land: its height in world pixels (downwards) at each x. */
export type Ridge = (x: number) => number;

/** How a distant colour looks through the air at a depth (0 far .. 1 near). */
export function throughAir(stage: Stage, colour: Rgb, depth: number): Rgb {
  const clear = Math.min(1, Math.max(0, depth)) ** (0.3 + stage.palette.veil * 0.75);
  return mix(stage.palette.haze, colour, 0.1 + 0.9 * clear);
}

/** Rolling hills: a smooth line around `base`, `swing` high. */
export function hills(
  stage: Stage,
  label: string,
  base: number,
  swing: number,
  length: number,
  rough = 0.35,
): Ridge {
  const line = curve(stage.rng.fork(label), 5, rough);
  return (x) => base - swing * (0.5 + 0.5 * line(x / length + 50));
}

/** Mountains: a few broad massifs, broken into sharp crests, finer and finer. */
export function crests(stage: Stage, label: string, base: number, swing: number, length: number): Ridge {
  const rng = stage.rng.fork(label);
  const body = curve(rng, 2, 0.5);
  const octaves = [1, 2.2, 4.7, 10, 21].map((pace) => ({ pace, line: curve(rng, 1) }));
  return (x) => {
    const t = x / length + 30;
    let sum = 0;
    let gain = 0.64;
    let carry = 1;
    for (const { pace, line } of octaves) {
      const sharp = (1 - Math.abs(line(t * pace))) ** 1.7;
      sum += gain * carry * sharp;
      carry = Math.min(1, 0.2 + sharp);
      gain *= 0.42;
    }
    return base - swing * Math.min(1.25, Math.max(0.04, 1.12 * sum - 0.12 + 0.22 * body(t * 0.7)));
  };
}

function trace(ctx: SKRSContext2D, ridge: Ridge, from: number, to: number, bottom: number): void {
  ctx.beginPath();
  ctx.moveTo(from, bottom);
  for (let x = from; x <= to; x += 2) ctx.lineTo(x, ridge(x));
  ctx.lineTo(to, bottom);
  ctx.closePath();
}

/** Fills the land under a ridge with a colour that thins into haze at its foot. */
export function addRidge(
  stage: Stage,
  ridge: Ridge,
  bottom: number,
  depth: number,
  colour: Rgb,
  foot = 0.5,
): void {
  const box = band(stage, topOf(stage, ridge) - 4, bottom + stage.margin);
  const far = throughAir(stage, colour, depth);
  addLayer(stage, box, depth, (ctx) => {
    trace(ctx, ridge, box.x, box.x + box.width, box.y + box.height);
    const g = ctx.createLinearGradient(0, box.y, 0, bottom);
    g.addColorStop(0, css(far));
    g.addColorStop(1, css(mix(far, stage.palette.haze, foot * (1 - depth * 0.6))));
    ctx.fillStyle = g;
    ctx.fill();
  });
}

/** The highest point of a ridge within the world. */
export function topOf(stage: Stage, ridge: Ridge): number {
  let top = Number.POSITIVE_INFINITY;
  for (let x = -stage.margin; x <= stage.width + stage.margin; x += 4) top = Math.min(top, ridge(x));
  return top;
}

/** Rock faces under a crest line: sunlit and shaded flanks, snow above a line, haze at the foot. */
export function addMassif(stage: Stage, ridge: Ridge, bottom: number, depth: number, snowLine: number): void {
  const { palette: p, sun } = stage;
  const rng = stage.rng.fork(`massif${depth}`);
  const tile = fractalTile(rng, 512, 6, 6, 1.4);
  const top = topOf(stage, ridge);
  const box = band(stage, top - 6, bottom + stage.margin * 0.3);
  const side = sun.x > stage.width / 2 ? 1 : -1;
  const lit = throughAir(stage, mix(tone(p.rock, 0.1), p.sun, 0.22 * p.light + 0.06), depth);
  const shade = throughAir(stage, mix(tone(p.rock, -0.1), p.skyTop, 0.3), depth);
  const snowLit = throughAir(stage, mix(p.snow, p.sun, 0.22), Math.min(1, depth + 0.25));
  const snowShade = throughAir(stage, mix(tone(p.snow, -0.1), p.skyTop, 0.4), Math.min(1, depth + 0.15));
  const span = bottom - top;
  const sprite = paintPixels(box, 0.5, (x, y, out) => {
    const line = ridge(x);
    const under = y - line;
    if (under < -1.5) return;
    const n = sample(tile, x * 0.5, y * 0.42);
    const m = sample(tile, x * 1.3 + 99 - under * side * 0.3, y * 1.1);
    // Spurs run down from the crest: its slope, read askew the further down, bent by the rock.
    const at = x + n * under * 0.75 + under * 0.1 * Math.sin(under * 0.02 + x * 0.01);
    const step = 3 + under * 0.1;
    const slope = (ridge(at + step) - ridge(at - step)) / (2 * step);
    const f = Math.min(1, Math.max(0, 0.5 - slope * side * 0.75 + m * 0.3 + n * 0.12));
    const s = f * f * (3 - 2 * f);
    const snow = Math.min(1, Math.max(0, (snowLine - y + n * span * 0.16 + m * span * 0.1) / (span * 0.07)));
    const foot = Math.min(1, Math.max(0, (y - top) / span)) ** 1.6 * (0.75 - depth * 0.45);
    for (let c = 0; c < 3; c++) {
      const rock = (shade[c] ?? 0) + ((lit[c] ?? 0) - (shade[c] ?? 0)) * s;
      const ice = (snowShade[c] ?? 0) + ((snowLit[c] ?? 0) - (snowShade[c] ?? 0)) * s;
      const body = rock + (ice - rock) * snow;
      out[c] = body + ((p.haze[c] ?? 0) - body) * foot;
    }
    out[3] = 255 * Math.min(1, (under + 1.5) / 2.5);
  });
  stage.elements.push((frame, now) => {
    const at = now.project(sprite.x, sprite.yTop, depth);
    drawSprite(frame, sprite, at.x, at.y, at.scale * 2);
  });
}

/** A bank of mist that drifts along; `strength` in 0..1. */
export function addMist(
  stage: Stage,
  top: number,
  bottom: number,
  depth: number,
  strength: number,
  colour?: Rgb,
): void {
  const rng = stage.rng.fork(`mist${depth}${top}`);
  const tile = fractalTile(rng, 256, 3, 4, 2.2);
  const roll = stage.margin;
  const box = {
    x: -stage.margin - roll,
    y: top,
    width: stage.width + 2 * (stage.margin + roll),
    height: bottom - top,
  };
  const c = colour ?? mix(stage.palette.haze, stage.palette.cloudLit, 0.35);
  const sprite = paintPixels(
    box,
    0.125,
    (x, y, out) => {
      const v = (y - top) / (bottom - top);
      const bell = Math.sin(Math.PI * v) ** 1.5;
      const n = 0.55 + 0.6 * sample(tile, x * 0.16, y * 0.3);
      out[3] = 255 * strength * bell * Math.max(0, n);
    },
    c,
  );
  const speed = stage.unit * rng.between(6, 14) * (rng.next() < 0.5 ? -1 : 1);
  stage.elements.push((frame, now) => {
    const drift = Math.max(-roll, Math.min(roll, speed * (now.seconds - 2.5)));
    const at = now.project(sprite.x + drift, sprite.yTop, depth);
    drawSprite(frame, sprite, at.x, at.y, at.scale * 8);
  });
}

/** Paints something many times along a ridge; helper for tree lines and the like. */
export function along(
  stage: Stage,
  ridge: Ridge,
  step: (rng: Stage['rng']) => number,
  label: string,
  put: (x: number, y: number, rng: Stage['rng']) => void,
): void {
  const rng = stage.rng.fork(label);
  for (let x = -stage.margin; x < stage.width + stage.margin; x += step(rng)) put(x, ridge(x), rng);
}

/** Shows a sprite painted in a box with its foot held and its top swaying in the wind. */
export function addSwaying(
  stage: Stage,
  box: { x: number; y: number; width: number; height: number },
  depth: number,
  sway: { amount: number; rate: number; phase: number },
  painter: (ctx: SKRSContext2D) => void,
): void {
  const windy = stage.weather === 'wind' || stage.weather === 'storm' ? 2 : 1;
  let sprite: Sprite | null = null;
  stage.paintings.push(() => {
    sprite = paint(box, painter);
  });
  stage.elements.push((frame, now) => {
    if (!sprite) return;
    const at = now.project(sprite.x, sprite.yTop, depth);
    const t = now.seconds * sway.rate + sway.phase;
    const lean = sway.amount * windy * (Math.sin(t) + 0.4 * Math.sin(t * 2.3 + 1) + 0.35 * (windy - 1));
    drawSprite(
      frame,
      sprite,
      at.x,
      at.y,
      at.scale,
      1,
      (share) => lean * (1 - share) * (1 - share) * at.scale,
    );
  });
}
