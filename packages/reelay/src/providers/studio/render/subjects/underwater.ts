import { drawLight } from '../blend.ts';
import { css, mix, type Rgb, tone, toYuv } from '../colour.ts';
import { fractalTile } from '../noise.ts';
import { addMotes, addRays } from '../parts/air.ts';
import { addMist, addSwaying, hills } from '../parts/land.ts';
import { addBoulders, addGround } from '../parts/rock.ts';
import { wrap } from '../parts/weather.ts';
import { paintLight, paintPixels } from '../planes.ts';
import { band, layer, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Below the surface: light from above, weed that sways, bubbles. */
export const underwater: Subject = {
  name: 'underwater',
  words: {
    en: 'underwater reef coral seabed aquarium submerged deep_sea diving',
    pl: 'podwodn* pod_woda rafa rafy koral* akwarium glebin*',
    nl: 'onderwater* onder_water koraal* rif aquarium zeebodem',
  },
  role: 'place',
  weight: 3,
  prefers: { time: 'day', weather: 'clear' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const top: Rgb = mix([86, 206, 222], p.skyMid, 0.15);
    const deep: Rgb = mix([6, 40, 78], p.ink, 0.25);
    // The air of this place is water: distance fades into it.
    Object.assign(stage.palette, { haze: mix(top, deep, 0.5), veil: 0.45, ink: tone(deep, -0.06) });
    const box = band(stage, -stage.margin, h + stage.margin);
    const bed = paintPixels(box, 0.25, (x, y, out) => {
      const t = Math.min(1, Math.max(0, y / h));
      const k = t ** 0.75;
      const light = Math.exp(-(((x - stage.sun.x) / (w * 0.5)) ** 2)) * (1 - t) * 0.5;
      for (let c = 0; c < 3; c++) {
        const base = (top[c] ?? 0) + ((deep[c] ?? 0) - (top[c] ?? 0)) * k;
        out[c] = base + (255 - base) * light * 0.6;
      }
      out[3] = 255;
    });
    stage.elements.push(layer(bed, 0, 4));
    surface(stage);
    addRays(stage, 1.1, 0.1);
    for (const [i, depth] of [0.2, 0.4, 0.68].entries()) {
      const base = h * (0.74 + 0.1 * i);
      const line = hills(stage, `bed${i}`, base, h * (0.12 + 0.03 * i), w * (0.25 + 0.1 * i), 0.5);
      addGround(stage, line, i === 2 ? h + stage.margin : base + h * 0.16, depth, {
        label: `bed${i}`,
        colour: mix(mix([196, 186, 140], deep, 0.35), p.haze, 0.25),
        patch: mix([70, 120, 110], deep, 0.3),
        patches: -0.1,
        grain: h * 0.03,
        relief: 0.7,
        strata: 2.2,
        rim: 0.4,
        foot: 0.3,
      });
      weeds(stage, line, depth, h * (0.1 + 0.1 * i), i);
      if (i < 2) addMist(stage, base - h * 0.16, base + h * 0.12, depth + 0.05, 0.4);
    }
    caustics(stage, h * 0.7);
    corals(stage);
    bubbles(stage);
    addMotes(stage, {
      count: 40,
      top: 0,
      bottom: h,
      colour: [190, 240, 240],
      size: 1.8,
      rise: 5,
      depth: 0.6,
    });
    stage.perch = { x: w * 0.5, y: h * 0.5, size: h * 0.15, depth: 0.5 };
    stage.skyline = h * 0.45;
    sound(stage, 'bubbles', 0.9);
  },
};

/** The glitter of the surface seen from below, at the upper edge. */
function surface(stage: Stage): void {
  const tile = fractalTile(stage.rng.fork('surface'), 256, 5, 4, 3);
  const reach = stage.height * 0.16;
  stage.elements.push((frame, now) => {
    const edge = now.project(0, 0, 0.1).y;
    const end = Math.min(frame.height, Math.floor(edge + reach));
    for (let y = Math.max(0, Math.floor(edge)); y < end; y++) {
      const t = (y - edge) / reach;
      const row = (Math.floor(18 / (1.05 - t * 0.8) + now.seconds * 16) & 255) * 256;
      const step = 0.2 + 0.25 * (1 - t);
      for (let x = 0; x < frame.width; x++) {
        const n = tile.data[row + (((x - 640) * step + now.seconds * 9 + 8192) & 255)] as number;
        if (n > 0)
          frame.y[y * frame.width + x] = (frame.y[y * frame.width + x] as number) + n * 120 * (1 - t) ** 2;
      }
    }
  });
}

/** The net of light that the waves cast on the ground. */
function caustics(stage: Stage, top: number): void {
  const rng = stage.rng.fork('caustics');
  const a = fractalTile(rng, 256, 6, 3, 1.6);
  const b = fractalTile(rng, 256, 7, 3, 1.6);
  stage.elements.push((frame, now) => {
    const edge = Math.max(0, Math.floor(now.project(0, top, 0.6).y));
    for (let y = edge; y < frame.height; y++) {
      const t = (y - edge) / (frame.height - edge);
      const row = Math.floor(40 / (0.35 + t) + 300);
      const ra = ((row + Math.floor(now.seconds * 14)) & 255) * 256;
      const rb = ((row * 2 - Math.floor(now.seconds * 17)) & 255) * 256;
      const step = 0.75 / (0.5 + t);
      for (let x = 0; x < frame.width; x++) {
        const u = (x - 640) * step * 0.5 + 8192;
        const n =
          (a.data[ra + ((u + now.seconds * 10) & 255)] as number) -
          (b.data[rb + ((u - now.seconds * 8) & 255)] as number);
        const line = 1 - Math.abs(n) * 5;
        if (line > 0)
          frame.y[y * frame.width + x] =
            (frame.y[y * frame.width + x] as number) + line * line * 34 * Math.min(1, t * 4);
      }
    }
  });
}

/** Ribbons of weed in a few tufts, each swaying for itself. */
function weeds(stage: Stage, line: (x: number) => number, depth: number, tall: number, row: number): void {
  const rng = stage.rng.fork(`weeds${row}`);
  const dark = mix([24, 92, 74], stage.palette.haze, 0.55 * (1 - depth));
  for (let i = 0; i < 7; i++) {
    const x = rng.between(-0.05, 1.05) * stage.width;
    const size = tall * rng.between(0.6, 1.5);
    const wide = size * 0.7;
    const y = line(x) + tall * 0.1;
    addSwaying(
      stage,
      { x: x - wide, y: y - size, width: wide * 2, height: size },
      depth,
      { amount: size * 0.16, rate: 0.9, phase: rng.next() * 6 },
      (ctx) => {
        for (let k = 0; k < 9; k++) {
          const foot = x + rng.between(-0.25, 0.25) * wide;
          const long = size * rng.between(0.5, 0.98);
          const bend = rng.between(-0.5, 0.5) * wide;
          const thick = size * rng.between(0.012, 0.03);
          ctx.strokeStyle = css(mix(dark, [120, 190, 90], rng.next() * 0.4));
          ctx.lineWidth = thick;
          ctx.lineCap = 'round';
          ctx.beginPath();
          ctx.moveTo(foot, y);
          ctx.bezierCurveTo(
            foot + bend,
            y - long * 0.35,
            foot - bend,
            y - long * 0.7,
            foot + bend * 0.5,
            y - long,
          );
          ctx.stroke();
        }
      },
    );
  }
}

function corals(stage: Stage): void {
  const { width: w, height: h } = stage;
  const rng = stage.rng.fork('corals');
  const stones = Array.from({ length: 7 }, () => {
    const s = h * rng.between(0.04, 0.12);
    const side = rng.next() < 0.5 ? rng.between(0, 0.32) : rng.between(0.68, 1);
    return { x: w * side, y: h * rng.between(0.9, 1.0), width: s * 1.8, height: s };
  }).sort((a, b) => a.y - b.y);
  addBoulders(stage, 'coral', 0.72, stones);
  const colours: readonly Rgb[] = [
    [240, 110, 120],
    [250, 170, 90],
    [190, 120, 220],
    [250, 210, 120],
  ];
  for (const stone of stones) {
    const c = mix(
      colours[Math.floor(rng.next() * colours.length)] ?? [240, 120, 120],
      stage.palette.haze,
      0.35,
    );
    const box = {
      x: stone.x - stone.width,
      y: stone.y - stone.height * 2.1,
      width: stone.width * 2,
      height: stone.height * 1.5,
    };
    addSwaying(stage, box, 0.72, { amount: stone.height * 0.03, rate: 0.8, phase: rng.next() * 6 }, (ctx) => {
      ctx.strokeStyle = css(c);
      ctx.lineCap = 'round';
      const grow = (x: number, y: number, a: number, l: number, d: number): void => {
        ctx.lineWidth = Math.max(1, l * 0.3);
        const ex = x + Math.cos(a) * l;
        const ey = y + Math.sin(a) * l;
        ctx.beginPath();
        ctx.moveTo(x, y);
        ctx.lineTo(ex, ey);
        ctx.stroke();
        if (d > 0)
          for (const turn of [-0.5, 0.05, 0.55])
            grow(ex, ey, a + turn * rng.between(0.7, 1.2), l * 0.72, d - 1);
      };
      grow(stone.x, stone.y - stone.height * 0.75, -Math.PI / 2, stone.height * 0.34, 4);
    });
  }
}

function bubbles(stage: Stage): void {
  const { unit, width, height } = stage;
  const rng = stage.rng.fork('bubbles');
  const size = Math.ceil(unit * 26);
  const [, u, v] = toYuv([200, 245, 255]);
  const ball = paintLight(size, size, (ctx) => {
    const c = size / 2;
    const rim = ctx.createRadialGradient(c, c, c * 0.5, c, c, c * 0.92);
    rim.addColorStop(0, 'rgba(200,245,255,0.03)');
    rim.addColorStop(0.8, 'rgba(200,245,255,0.3)');
    rim.addColorStop(1, 'rgba(200,245,255,0)');
    ctx.fillStyle = rim;
    ctx.fillRect(0, 0, size, size);
    const shine = ctx.createRadialGradient(c * 0.66, c * 0.62, 0, c * 0.66, c * 0.62, c * 0.3);
    shine.addColorStop(0, 'rgba(255,255,255,0.9)');
    shine.addColorStop(1, 'rgba(255,255,255,0)');
    ctx.fillStyle = shine;
    ctx.fillRect(0, 0, size, size);
  });
  ball.u.fill(Math.round(128 + (u - 128) * 0.1));
  ball.v.fill(Math.round(128 + (v - 128) * 0.1));
  const columns = Array.from({ length: 5 }, () => rng.next());
  const all = Array.from({ length: 44 }, (_, i) => ({
    column: columns[i % 5] ?? 0.5,
    off: rng.between(-0.02, 0.02),
    phase: rng.next(),
    scale: rng.between(0.2, 0.9),
    sway: rng.next() * 6,
  }));
  stage.elements.push((frame, now) => {
    for (const b of all) {
      const up = wrap(b.phase * height * 1.2 + now.seconds * unit * (60 + 70 * b.scale), height * 1.2);
      const x = (b.column + b.off) * width + Math.sin(now.seconds * 2.2 + b.sway) * unit * 9;
      const at = now.project(x, height * 1.08 - up, 0.65);
      drawLight(frame, ball, at.x, at.y, b.scale * at.scale, 0.9);
    }
  });
}
