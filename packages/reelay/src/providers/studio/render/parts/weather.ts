import { drawLight, drawSprite } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { type Frame, paint, paintLight } from '../planes.ts';
import type { Stage } from '../stage.ts';
import { addMist } from './land.ts';

const wrap = (v: number, size: number): number => ((v % size) + size) % size;

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

/** Moments, in seconds of the film, when lightning strikes: sound and picture share them. */
export function strikes(stage: Pick<Stage, 'rng'>, seconds: number): number[] {
  const rng = stage.rng.fork('strikes');
  const times: number[] = [];
  for (let t = rng.between(0.7, 1.4); t < seconds - 0.8; t += rng.between(2.2, 3.6)) times.push(t);
  return times;
}

/** The light of the strikes at a moment: a sharp rise, a flicker, a slow fall; 0..1. */
export function flashAt(times: readonly number[], seconds: number): number {
  let light = 0;
  for (const t of times) {
    const since = seconds - t;
    if (since < 0 || since > 0.7) continue;
    light += Math.exp(-since * 9) + (since > 0.14 ? 0.6 * Math.exp(-(since - 0.14) * 8) : 0);
  }
  return Math.min(1, light);
}

function addLightning(stage: Stage): void {
  const { width, height, unit } = stage;
  const times = strikes(stage, 11);
  const bolts = times.map((at, i) => {
    const rng = stage.rng.fork(`bolt${i}`);
    const w = Math.ceil(unit * 420);
    const h = Math.ceil(height * 0.55);
    const light = paintLight(w, h, (ctx) => {
      for (const [thick, alpha] of [
        [16, 0.07],
        [6, 0.25],
        [2.2, 0.95],
      ] as const) {
        const own = rng.fork('path');
        const branch = (x: number, y: number, lean: number, end: number, size: number): void => {
          ctx.lineWidth = thick * unit * size;
          ctx.strokeStyle = `rgba(205,215,255,${alpha})`;
          ctx.lineCap = 'round';
          ctx.lineJoin = 'round';
          ctx.beginPath();
          ctx.moveTo(x, y);
          const forks: [number, number][] = [];
          while (y < end) {
            x += (own.between(-1, 1) + lean) * unit * 17;
            y += own.between(8, 26) * unit;
            ctx.lineTo(x, y);
            if (own.next() < 0.13 && size > 0.5) forks.push([x, y]);
          }
          ctx.stroke();
          for (const [fx, fy] of forks)
            branch(
              fx,
              fy,
              own.between(-1.3, 1.3),
              Math.min(end, fy + own.between(50, 150) * unit),
              size * 0.5,
            );
        };
        branch(w / 2, 0, own.between(-0.25, 0.25), h, 1);
      }
    });
    return { at, light, x: rng.between(0.12, 0.88) * width - w / 2 };
  });
  stage.elements.push((frame, now) => {
    for (const bolt of bolts) {
      const since = now.seconds - bolt.at;
      if (since >= 0 && since < 0.34)
        drawLight(frame, bolt.light, bolt.x, 0, 1, flashAt([bolt.at], now.seconds));
    }
    if (now.flash > 0.01) brighten(frame, now.flash);
  });
}

/** A flash lifts the whole picture, the dark parts less. */
function brighten(frame: Frame, flash: number): void {
  const gain = 1 + 0.32 * flash;
  const add = 8 * flash - 16 * (gain - 1);
  const { y } = frame;
  for (let i = 0; i < y.length; i++) y[i] = (y[i] as number) * gain + add;
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

/** Points of light that float and breathe: fireflies, dust in sunlight, embers. */
export function addMotes(
  stage: Stage,
  options: {
    readonly count: number;
    readonly top: number;
    readonly bottom: number;
    readonly colour: readonly [number, number, number];
    readonly size: number;
    readonly rise: number;
    readonly depth: number;
  },
): void {
  const { unit, width } = stage;
  const rng = stage.rng.fork(`motes${options.top}`);
  const size = Math.ceil(unit * options.size * 6);
  const mote = paintLight(size, size, (ctx) => {
    const c = size / 2;
    const g = ctx.createRadialGradient(c, c, 0, c, c, c);
    g.addColorStop(0, css(mix(options.colour, [255, 255, 255], 0.5), 0.9));
    g.addColorStop(0.2, css(options.colour, 0.45));
    g.addColorStop(1, css(options.colour, 0));
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, size, size);
  });
  const span = options.bottom - options.top;
  const motes = Array.from({ length: options.count }, () => ({
    x: rng.next(),
    y: rng.next(),
    scale: rng.between(0.35, 1),
    way: curve(rng, 2),
    breath: curve(rng, 1),
  }));
  stage.elements.push((frame, now) => {
    for (const m of motes) {
      const t = now.seconds;
      const up = wrap(m.y * span - t * options.rise * unit * (0.6 + m.scale), span);
      const wx = m.x * (width + 2 * stage.margin) - stage.margin + m.way(t * 0.35 + 3) * unit * 60;
      const at = now.project(wx, options.top + up, options.depth);
      const ends = Math.min(1, up / (span * 0.15), (span - up) / (span * 0.15));
      const gain = Math.max(0, 0.55 + 0.75 * m.breath(t * 1.1)) * ends;
      const half = (size / 2) * m.scale;
      drawLight(frame, mote, at.x - half, at.y - half, m.scale, gain);
    }
  });
}

/** Slanting beams from the sun's side, slowly breathing. */
export function addRays(stage: Stage, strength: number, depth = 0.3): void {
  const { width, height, sun, palette: p } = stage;
  const rng = stage.rng.fork('rays');
  const reach = Math.hypot(width, height);
  const beams = Array.from({ length: 2 }, () =>
    paintLight(width / 4, height / 4, (ctx) => {
      ctx.scale(0.25, 0.25);
      for (let i = 0; i < 9; i++) {
        const a = Math.atan2(height * 0.9 - sun.y, width / 2 - sun.x) + rng.between(-0.75, 0.75);
        const spread = rng.between(0.02, 0.075);
        for (let soft = 0; soft < 6; soft++) {
          const s = spread * (1.6 - soft * 0.22);
          const g = ctx.createRadialGradient(sun.x, sun.y, 0, sun.x, sun.y, reach * 0.85);
          g.addColorStop(0, css(p.sun, 0.035 * strength));
          g.addColorStop(0.5, css(p.sun, 0.022 * strength));
          g.addColorStop(1, css(p.sun, 0));
          ctx.fillStyle = g;
          ctx.beginPath();
          ctx.moveTo(sun.x, sun.y);
          ctx.lineTo(sun.x + Math.cos(a - s) * reach, sun.y + Math.sin(a - s) * reach);
          ctx.lineTo(sun.x + Math.cos(a + s) * reach, sun.y + Math.sin(a + s) * reach);
          ctx.fill();
        }
      }
    }),
  );
  const breath = curve(rng, 2);
  stage.elements.push((frame, now) => {
    const at = now.project(0, 0, depth * 0.1);
    beams.forEach((beam, i) => {
      const gain = 0.75 + 0.35 * breath(now.seconds * 0.35 + i * 20);
      drawLight(frame, beam, at.x, at.y, 4 * at.scale, gain);
    });
  });
}

/** Darkens the corners a little, once for the whole film. */
export function vignette(width: number, height: number): (frame: Frame) => void {
  const keep = new Uint16Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = (x / width - 0.5) * 1.05;
      const dy = (y / height - 0.5) * 1.05;
      const r = dx * dx + dy * dy;
      keep[y * width + x] = 256 * (1 - 0.52 * r * r * 2.2);
    }
  }
  return (frame) => {
    const luma = frame.y;
    for (let i = 0; i < luma.length; i++) {
      luma[i] = 16 + ((((luma[i] as number) - 16) * (keep[i] as number)) >> 8);
    }
  };
}
