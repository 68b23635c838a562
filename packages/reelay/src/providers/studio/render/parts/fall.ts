import { drawSprite } from '../blend.ts';
import { css, mix, type Rgb, toYuv } from '../colour.ts';
import { fractalTile, type Tile } from '../noise.ts';
import { type Frame, paint } from '../planes.ts';
import type { Stage } from '../stage.ts';

/** A sheet of falling water, in world pixels. */
export interface Fall {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
  readonly topWidth: number;
  readonly bottomWidth: number;
  readonly depth: number;
}

/** Falling water: streaks that speed up as they fall, ragged and soft at the sides. */
export function addFall(stage: Stage, fall: Fall): void {
  const rng = stage.rng.fork(`fall${fall.x}`);
  const streaks = fractalTile(rng, 512, 24, 4, 0.16);
  const strands = fractalTile(rng, 512, 10, 5, 0.2);
  const { palette: p } = stage;
  const white = toYuv(mix(mix(p.cloudLit, [255, 255, 255], 0.35 + 0.45 * p.light), p.skyLow, 0.12));
  const dark = toYuv(mix(mix(p.water, p.skyMid, 0.4), p.ink, 0.1));
  stage.elements.push((frame, now) => {
    const a = now.project(fall.x, fall.top, fall.depth);
    const b = now.project(fall.x, fall.bottom, fall.depth);
    const area = {
      ...fall,
      x: a.x,
      top: a.y,
      bottom: b.y,
      topWidth: fall.topWidth * a.scale,
      bottomWidth: fall.bottomWidth * a.scale,
    };
    pour(frame, area, [streaks, strands], now.seconds, white, dark, stage.unit * a.scale);
  });
}

function pour(
  frame: Frame,
  fall: Fall,
  tiles: readonly [Tile, Tile],
  seconds: number,
  white: Rgb,
  dark: Rgb,
  unit: number,
): void {
  const from = Math.max(0, Math.ceil(fall.top));
  const to = Math.min(frame.height, Math.floor(fall.bottom));
  const [streaks, strands] = tiles;
  const half = frame.width >> 1;
  for (let y = from; y < to; y++) {
    const t = (y - fall.top) / (fall.bottom - fall.top);
    const wide = (fall.topWidth + (fall.bottomWidth - fall.topWidth) * t ** 1.4) / 2;
    const run = Math.sqrt(t + 0.03) * ((fall.bottom - fall.top) / unit) * 0.62;
    const v1 = (Math.floor(run - seconds * 205) & 511) * 512;
    const v2 = (Math.floor(run * 0.8 - seconds * 150) & 511) * 512;
    const start = Math.max(0, Math.ceil(fall.x - wide * 1.15));
    const end = Math.min(frame.width, Math.floor(fall.x + wide * 1.15));
    const lip = Math.min(1, (y - fall.top) / (26 * unit));
    const foot = 1 - Math.max(0, t - 0.86) * 2.6;
    for (let x = start; x < end; x++) {
      const u = (x - fall.x) / wide;
      const k = ((x - fall.x) / unit + 4096) * 1.1;
      const a = streaks.data[v1 + (k & 511)] as number;
      const b = strands.data[v2 + ((k * 0.8) & 511)] as number;
      const edge = 1.02 - Math.abs(u) + 0.22 * b;
      if (edge <= 0) continue;
      const alpha = Math.min(1, edge * 3.2) * (0.8 + 0.2 * a) * lip * foot;
      const bright = Math.min(1, Math.max(0, 0.62 + 0.5 * a + 0.42 * b - 0.12 * (1 - t)));
      const i = y * frame.width + x;
      const luma = (dark[0] as number) + ((white[0] as number) - (dark[0] as number)) * bright;
      frame.y[i] = (frame.y[i] as number) * (1 - alpha) + luma * alpha;
      if ((x & 1) === 0 && (y & 1) === 0) {
        const c = (y >> 1) * half + (x >> 1);
        const cu = (dark[1] as number) + ((white[1] as number) - (dark[1] as number)) * bright;
        const cv = (dark[2] as number) + ((white[2] as number) - (dark[2] as number)) * bright;
        frame.u[c] = (frame.u[c] as number) * (1 - alpha) + cu * alpha;
        frame.v[c] = (frame.v[c] as number) * (1 - alpha) + cv * alpha;
      }
    }
  }
}

/** Soft clouds of spray, smoke or steam that rise from a line, grow and dissolve. */
export function addPuffs(
  stage: Stage,
  puffs: {
    readonly label: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly rise: number;
    readonly size: number;
    readonly count: number;
    readonly colour: Rgb;
    readonly strength: number;
    readonly rate: number;
    readonly depth: number;
    readonly lean?: number;
  },
): void {
  const rng = stage.rng.fork(puffs.label);
  const radius = 32;
  const shapes = Array.from({ length: 3 }, () =>
    paint({ x: 0, y: 0, width: radius * 2, height: radius * 2 }, (ctx) => {
      for (let i = 0; i < 7; i++) {
        const x = radius + rng.between(-0.4, 0.4) * radius;
        const y = radius + rng.between(-0.4, 0.4) * radius;
        const r = radius * rng.between(0.3, 0.55);
        const g = ctx.createRadialGradient(x, y, 0, x, y, r);
        g.addColorStop(0, css(puffs.colour, 0.34));
        g.addColorStop(0.5, css(puffs.colour, 0.14));
        g.addColorStop(1, css(puffs.colour, 0));
        ctx.fillStyle = g;
        ctx.fillRect(x - r, y - r, r * 2, r * 2);
      }
    }),
  );
  const all = Array.from({ length: puffs.count }, (_, i) => ({
    x: rng.between(-0.5, 0.5),
    phase: rng.next(),
    rate: puffs.rate * rng.between(0.8, 1.25),
    drift: rng.between(-0.5, 0.5),
    size: rng.between(0.7, 1.3),
    shape: shapes[i % shapes.length],
  }));
  stage.elements.push((frame, now) => {
    for (const puff of all) {
      const life = (now.seconds * puff.rate + puff.phase) % 1;
      const x = puffs.x + puff.x * puffs.width + (puff.drift * 0.4 + (puffs.lean ?? 0)) * puffs.rise * life;
      const y = puffs.y - puffs.rise * life * (1.4 - 0.4 * life);
      const at = now.project(x, y, puffs.depth);
      const scale = ((puffs.size * puff.size * (0.5 + 1.1 * life)) / radius) * at.scale;
      const opacity = puffs.strength * Math.sin(Math.PI * life) ** 1.2;
      if (puff.shape)
        drawSprite(frame, puff.shape, at.x - radius * scale, at.y - radius * scale, scale, opacity);
    }
  });
}
