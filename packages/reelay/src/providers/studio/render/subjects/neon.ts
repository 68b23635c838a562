import { drawLight } from '../blend.ts';
import { css, mix, type Rgb } from '../colour.ts';
import { curve } from '../noise.ts';
import { addPuffs } from '../parts/fall.ts';
import { addMist } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { addWater } from '../parts/water.ts';
import { type Light, lightOf, paintLight } from '../planes.ts';
import { pick } from '../random.ts';
import { addLayer, band, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

const NEON: readonly Rgb[] = [
  [255, 58, 140],
  [60, 210, 255],
  [255, 160, 60],
  [150, 90, 255],
  [80, 255, 190],
  [255, 70, 70],
];

/** A street canyon at night: shop signs and lit windows, doubled in the wet ground. */
export const neon: Subject = {
  name: 'neon',
  words: {
    en: 'neon street streets alley cyberpunk tokyo avenue sidewalk',
    pl: 'neon* ulica ulice ulicy ulica uliczk* cyberpunk* chodnik*',
    nl: 'neon* straat straten steeg cyberpunk* stoep',
  },
  role: 'place',
  weight: 3,
  prefers: { time: 'night', weather: 'rain' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const ground = h * 0.66;
    addSky(stage, ground, false);
    streetEnd(stage, ground);
    const far = Math.min(w * 0.16, h * 0.22);
    for (let row = 0; row < 5; row++) {
      const t = row / 4;
      const gap = far * 0.7 + (w * 0.46 - far * 0.7) * t ** 1.25;
      for (const side of [-1, 1])
        block(stage, side, row, t, w / 2 + side * gap, ground + h * 0.02 + h * 0.13 * t ** 1.6);
      if (row === 1 || row === 3)
        addMist(
          stage,
          h * 0.25,
          ground + h * 0.06,
          0.1 + 0.25 * t,
          0.45,
          mix(p.haze, pick(stage.rng.fork(`fog${row}`), NEON), 0.42),
        );
    }
    addWater(stage, {
      top: ground + h * 0.012,
      depth: 0.2,
      near: mix(p.ink, [24, 26, 44], 0.6),
      chop: 0.34,
      mirror: 0.8,
      glitter: 0,
    });
    addPuffs(stage, {
      label: 'steam',
      x: w * 0.36,
      y: h * 0.86,
      width: w * 0.05,
      rise: h * 0.3,
      size: h * 0.06,
      count: 9,
      colour: [150, 140, 175],
      strength: 0.3,
      rate: 0.2,
      depth: 0.7,
    });
    stage.perch = { x: w * 0.5, y: h * 0.9, size: h * 0.18, depth: 0.7 };
    sound(stage, 'city', 0.6);
    sound(stage, 'footsteps', 0.15);
  },
};

/** The haze of light at the street's far end. */
function streetEnd(stage: Stage, ground: number): void {
  const { width: w, height: h } = stage;
  const reach = Math.min(w, h) * 0.62;
  const colour = mix(pick(stage.rng.fork('end'), NEON), [255, 190, 120], 0.45);
  const glow = lightOf(reach * 2, reach * 1.5, 8, colour, (x, y) => {
    const d = Math.hypot((x - reach) * 0.85, y - reach * 0.9) / reach;
    return 0.75 * Math.max(0, Math.exp(-d * d * 5) - 0.012);
  });
  stage.elements.push((frame, now) => {
    const at = now.project(w / 2 - reach, ground - reach * 0.95, 0.06);
    drawLight(frame, glow, at.x, at.y, 8 * at.scale, 0.95);
  });
}

/** The fronts of one side of the street at one distance, with their signs. */
function block(stage: Stage, side: number, row: number, t: number, edge: number, foot: number): void {
  const { width: w, height: h, palette: p } = stage;
  const rng = stage.rng.fork(`block${side}${row}`);
  const depth = 0.12 + 0.75 * t ** 1.5;
  const top = h * (0.24 - 0.5 * t) - rng.next() * h * 0.1;
  const wall = mix(mix(p.haze, [40, 36, 66], 0.55), p.ink, 0.35 + 0.5 * t);
  const outer = side < 0 ? -stage.margin * 1.4 : w + stage.margin * 1.4;
  const left = Math.min(edge, outer);
  const width = Math.abs(outer - edge);
  const cell = h * (0.014 + 0.03 * t);
  addLayer(stage, { ...band(stage, top, foot), x: left, width }, depth, (ctx) => {
    const g = ctx.createLinearGradient(edge, 0, edge + side * h * 0.3, 0);
    g.addColorStop(0, css(mix(wall, pick(rng, NEON), 0.16)));
    g.addColorStop(1, css(mix(wall, p.ink, 0.5)));
    ctx.fillStyle = g;
    ctx.fillRect(left, top, width, foot - top);
    for (let y = top + cell; y < foot - cell * 2.4; y += cell * 1.5) {
      for (let k = 0; k < 4 + 10 * (1 - t); k++) {
        const x = edge + side * (cell * 0.5 + k * cell * 1.2) - (side < 0 ? cell * 0.7 : 0);
        const on = rng.next() < 0.22;
        const c: Rgb = rng.next() < 0.7 ? [255, 196, 120] : pick(rng, NEON);
        ctx.fillStyle = on ? css(c, rng.between(0.12, 0.5)) : css(p.ink, 0.4);
        ctx.fillRect(x, y, cell * 0.7, cell * 0.9);
      }
    }
    const shop = ctx.createLinearGradient(0, foot - cell * 2.2, 0, foot);
    const c = pick(rng, NEON);
    shop.addColorStop(0, css(mix(c, [255, 255, 255], 0.45), 0.75));
    shop.addColorStop(1, css(c, 0.3));
    ctx.fillStyle = shop;
    ctx.fillRect(side < 0 ? edge - cell * 5.5 : edge + cell * 0.5, foot - cell * 2.1, cell * 5, cell * 2.1);
  });
  for (let i = 0; i < 2; i++)
    sign(
      stage,
      edge,
      side,
      t,
      depth,
      foot - h * (0.1 + 0.3 * t) * rng.between(0.8, 1.9) - i * h * 0.13,
      `${side}${row}${i}`,
    );
}

/** A hanging sign: tubes with a wide glow, one in four a little unsteady. */
function sign(
  stage: Stage,
  edge: number,
  side: number,
  t: number,
  depth: number,
  y: number,
  label: string,
): void {
  const rng = stage.rng.fork(`sign${label}`);
  const c = pick(rng, NEON);
  const wide = stage.height * (0.016 + 0.05 * t);
  const tall = wide * rng.between(1.6, 4);
  const pad = wide * 2.2;
  const light: Light = paintLight((wide + pad * 2) / 2, (tall + pad * 2) / 2, (ctx) => {
    ctx.scale(0.5, 0.5);
    for (let ring = 7; ring >= 0; ring--) {
      const grow = (ring / 7) ** 1.6 * pad * 0.85;
      ctx.strokeStyle = css(c, 0.045);
      ctx.lineWidth = grow * 2 + 2;
      ctx.lineJoin = 'round';
      ctx.strokeRect(pad, pad, wide, tall);
    }
    ctx.strokeStyle = css(mix(c, [255, 255, 255], 0.55), 0.95);
    ctx.lineWidth = Math.max(2, wide * 0.07);
    ctx.strokeRect(pad, pad, wide, tall);
    ctx.lineWidth = Math.max(2, wide * 0.09);
    ctx.strokeStyle = css(mix(pick(rng, NEON), [255, 255, 255], 0.5), 0.9);
    for (let gy = pad + wide * 0.35; gy < pad + tall - wide * 0.3; gy += wide * 0.75)
      glyph(ctx, rng, pad + wide * 0.22, gy, wide * 0.56);
  });
  const restless = rng.next() < 0.25 ? curve(rng, 3) : null;
  const x = side < 0 ? edge - wide * 0.5 : edge - wide * 0.5;
  stage.elements.push((frame, now) => {
    const at = now.project(x - pad, y - pad, depth + 0.01);
    const gain = restless && restless(now.seconds * 3) > 0.35 ? 0.7 : 1;
    drawLight(frame, light, at.x, at.y, at.scale * 2, gain * 0.95);
  });
}

/** A few strokes that look like a character of no alphabet. */
function glyph(
  ctx: Parameters<Parameters<typeof paintLight>[2]>[0],
  rng: Stage['rng'],
  x: number,
  y: number,
  size: number,
): void {
  ctx.beginPath();
  for (let i = 0; i < 3; i++) {
    const fixed = rng.next();
    if (rng.next() < 0.5) {
      ctx.moveTo(x, y + size * 0.6 * fixed);
      ctx.lineTo(x + size, y + size * 0.6 * fixed);
    } else {
      ctx.moveTo(x + size * fixed, y);
      ctx.lineTo(x + size * (fixed * 0.7 + 0.15), y + size * 0.6);
    }
  }
  ctx.stroke();
}
