import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { cycle, showCycle } from '../parts/figure.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A loose flock that beats, glides and turns with the wind. */
export const birds: Subject = {
  name: 'birds',
  words: {
    en: 'bird birds seagull seagulls gull gulls eagle eagles flock crows raven swallow swallows geese owl',
    pl: 'ptak* mewa mewy mew orzel orly stado kruk* jaskolk* gesi sowa',
    nl: 'vogel vogels meeuw* adelaar* zwerm kraai* zwaluw* ganzen uil',
  },
  role: 'figure',
  weight: 1,
  build(stage) {
    const { width: w, height: h, palette: p, unit } = stage;
    const rng = stage.rng.fork('birds');
    const span = unit * 34;
    const colour = mix(p.ink, p.haze, 0.18);
    const flap = cycle(16, { left: span, right: span, up: span * 0.8, down: span * 0.7 }, (ctx, phase) => {
      const beat = Math.sin(phase * Math.PI * 2);
      const tip = -beat * span * 0.52;
      const elbow = -span * 0.16 - beat * span * 0.2;
      ctx.fillStyle = css(colour);
      for (const side of [-1, 1]) {
        ctx.beginPath();
        ctx.moveTo(0, -span * 0.05);
        ctx.quadraticCurveTo(side * span * 0.22, elbow - span * 0.06, side * span * 0.45, elbow);
        ctx.quadraticCurveTo(side * span * 0.75, elbow + tip * 0.25, side * span * 0.95, tip);
        ctx.quadraticCurveTo(
          side * span * 0.62,
          elbow + tip * 0.3 + span * 0.14,
          side * span * 0.4,
          elbow + span * 0.13,
        );
        ctx.quadraticCurveTo(side * span * 0.2, elbow * 0.5 + span * 0.16, 0, span * 0.09);
        ctx.fill();
      }
      ctx.beginPath();
      ctx.ellipse(0, span * 0.02, span * 0.085, span * 0.12, 0, 0, Math.PI * 2);
      ctx.fill();
    });
    const way = rng.next() < 0.5 ? -1 : 1;
    const flock = Array.from({ length: 11 }, (_, i) => ({
      x: rng.between(-0.3, 0.3) + (way > 0 ? 0.22 : 0.78),
      y: rng.between(-0.12, 0.12),
      scale: rng.between(0.22, 0.6) * (i === 0 ? 1.5 : 1),
      path: curve(rng, 2),
      rate: rng.between(1.5, 2.2),
      phase: rng.next(),
    })).sort((a, b) => a.scale - b.scale);
    stage.elements.push((frame, now) => {
      for (const bird of flock) {
        const t = now.seconds;
        const x = bird.x * w + way * t * unit * 62 * (0.5 + bird.scale) + bird.path(t * 0.3) * unit * 26;
        const y = stage.skyline + bird.y * h + bird.path(t * 0.36 + 30) * unit * 22;
        const at = now.project(x, y, 0.12 + 0.3 * bird.scale);
        const glide = Math.max(0, bird.path(t * 0.25 + 80)) * 0.5;
        showCycle(frame, flap, t * bird.rate * (1 - glide) + bird.phase, at.x, at.y, bird.scale * at.scale);
      }
    });
    sound(stage, 'birds', 0.7);
  },
};
