import { drawLight } from '../blend.ts';
import { type Frame, paintLight } from '../planes.ts';
import type { Stage } from '../stage.ts';

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

/** Forked strikes from the clouds, and the land lit up by them. */
export function addLightning(stage: Stage): void {
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
