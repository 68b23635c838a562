import { drawSprite } from '../blend.ts';
import { css, mix, type Rgb, toYuv } from '../colour.ts';
import { curve, fractalTile, sample, type Tile } from '../noise.ts';
import { addStars } from '../parts/sky.ts';
import { type Frame, paint, paintPixels } from '../planes.ts';
import { pick } from '../random.ts';
import { band, layer, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

const WORLDS: readonly (readonly [deep: Rgb, land: Rgb, high: Rgb, air: Rgb])[] = [
  [
    [18, 58, 120],
    [64, 128, 86],
    [222, 226, 220],
    [120, 190, 255],
  ],
  [
    [116, 52, 34],
    [190, 104, 62],
    [236, 186, 140],
    [255, 170, 120],
  ],
  [
    [60, 44, 104],
    [134, 96, 170],
    [226, 196, 232],
    [200, 160, 255],
  ],
  [
    [148, 112, 74],
    [206, 172, 126],
    [244, 226, 194],
    [255, 224, 170],
  ],
];

/** A planet turning before a nebula and its stars. */
export const space: Subject = {
  name: 'space',
  words: {
    en: 'space planet planets galaxy galaxies nebula cosmos universe spaceship astronaut orbiting outer_space earth mars saturn',
    pl: 'kosmos* planet* galaktyk* mglawic* wszechswiat* statek_kosmiczny astronaut* ziemia',
    nl: 'ruimte heelal planeet planeten sterrenstelsel* nevel kosmos ruimteschip astronaut*',
  },
  role: 'place',
  weight: 3,
  prefers: { time: 'night', weather: 'clear' },
  build(stage) {
    const { width: w, height: h } = stage;
    const rng = stage.rng.fork('space');
    Object.assign(stage.palette, { stars: 1, haze: [8, 8, 22] });
    nebula(stage, rng);
    addStars(stage, h * 3);
    const size = Math.min(w, h) * rng.between(0.27, 0.34);
    planet(stage, { x: w * rng.between(0.34, 0.66), y: h * rng.between(0.5, 0.62), r: size, depth: 0.3 }, 0);
    planet(
      stage,
      { x: w * rng.between(0.14, 0.24), y: h * rng.between(0.2, 0.3), r: size * 0.16, depth: 0.14 },
      1,
    );
    stage.skyline = h * 0.3;
    stage.perch = { x: w * 0.5, y: h * 0.5, size: h * 0.1, depth: 0.7 };
    sound(stage, 'space', 0.9);
  },
};

function nebula(stage: Stage, rng: Stage['rng']): void {
  const { width: w, height: h } = stage;
  const box = band(stage, -stage.margin, h + stage.margin);
  const clouds = fractalTile(rng, 512, 3, 6);
  const dust = fractalTile(rng, 512, 4, 6);
  const hues: readonly Rgb[] = [
    [120, 60, 170],
    [40, 90, 190],
    [190, 60, 110],
    [30, 130, 150],
  ];
  const a = pick(rng, hues);
  const b = pick(rng, hues);
  const lean = rng.between(-0.6, 0.6);
  const sky = paintPixels(box, 0.25, (x, y, out) => {
    const across = ((y - h * 0.45) / h - ((x - w / 2) / w) * lean) * 1.7;
    const warp = sample(dust, x * 0.13, y * 0.13) * 60;
    const n = 0.5 + 0.5 * sample(clouds, x * 0.2 + warp, y * 0.2 - warp);
    const m = 0.5 + 0.5 * sample(dust, x * 0.22 + 90, y * 0.22);
    const glow = Math.exp(-across * across * 2.6) * n * n * 1.25;
    const lane = 1 - 0.75 * Math.max(0, m - 0.45) * 2 * Math.exp(-across * across * 5);
    for (let c = 0; c < 3; c++) {
      const hue = (a[c] ?? 0) + ((b[c] ?? 0) - (a[c] ?? 0)) * m;
      out[c] = [4, 5, 14][c] as number;
      out[c] = (out[c] ?? 0) + hue * glow * lane + 150 * Math.max(0, glow - 0.75) * lane;
    }
    out[3] = 255;
  });
  stage.elements.push(layer(sky, 0, 4));
}

interface Globe {
  readonly x: number;
  readonly y: number;
  readonly r: number;
  readonly depth: number;
}

/** A globe whose surface turns under its light, with a rim of air. */
function planet(stage: Stage, globe: Globe, kind: number): void {
  const rng = stage.rng.fork(`planet${kind}`);
  const world = pick(rng, WORLDS);
  const ground = fractalTile(rng, 512, 4, 7, kind === 0 && rng.next() < 0.35 ? 4 : 1.3);
  const clouds = fractalTile(rng, 512, 5, 6, 2);
  const tilt = rng.between(-0.4, 0.4);
  const sun = { x: stage.sun.x < stage.width / 2 ? -0.72 : 0.72, y: -0.42, z: 0.55 };
  const air = globe.r * 1.22;
  const halo = paint({ x: 0, y: 0, width: air * 2, height: air * 2 }, (ctx) => {
    const g = ctx.createRadialGradient(
      air + sun.x * globe.r * 0.12,
      air + sun.y * globe.r * 0.12,
      globe.r * 0.9,
      air,
      air,
      air,
    );
    g.addColorStop(0, css(world[3], 0.55));
    g.addColorStop(0.35, css(world[3], 0.16));
    g.addColorStop(1, css(world[3], 0));
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, air * 2, air * 2);
  });
  const colours = surfaceRamp(world);
  const breath = curve(rng, 1);
  stage.elements.push((frame, now) => {
    const at = now.project(globe.x, globe.y, globe.depth);
    const r = globe.r * at.scale;
    drawSprite(
      frame,
      halo,
      at.x - air * at.scale,
      at.y - air * at.scale,
      at.scale,
      0.85 + 0.1 * breath(now.seconds),
    );
    shadeGlobe(frame, at.x, at.y, r, { tilt, sun, turn: now.seconds * 5.5 }, [ground, clouds], colours);
  });
}

type Ramp = readonly [Float32Array, Float32Array, Float32Array];

function surfaceRamp(world: (typeof WORLDS)[number]): Ramp {
  const out: Ramp = [new Float32Array(256), new Float32Array(256), new Float32Array(256)];
  for (let i = 0; i < 256; i++) {
    const t = i / 255;
    const c =
      t < 0.5
        ? mix(world[0], world[1], Math.max(0, (t - 0.42) / 0.08))
        : mix(world[1], world[2], (t - 0.5) / 0.5);
    const yuv = toYuv(c);
    for (let k = 0; k < 3; k++) (out[k] as Float32Array)[i] = yuv[k] as number;
  }
  return out;
}

function shadeGlobe(
  frame: Frame,
  cx: number,
  cy: number,
  r: number,
  pose: {
    readonly tilt: number;
    readonly sun: { readonly x: number; readonly y: number; readonly z: number };
    readonly turn: number;
  },
  tiles: readonly [Tile, Tile],
  ramp: Ramp,
): void {
  const { width, height } = frame;
  const [ground, clouds] = tiles;
  const ct = Math.cos(pose.tilt);
  const st = Math.sin(pose.tilt);
  const from = Math.max(0, Math.floor(cx - r));
  const to = Math.min(width, Math.ceil(cx + r) + 1);
  for (let y = Math.max(0, Math.floor(cy - r)); y < Math.min(height, cy + r + 1); y++) {
    for (let x = from; x < to; x++) {
      const dx = (x - cx) / r;
      const dy = (y - cy) / r;
      const d = dx * dx + dy * dy;
      if (d >= 1) continue;
      const dz = Math.sqrt(1 - d);
      const px = dx * ct + dy * st;
      const py = dy * ct - dx * st;
      const u = Math.atan2(px, dz) * 82 + pose.turn;
      const v = Math.asin(py) * 82 + 256;
      const n = sample(ground, u, v);
      const cloud = Math.max(0, sample(clouds, u * 1.1 + pose.turn * 0.4, v * 1.2) - 0.08) * 1.9;
      const day = dx * pose.sun.x + dy * pose.sun.y + dz * pose.sun.z;
      const lit = Math.min(1, Math.max(0, day * 1.35 + 0.12 + n * 0.06));
      const light = 0.03 + 0.97 * lit * lit * (3 - 2 * lit);
      const rim = (1 - dz) ** 3 * 0.55 * lit;
      const i = Math.min(255, Math.max(0, Math.floor((n * 0.62 + 0.5) * 255)));
      const soft = Math.min(1, (1 - d) * r * 0.4);
      const white = Math.min(0.9, cloud + rim);
      const luma = 16 + (((ramp[0][i] as number) - 16) * (1 - white) + 215 * white) * light;
      const p = y * width + x;
      frame.y[p] = (frame.y[p] as number) * (1 - soft) + luma * soft;
      if ((x & 1) === 0 && (y & 1) === 0) {
        const c = (y >> 1) * (width >> 1) + (x >> 1);
        const k = light * (1 - white);
        frame.u[c] =
          (frame.u[c] as number) * (1 - soft) + (128 + ((ramp[1][i] as number) - 128) * k + rim * 16) * soft;
        frame.v[c] =
          (frame.v[c] as number) * (1 - soft) + (128 + ((ramp[2][i] as number) - 128) * k - rim * 8) * soft;
      }
    }
  }
}
