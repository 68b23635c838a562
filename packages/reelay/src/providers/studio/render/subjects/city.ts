import { drawLight } from '../blend.ts';
import { css, mix, type Rgb, tone } from '../colour.ts';
import { addMist, throughAir } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { addWater } from '../parts/water.ts';
import { paintLight } from '../planes.ts';
import { pick } from '../random.ts';
import { addLayer, band, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

const FRONTS: readonly Rgb[] = [
  [196, 150, 120],
  [170, 178, 190],
  [120, 150, 175],
  [214, 196, 168],
  [140, 110, 104],
];

/** A skyline behind a river that mirrors it; its windows are lit as the day ends. */
export const city: Subject = {
  name: 'city',
  words: {
    en: 'city cityscape skyline skyscraper skyscrapers downtown metropolis urban town buildings building bridge',
    pl: 'miasto miasta miescie miastem miejsk* wiezowiec wiezowc* budynk* most',
    nl: 'stad steden stads* skyline wolkenkrabber* gebouw* brug',
  },
  role: 'place',
  weight: 2,
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const shore = h * 0.7;
    addSky(stage, shore);
    if (stage.backdrop?.far) stage.backdrop.far(stage, shore - h * 0.02);
    skyline(stage, shore, 1);
    addMist(stage, shore - h * 0.1, shore + h * 0.03, 0.3, 0.35);
    addWater(stage, {
      top: shore,
      depth: 0.32,
      near: mix(p.water, p.ink, 0.45),
      chop: 0.3,
      mirror: 0.85,
      glitter: 0.35,
    });
    stage.perch = { x: w * 0.5, y: h * 0.9, size: h * 0.12, depth: 0.7 };
    sound(stage, 'city', 0.8);
    sound(stage, 'water', 0.12);
  },
  far(stage, horizon) {
    skyline(stage, horizon + stage.height * 0.01, 0.5);
  },
};

/** Four rows of houses, the far ones pale and tall, the near ones dark and lower. */
export function skyline(stage: Stage, foot: number, size: number): void {
  const { width: w, height: h, palette: p } = stage;
  const lit = Math.max(0, 1 - p.light * 1.25);
  if (lit > 0.3 && size === 1) townGlow(stage, foot);
  for (let row = 0; row < 4; row++) {
    const t = row / 3;
    const depth = 0.08 + 0.2 * t;
    const rng = stage.rng.fork(`row${row}`);
    const front = throughAir(
      stage,
      mix(mix(p.rock, p.skyMid, 0.25), p.ink, 0.25 + 0.4 * t),
      depth + 0.12 + 0.3 * t,
    );
    const tall = Math.min(h * 0.5, w * 0.42) * size * (1 - 0.55 * t);
    addLayer(stage, band(stage, foot - tall * 1.4, foot + 2), depth, (ctx) => {
      for (let x = -stage.margin - 20; x < w + stage.margin; ) {
        const width = Math.min(w, h * 1.3) * rng.between(0.025, 0.07) * (0.7 + 0.5 * size);
        const near = Math.exp(-(((x - w * 0.5) / (w * 0.33)) ** 2));
        const height = tall * (0.22 + 0.78 * rng.next() ** 1.7 * (0.35 + 0.65 * near) + 0.12 * near);
        house(
          ctx,
          stage,
          { x, foot, width, height },
          tone(mix(front, pick(rng, FRONTS), 0.3 * p.light * (0.3 + 0.7 * t)), rng.between(-0.03, 0.03)),
          lit,
          rng,
          t,
        );
        x += width * rng.between(0.85, 1.25);
      }
    });
  }
  if (lit > 0.3) beacons(stage, foot, Math.min(h * 0.5, w * 0.42) * size);
}

/** The light that a town throws into its own haze at night. */
function townGlow(stage: Stage, foot: number): void {
  const wide = Math.ceil(stage.width / 6);
  const tall = Math.ceil(stage.height / 12);
  const glow = paintLight(wide, tall * 2, (ctx) => {
    ctx.scale(1, (tall * 2) / wide);
    const g = ctx.createRadialGradient(wide / 2, wide / 2, 0, wide / 2, wide / 2, wide / 2);
    g.addColorStop(0, 'rgba(255,170,110,0.5)');
    g.addColorStop(0.5, 'rgba(225,110,120,0.2)');
    g.addColorStop(1, 'rgba(160,80,140,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, wide, wide);
  });
  stage.elements.push((frame, now) => {
    const at = now.project(0, foot - tall * 6, 0.05);
    drawLight(frame, glow, at.x, at.y, 6 * at.scale, 1 - stage.palette.light);
  });
}

function house(
  ctx: Parameters<Parameters<typeof addLayer>[3]>[0],
  stage: Stage,
  at: { x: number; foot: number; width: number; height: number },
  front: Rgb,
  lit: number,
  rng: Stage['rng'],
  t: number,
): void {
  const { palette: p } = stage;
  const top = at.foot - at.height;
  const side = stage.sun.x > at.x ? 1 : 0;
  const g = ctx.createLinearGradient(at.x, 0, at.x + at.width, 0);
  g.addColorStop(side, css(mix(front, p.sun, 0.12 + 0.2 * p.light)));
  g.addColorStop(1 - side, css(tone(front, -0.03)));
  ctx.fillStyle = g;
  ctx.fillRect(at.x, top, at.width, at.height + 2);
  const style = rng.next();
  if (style < 0.25)
    ctx.fillRect(at.x + at.width * 0.2, top - at.width * 0.35, at.width * 0.6, at.width * 0.4);
  else if (style < 0.4) ctx.fillRect(at.x + at.width * 0.47, top - at.width * 0.9, at.width * 0.05, at.width);
  else if (style < 0.5) {
    ctx.beginPath();
    ctx.moveTo(at.x, top + 1);
    ctx.lineTo(at.x + at.width / 2, top - at.width * 0.6);
    ctx.lineTo(at.x + at.width, top + 1);
    ctx.fill();
  }
  const haze = ctx.createLinearGradient(0, at.foot - at.height * 0.5, 0, at.foot);
  haze.addColorStop(0, css(p.haze, 0));
  haze.addColorStop(1, css(p.haze, 0.4 * (1 - t)));
  windows(ctx, stage, at, top, lit, rng, t);
  ctx.fillStyle = haze;
  ctx.fillRect(at.x, at.foot - at.height * 0.5, at.width, at.height * 0.5 + 2);
}

function windows(
  ctx: Parameters<Parameters<typeof addLayer>[3]>[0],
  stage: Stage,
  at: { x: number; foot: number; width: number; height: number },
  top: number,
  lit: number,
  rng: Stage['rng'],
  t: number,
): void {
  const cell = stage.unit * (6.5 + 2.5 * t);
  const columns = Math.floor((at.width * 0.86) / cell);
  const pane: Rgb = mix(stage.palette.skyLow, stage.palette.haze, 0.5);
  const share = rng.between(0.12, 0.55);
  for (let y = top + cell; y < at.foot - cell; y += cell * 1.25) {
    for (let c = 0; c < columns; c++) {
      const on = rng.next() < share;
      const warm: Rgb = rng.next() < 0.75 ? [255, 206, 128] : [205, 226, 255];
      const alpha =
        lit > 0.15 && on ? (0.35 + 0.55 * rng.next()) * Math.min(1, lit * 1.4) : 0.1 * stage.palette.light;
      ctx.fillStyle = css(lit > 0.15 && on ? warm : pane, alpha);
      ctx.fillRect(at.x + at.width * 0.07 + c * cell, y, cell * 0.56, cell * 0.7);
    }
  }
}

/** Red lights on the highest roofs that come and go. */
function beacons(stage: Stage, foot: number, tall: number): void {
  const rng = stage.rng.fork('beacons');
  const size = Math.ceil(stage.unit * 26);
  const glow = paintLight(size, size, (ctx) => {
    const g = ctx.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, size / 2);
    g.addColorStop(0, 'rgba(255,120,100,0.9)');
    g.addColorStop(0.25, 'rgba(255,60,50,0.4)');
    g.addColorStop(1, 'rgba(255,40,40,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, size, size);
  });
  const lights = Array.from({ length: 5 }, () => ({
    x: stage.width * rng.between(0.28, 0.72),
    y: foot - tall * rng.between(0.65, 0.95),
    phase: rng.next() * 6,
  }));
  stage.elements.push((frame, now) => {
    for (const one of lights) {
      const at = now.project(one.x, one.y, 0.12);
      drawLight(
        frame,
        glow,
        at.x - size / 2,
        at.y - size / 2,
        1,
        Math.max(0, Math.sin(now.seconds * 2 + one.phase)) ** 2,
      );
    }
  });
}
