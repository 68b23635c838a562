import { css, mix, type Rgb } from '../colour.ts';
import { curve } from '../noise.ts';
import { cycle, showCycle } from '../parts/figure.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

const HUES: readonly Rgb[] = [
  [250, 150, 60],
  [250, 210, 80],
  [120, 200, 240],
  [235, 90, 100],
];

/** A school that drifts through, each fish with its own beat; over land they have the sea for a home. */
export const fish: Subject = {
  name: 'fish',
  words: {
    en: 'fish fishes goldfish koi shoal school_of_fish dolphin dolphins whale shark turtle jellyfish',
    pl: 'ryba ryby rybki ryb delfin* wieloryb* rekin* zolw* meduz*',
    nl: 'vis vissen goudvis* dolfijn* walvis* haai* schildpad* kwal*',
  },
  role: 'figure',
  weight: 1,
  home: 'underwater',
  build(stage) {
    const { width: w, height: h, palette: p, unit } = stage;
    const rng = stage.rng.fork('fish');
    const way = rng.next() < 0.5 ? -1 : 1;
    const long = unit * 56;
    const schools = HUES.slice(0, 3).map((hue, i) => ({
      swim: cycle(12, { left: long, right: long, up: long * 0.6, down: long * 0.6 }, (ctx, phase) => {
        ctx.scale(way, 1);
        paintFish(ctx, long, mix(hue, p.haze, 0.2 + 0.15 * i), p.ink, phase);
      }),
      y: h * (0.36 + 0.14 * i),
      path: curve(rng, 2),
    }));
    const all = Array.from({ length: 17 }, (_, i) => ({
      school: schools[i % schools.length],
      x: rng.between(-0.32, 0.32) + (way > 0 ? 0.3 : 0.7),
      y: rng.between(-0.11, 0.11),
      scale: rng.between(0.35, 0.95),
      phase: rng.next(),
      rate: rng.between(1.3, 2),
      path: curve(rng, 2),
    })).sort((a, b) => a.scale - b.scale);
    stage.elements.push((frame, now) => {
      for (const one of all) {
        if (!one.school) continue;
        const t = now.seconds;
        const x = one.x * w + way * t * unit * 46 * (0.6 + one.scale) + one.path(t * 0.25) * unit * 20;
        const y =
          one.school.y + one.y * h + one.school.path(t * 0.3) * unit * 22 + one.path(t * 0.4 + 9) * unit * 10;
        const at = now.project(x, y, 0.3 + 0.4 * one.scale);
        showCycle(
          frame,
          one.school.swim,
          t * one.rate + one.phase,
          at.x,
          at.y,
          one.scale * at.scale,
          0.75 + 0.25 * one.scale,
        );
      }
    });
    sound(stage, 'bubbles', 0.5);
  },
};

function paintFish(
  ctx: Parameters<Parameters<typeof cycle>[2]>[0],
  long: number,
  body: Rgb,
  ink: Rgb,
  phase: number,
): void {
  const tail = Math.sin(phase * Math.PI * 2) * long * 0.16;
  ctx.fillStyle = css(mix(body, ink, 0.25));
  ctx.beginPath();
  ctx.moveTo(-long * 0.42, tail * 0.5);
  ctx.quadraticCurveTo(-long * 0.7, tail - long * 0.24, -long * 0.86, tail * 1.5 - long * 0.26);
  ctx.quadraticCurveTo(-long * 0.68, tail, -long * 0.86, tail * 1.5 + long * 0.26);
  ctx.quadraticCurveTo(-long * 0.7, tail + long * 0.2, -long * 0.42, tail * 0.5);
  ctx.fill();
  ctx.beginPath();
  ctx.moveTo(long * 0.2, -long * 0.2);
  ctx.quadraticCurveTo(-long * 0.02, -long * 0.46, -long * 0.28, -long * 0.36);
  ctx.lineTo(-long * 0.22, -long * 0.14);
  ctx.fill();
  const g = ctx.createLinearGradient(0, -long * 0.3, 0, long * 0.3);
  g.addColorStop(0, css(mix(body, ink, 0.2)));
  g.addColorStop(0.55, css(body));
  g.addColorStop(1, css(mix(body, [255, 255, 255], 0.5)));
  ctx.fillStyle = g;
  ctx.beginPath();
  ctx.moveTo(long * 0.66, 0);
  ctx.bezierCurveTo(
    long * 0.42,
    -long * 0.34,
    -long * 0.1,
    -long * 0.32,
    -long * 0.48,
    tail * 0.45 - long * 0.05,
  );
  ctx.lineTo(-long * 0.48, tail * 0.45 + long * 0.05);
  ctx.bezierCurveTo(-long * 0.1, long * 0.3, long * 0.42, long * 0.3, long * 0.66, 0);
  ctx.fill();
  ctx.fillStyle = css(mix(ink, [0, 0, 0], 0.4));
  ctx.beginPath();
  ctx.arc(long * 0.42, -long * 0.05, long * 0.042, 0, Math.PI * 2);
  ctx.fill();
}
