import { mix, tone } from '../colour.ts';
import { addMotes } from '../parts/air.ts';
import { addMist, addRidge, hills } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Where no word is known: soft bands of land in the prompt's mood, with light adrift over them. */
export const abstract: Subject = {
  name: 'abstract',
  words: { en: 'abstract landscape scenery', pl: 'abstrak* krajobraz* pejzaz*', nl: 'abstract* landschap*' },
  role: 'place',
  weight: 1,
  prefers: { time: 'golden' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.6;
    addSky(stage, horizon);
    const bands = 6;
    for (let i = 0; i < bands; i++) {
      const t = i / (bands - 1);
      const base = horizon + (h * 1.02 - horizon) * t ** 1.15;
      const line = hills(stage, `band${i}`, base, h * (0.1 + 0.1 * t), w * (0.3 + 0.25 * t), 0.3);
      const colour = mix(
        mix(p.leaf, p.accent, 0.25 + 0.4 * stage.rng.fork(`tint${i}`).next()),
        p.ink,
        0.15 + 0.6 * t,
      );
      addRidge(stage, line, base + h * 0.16, 0.12 + 0.8 * t, tone(colour, 0.03), 0.6);
      if (i < bands - 1) addMist(stage, base - h * 0.12, base + h * 0.1, 0.2 + 0.7 * t, 0.42);
    }
    addMotes(stage, {
      count: 40,
      top: h * 0.3,
      bottom: h * 1.05,
      colour: [255, 225, 170],
      size: 3.4,
      rise: 12,
      depth: 0.9,
    });
    stage.perch = { x: w * 0.5, y: h * 0.86, size: h * 0.13, depth: 0.8 };
    sound(stage, 'wind', 0.35);
    sound(stage, 'music', 1);
  },
};
