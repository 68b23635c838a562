import type { SKRSContext2D } from '@napi-rs/canvas';
import { css, mix, type Rgb } from '../colour.ts';
import { addPuffs } from '../parts/fall.ts';
import { cycle, showCycle } from '../parts/figure.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A horse at the gallop across the scene, mane and tail flying. */
export const horse: Subject = {
  name: 'horse',
  words: {
    en: 'horse horses stallion mare pony galloping gallop',
    pl: 'kon konia konie koniem konik* rumak* galop*',
    nl: 'paard paarden pony galop* hengst merrie',
  },
  role: 'figure',
  weight: 1,
  home: 'meadow',
  build(stage) {
    const { width: w, palette: p, perch } = stage;
    const rng = stage.rng.fork('horse');
    const s = perch.size * 1.5;
    const way = rng.next() < 0.5 ? -1 : 1;
    const coat = mix(mix([92, 54, 34], p.ink, 0.5), p.sun, 0.06);
    const run = cycle(24, { left: s * 1.1, right: s * 1.1, up: s * 1.25, down: s * 0.2 }, (ctx, phase) => {
      ctx.scale(way, 1);
      paintHorse(ctx, s, coat, mix(coat, p.ink, 0.6), mix(coat, p.sun, 0.35), phase);
    });
    addPuffs(stage, {
      label: 'dust',
      x: w * 0.5,
      y: perch.y,
      width: w * 0.5,
      rise: s * 0.3,
      size: s * 0.16,
      count: 16,
      colour: mix(p.haze, p.sand, 0.4),
      strength: 0.2,
      rate: 0.5,
      depth: perch.depth,
    });
    stage.elements.push((frame, now) => {
      const t = now.seconds;
      const x = w / 2 + way * (now.share - 0.52) * w * 0.78;
      const at = now.project(x, perch.y, perch.depth);
      const beat = t * 2;
      const rise = Math.abs(Math.sin(beat * Math.PI)) * s * 0.05;
      showCycle(frame, run, beat, at.x, at.y - rise, at.scale);
    });
    sound(stage, 'hooves', 0.9);
  },
};

/** One leg in two pieces from its joint; angles in radians from straight down. */
function leg(
  ctx: SKRSContext2D,
  x: number,
  y: number,
  upper: number,
  lower: number,
  s: number,
  width: number,
): void {
  const kx = x + Math.sin(upper) * s * 0.3;
  const ky = y + Math.cos(upper) * s * 0.3;
  const fx = kx + Math.sin(lower) * s * 0.31;
  const fy = ky + Math.cos(lower) * s * 0.31;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.lineWidth = width;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(kx, ky);
  ctx.stroke();
  ctx.lineWidth = width * 0.55;
  ctx.beginPath();
  ctx.moveTo(kx, ky);
  ctx.lineTo(fx, fy);
  ctx.lineTo(fx + s * 0.035, fy + s * 0.015);
  ctx.stroke();
}

function paintHorse(ctx: SKRSContext2D, s: number, coat: Rgb, dark: Rgb, lit: Rgb, phase: number): void {
  const TAU = Math.PI * 2;
  const swing = (offset: number): number => Math.sin((phase + offset) * TAU);
  const fold = (offset: number): number => Math.max(0, Math.cos((phase + offset) * TAU));
  ctx.strokeStyle = css(dark);
  leg(
    ctx,
    -s * 0.38,
    -s * 0.6,
    0.75 * swing(0.08) - 0.1,
    0.75 * swing(0.08) - 0.1 - 0.9 * fold(0.08),
    s,
    s * 0.12,
  );
  leg(ctx, s * 0.3, -s * 0.58, 0.8 * swing(0.58), 0.8 * swing(0.58) - 1.15 * fold(0.58), s, s * 0.1);
  const nod = swing(0.2) * 0.05;
  const fly = swing(0.4);
  ctx.lineCap = 'round';
  paintTail(ctx, s, dark, fly);
  const g = ctx.createLinearGradient(0, -s * 1.05, 0, -s * 0.45);
  g.addColorStop(0, css(lit));
  g.addColorStop(0.4, css(coat));
  g.addColorStop(1, css(dark));
  ctx.fillStyle = g;
  const hx = s * (0.74 + nod);
  const hy = -s * (1.04 - nod * 2);
  ctx.beginPath();
  ctx.moveTo(-s * 0.56, -s * 0.72);
  ctx.bezierCurveTo(-s * 0.5, -s * 0.86, -s * 0.28, -s * 0.84, -s * 0.1, -s * 0.79);
  ctx.bezierCurveTo(s * 0.1, -s * 0.76, s * 0.24, -s * 0.84, s * 0.36, -s * 0.92);
  ctx.bezierCurveTo(s * 0.46, -s * 1.0, hx - s * 0.2, hy - s * 0.07, hx - s * 0.1, hy - s * 0.1);
  ctx.lineTo(hx - s * 0.07, hy - s * 0.17);
  ctx.lineTo(hx - s * 0.02, hy - s * 0.08);
  ctx.bezierCurveTo(hx + s * 0.1, hy - s * 0.02, hx + s * 0.19, hy + s * 0.1, hx + s * 0.2, hy + s * 0.15);
  ctx.bezierCurveTo(hx + s * 0.17, hy + s * 0.2, hx + s * 0.08, hy + s * 0.16, hx - s * 0.02, hy + s * 0.13);
  ctx.bezierCurveTo(s * 0.62, -s * 0.8, s * 0.52, -s * 0.62, s * 0.38, -s * 0.52);
  ctx.bezierCurveTo(s * 0.2, -s * 0.45, -s * 0.1, -s * 0.44, -s * 0.24, -s * 0.5);
  ctx.bezierCurveTo(-s * 0.4, -s * 0.5, -s * 0.56, -s * 0.55, -s * 0.56, -s * 0.72);
  ctx.fill();
  paintMane(ctx, s, dark, fly);
  ctx.strokeStyle = css(coat);
  leg(ctx, -s * 0.42, -s * 0.6, 0.8 * swing(0) - 0.1, 0.8 * swing(0) - 0.1 - 0.95 * fold(0), s, s * 0.14);
  leg(ctx, s * 0.34, -s * 0.58, 0.85 * swing(0.5), 0.85 * swing(0.5) - 1.2 * fold(0.5), s, s * 0.11);
}

function paintTail(ctx: SKRSContext2D, s: number, dark: Rgb, fly: number): void {
  for (let i = 0; i < 7; i++) {
    ctx.strokeStyle = css(dark, 0.9);
    ctx.lineWidth = s * (0.045 - 0.004 * i);
    ctx.beginPath();
    ctx.moveTo(-s * 0.55, -s * 0.74);
    ctx.bezierCurveTo(
      -s * 0.72,
      -s * (0.8 + 0.02 * i),
      -s * 0.8,
      -s * (0.66 + 0.04 * fly),
      -s * (0.92 + 0.02 * i),
      -s * (0.55 + 0.05 * i + 0.09 * fly),
    );
    ctx.stroke();
  }
}

function paintMane(ctx: SKRSContext2D, s: number, dark: Rgb, fly: number): void {
  for (let i = 0; i < 8; i++) {
    const t = i / 7;
    ctx.strokeStyle = css(dark, 0.92);
    ctx.lineWidth = s * 0.04;
    ctx.beginPath();
    ctx.moveTo(s * (0.36 + 0.28 * t), -s * (0.92 + 0.15 * t));
    ctx.quadraticCurveTo(
      s * (0.24 + 0.28 * t),
      -s * (0.98 + 0.15 * t + 0.03 * fly),
      s * (0.14 + 0.28 * t),
      -s * (0.9 + 0.14 * t + 0.06 * fly),
    );
    ctx.stroke();
  }
}
