import { drawLight } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { type Frame, lightOf, paintLight } from '../planes.ts';
import type { Stage } from '../stage.ts';
import { wrap } from './weather.ts';

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

/** Slanting beams that fall from beyond the upper edge on the sun's side, slowly breathing. */
export function addRays(stage: Stage, strength: number, depth = 0.3): void {
  const { width, height, sun, palette: p } = stage;
  const rng = stage.rng.fork('rays');
  const side = sun.x > width / 2 ? 1 : -1;
  const from = { x: width / 2 + side * width * 0.5, y: -height * 0.7 };
  const aim = Math.atan2(height * 0.85 - from.y, width * 0.48 - from.x);
  const bars = curve(rng, 3, 0.55);
  const beam = lightOf(width, height, 8, p.sun, (x, y) => {
    const angle = Math.atan2(y - from.y, x - from.x) - aim;
    const far = Math.hypot(x - from.x, y - from.y) / height;
    const bar = Math.max(0, bars(angle * 17 + 40) + 0.12);
    const window = Math.exp(-((angle / 0.42) ** 2));
    const fall = Math.max(0, 1 - far / 2) ** 0.8 * Math.min(1, Math.max(0, far - 0.55) * 2.5);
    return bar ** 1.3 * window * fall * strength * 0.5;
  });
  const breath = curve(rng, 2);
  stage.elements.push((frame, now) => {
    const at = now.project(0, 0, depth * 0.1);
    drawLight(
      frame,
      beam,
      Math.min(0, at.x),
      Math.min(0, at.y),
      8.2 * at.scale,
      0.85 + 0.3 * breath(now.seconds * 0.35),
    );
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
