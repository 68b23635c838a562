import { drawSprite } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { paint } from '../planes.ts';
import type { Stage } from '../stage.ts';
import { addMist } from './land.ts';
import { addLightning } from './storm.ts';

/** The value brought into 0..size, over and over. */
export const wrap = (v: number, size: number): number => ((v % size) + size) % size;

/** What falls or drifts in front of everything, as the weather and season have it. */
export function addWeather(stage: Stage): void {
  const { weather, height } = stage;
  if (weather === 'rain' || weather === 'storm') addRain(stage, weather === 'storm' ? 1.3 : 1);
  if (weather === 'snow') addSnow(stage, 1);
  if (weather === 'fog') {
    addMist(stage, height * 0.25, height * 0.8, 0.35, 0.5);
    addMist(stage, height * 0.5, height * 1.1, 0.8, 0.5);
  }
  if (weather === 'storm') addLightning(stage);
  if (stage.season === 'autumn' && weather !== 'rain' && weather !== 'storm') addLeaves(stage);
}

/** Rain in three depths: the near drops long, fast and few. */
export function addRain(stage: Stage, strength: number): void {
  const { unit, width, height } = stage;
  const slant = stage.weather === 'storm' ? 0.24 : 0.09;
  for (let deck = 0; deck < 3; deck++) {
    const rng = stage.rng.fork(`rain${deck}`);
    const long = unit * (16 + deck * 20);
    const thick = unit * (0.8 + deck * 0.45);
    const wide = long * slant + thick * 4;
    const streak = paint({ x: 0, y: 0, width: wide, height: long }, (ctx) => {
      const g = ctx.createLinearGradient(0, 0, 0, long);
      const c = mix(stage.palette.skyLow, [255, 255, 255], 0.45);
      g.addColorStop(0, css(c, 0));
      g.addColorStop(0.7, css(c, 0.28 + 0.07 * deck));
      g.addColorStop(1, css(c, 0.05));
      ctx.strokeStyle = g;
      ctx.lineWidth = thick;
      ctx.lineCap = 'round';
      ctx.beginPath();
      ctx.moveTo(wide - thick * 2, thick);
      ctx.lineTo(thick * 2, long - thick);
      ctx.stroke();
    });
    const speed = unit * (620 + deck * 420);
    const count = Math.round(((170 - deck * 48) * strength * (width * height)) / 921600);
    const drops = Array.from({ length: count }, () => ({
      x: rng.next(),
      y: rng.next(),
      v: rng.between(0.9, 1.12),
    }));
    stage.elements.push((frame, now) => {
      const h = height + long * 2;
      for (const d of drops) {
        const fall = d.y * h + now.seconds * speed * d.v;
        const y = wrap(fall, h) - long;
        const x = wrap(d.x * width - wrap(fall, h) * slant + Math.floor(fall / h) * 331, width + wide) - wide;
        drawSprite(frame, streak, x, y);
      }
    });
  }
}

/** Snow: soft flakes at four depths, each on its own wandering way. */
export function addSnow(stage: Stage, strength: number): void {
  const { unit, width, height } = stage;
  for (let deck = 0; deck < 4; deck++) {
    const rng = stage.rng.fork(`snow${deck}`);
    const r = unit * (1.5 + deck * 1.5);
    const size = Math.ceil(r * 2 + 4);
    const c = mix(stage.palette.snow, [255, 255, 255], 0.55);
    const flake = paint({ x: 0, y: 0, width: size, height: size }, (ctx) => {
      const g = ctx.createRadialGradient(size / 2, size / 2, 0, size / 2, size / 2, r);
      g.addColorStop(0, css(c, deck === 3 ? 0.5 : 0.9));
      g.addColorStop(0.5, css(c, deck === 3 ? 0.35 : 0.7));
      g.addColorStop(1, css(c, 0));
      ctx.fillStyle = g;
      ctx.fillRect(0, 0, size, size);
    });
    const count = Math.round(((130 - deck * 32) * strength * (width * height)) / 921600);
    const flakes = Array.from({ length: count }, () => ({
      x: rng.next(),
      y: rng.next(),
      v: rng.between(0.75, 1.3),
      way: curve(rng, 2),
    }));
    const speed = unit * (34 + deck * 30);
    const wind = unit * (stage.weather === 'wind' || stage.weather === 'storm' ? 120 : 16);
    stage.elements.push((frame, now) => {
      const near = now.project(0, 0, 0.5 + deck * 0.15).x;
      for (const f of flakes) {
        const y = wrap(f.y * (height + size) + now.seconds * speed * f.v, height + size) - size;
        const sway = f.way(now.seconds * 0.5) * unit * (14 + deck * 7);
        const x = wrap(f.x * (width + size) + near + sway + now.seconds * wind, width + size) - size;
        drawSprite(frame, flake, x, y);
      }
    });
  }
}

/** Leaves that tumble down on the wind. */
function addLeaves(stage: Stage): void {
  const { unit, width, height, palette: p } = stage;
  const rng = stage.rng.fork('leaves');
  const turns = 10;
  const kinds = [p.accent, p.leaf, p.leafLit].map((c) =>
    Array.from({ length: turns }, (_, i) => {
      const size = Math.ceil(unit * 26);
      return paint({ x: 0, y: 0, width: size, height: size }, (ctx) => {
        ctx.translate(size / 2, size / 2);
        ctx.rotate((i / turns) * Math.PI * 2);
        ctx.scale(1, 0.3 + 0.7 * Math.abs(Math.cos((i / turns) * Math.PI * 2)));
        ctx.fillStyle = css(c, 0.95);
        ctx.beginPath();
        ctx.moveTo(-size * 0.4, 0);
        ctx.quadraticCurveTo(0, -size * 0.34, size * 0.4, 0);
        ctx.quadraticCurveTo(0, size * 0.34, -size * 0.4, 0);
        ctx.fill();
      });
    }),
  );
  const leaves = Array.from({ length: 34 }, () => ({
    x: rng.next(),
    y: rng.next(),
    scale: rng.between(0.35, 1),
    way: curve(rng, 2),
    spin: rng.between(0.5, 1.4),
    kind: kinds[Math.floor(rng.next() * kinds.length)] ?? [],
  }));
  stage.elements.push((frame, now) => {
    for (const l of leaves) {
      const t = now.seconds;
      const y = wrap(l.y * height * 1.2 + t * unit * 62 * (0.5 + l.scale), height * 1.2) - height * 0.1;
      const x =
        wrap(l.x * width * 1.2 + t * unit * 40 + l.way(t * 0.6) * unit * 70, width * 1.2) - width * 0.1;
      const turn = l.kind[Math.floor(wrap(t * l.spin + l.x, 1) * turns)];
      if (turn) drawSprite(frame, turn, x, y, l.scale);
    }
  });
}
