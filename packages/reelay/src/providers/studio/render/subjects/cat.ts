import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { cycle, showCycle } from '../parts/figure.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A cat that sits with its back to us: it breathes, its tail curls, an ear turns. */
export const cat: Subject = {
  name: 'cat',
  words: {
    en: 'cat cats kitten kittens kitty',
    pl: 'kot kota kotek kotki koty kociak* kotem',
    nl: 'kat katten poes poezen kitten*',
  },
  role: 'figure',
  weight: 1,
  home: 'rooftop',
  build(stage) {
    const { palette: p, perch } = stage;
    const rng = stage.rng.fork('cat');
    const s = perch.size * 0.62;
    const side = stage.sun.x > perch.x ? 1 : -1;
    const fur = mix(p.ink, [30, 26, 30], 0.4);
    const rim = mix(p.sun, p.skyLow, 0.35);
    const tail = cycle(48, { left: s * 0.8, right: s * 0.8, up: s * 0.7, down: s * 0.5 }, (ctx, phase) => {
      const wave = Math.sin(phase * Math.PI * 2);
      const lift = Math.cos(phase * Math.PI * 2) * 0.5 + 0.5;
      ctx.strokeStyle = css(fur);
      ctx.lineCap = 'round';
      for (const [thick, reach] of [
        [0.085, 1],
        [0.1, 0.6],
      ] as const) {
        ctx.lineWidth = s * thick;
        ctx.beginPath();
        ctx.moveTo(side * s * 0.22, -s * 0.05);
        ctx.bezierCurveTo(
          side * s * 0.52 * reach,
          s * 0.06,
          side * s * (0.58 + 0.06 * wave) * reach,
          s * (0.12 - 0.28 * lift) * reach,
          side * s * (0.5 + 0.14 * wave) * reach,
          s * (0.12 - 0.42 * lift) * reach,
        );
        ctx.stroke();
      }
    });
    const body = cycle(24, { left: s * 0.7, right: s * 0.7, up: s * 1.25, down: s * 0.2 }, (ctx, phase) => {
      const breath = Math.sin(phase * Math.PI * 2) * 0.012;
      outline(ctx, s, breath, 0);
      ctx.fillStyle = css(fur);
      ctx.fill();
      // Light along the side of the sun: the same shape, shifted, cut out of a brighter one.
      ctx.save();
      ctx.globalCompositeOperation = 'source-atop';
      const g = ctx.createLinearGradient(side * s * 0.1, -s, side * s * 0.42, -s * 0.6);
      g.addColorStop(0, css(rim, 0));
      g.addColorStop(1, css(rim, 0.42));
      ctx.fillStyle = g;
      ctx.fillRect(-s, -s * 1.3, s * 2, s * 1.6);
      ctx.restore();
    });
    const mood = curve(rng, 2);
    stage.elements.push((frame, now) => {
      const at = now.project(perch.x, perch.y, perch.depth);
      const t = now.seconds;
      showCycle(frame, tail, t * 0.22 + 0.12 * mood(t * 0.4), at.x, at.y, at.scale);
      showCycle(frame, body, t * 0.42, at.x, at.y, at.scale);
    });
    sound(stage, 'purr', 0.4);
  },
};

/** The seated back of a cat, its foot at 0, 0. */
function outline(
  ctx: Parameters<Parameters<typeof cycle>[2]>[0],
  s: number,
  breath: number,
  lean: number,
): void {
  const b = 1 + breath * 3;
  ctx.beginPath();
  ctx.moveTo(-s * 0.3 * b, s * 0.03);
  ctx.bezierCurveTo(-s * 0.44 * b, -s * 0.14, -s * 0.38 * b, -s * 0.42, -s * 0.2, -s * 0.62);
  ctx.bezierCurveTo(-s * 0.16, -s * 0.66, -s * 0.2 + lean, -s * 0.7, -s * 0.215 + lean, -s * (0.8 + breath));
  ctx.bezierCurveTo(-s * 0.23, -s * 0.92, -s * 0.22, -s * 1.02, -s * 0.205, -s * (1.1 + breath));
  ctx.bezierCurveTo(-s * 0.15, -s * 1.06, -s * 0.1, -s * 1.0, -s * 0.075, -s * (0.965 + breath));
  ctx.quadraticCurveTo(0, -s * (0.985 + breath), s * 0.075, -s * (0.965 + breath));
  ctx.bezierCurveTo(s * 0.1, -s * 1.0, s * 0.15, -s * 1.06, s * 0.205, -s * (1.1 + breath));
  ctx.bezierCurveTo(s * 0.22, -s * 1.02, s * 0.23, -s * 0.92, s * 0.215 + lean, -s * (0.8 + breath));
  ctx.bezierCurveTo(s * 0.2 + lean, -s * 0.7, s * 0.16, -s * 0.66, s * 0.2, -s * 0.62);
  ctx.bezierCurveTo(s * 0.38 * b, -s * 0.42, s * 0.44 * b, -s * 0.14, s * 0.3 * b, s * 0.03);
  ctx.quadraticCurveTo(0, s * 0.07, -s * 0.3 * b, s * 0.03);
  ctx.closePath();
}
