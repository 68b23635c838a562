import { mix } from '../colour.ts';
import { addMist, addRidge, hills } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addSky } from '../parts/sky.ts';
import { addWater } from '../parts/water.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** The sun itself, low over quiet water, headlands on both sides. */
export const sunset: Subject = {
  name: 'sunset',
  words: {
    en: 'sunset sunrise sundown horizon dusk',
    pl: 'zachod_slonca wschod_slonca zachodu_slonca horyzont*',
    nl: 'zonsondergang zonsopgang horizon ondergaande_zon',
  },
  role: 'place',
  weight: 1.2,
  prefers: { time: 'sunset' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.58;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    for (const [i, depth] of [0.08, 0.16, 0.26].entries()) {
      const side = i % 2 === 0 ? 1 : -1;
      const line = hills(stage, `head${i}`, horizon + 4, h * (0.05 + 0.05 * i), w * 0.22, 0.45);
      const open = (x: number): number =>
        Math.max(0, 1 - Math.max(0, side * (x - w / 2) + w * (0.26 - 0.1 * i)) / (w * 0.42));
      addRidge(
        stage,
        (x) => line(x) + h * 0.2 * open(x),
        horizon + 6,
        depth + 0.06,
        mix(p.rock, p.ink, 0.3 + 0.2 * i),
        0.4,
      );
      addMist(stage, horizon - h * 0.06, horizon + h * 0.012, depth + 0.03, 0.25);
    }
    addWater(stage, {
      top: horizon,
      depth: 0.06,
      near: mix(p.water, p.ink, 0.3),
      chop: 0.32,
      mirror: 0.86,
      glitter: 0.9,
    });
    addGrass(stage, h * 0.95, h * 0.2, 1, [p.ink, mix(p.ink, p.grass, 0.12)], 0);
    stage.skyline = h * 0.3;
    stage.perch = { x: w * 0.4, y: h * 0.93, size: h * 0.14, depth: 0.9 };
    sound(stage, 'waves', 0.4);
    sound(stage, 'gulls', 0.15);
  },
};
