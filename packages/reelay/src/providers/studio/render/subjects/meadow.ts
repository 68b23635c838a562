import { mix, tone } from '../colour.ts';
import { addMotes } from '../parts/air.ts';
import { addMist, hills } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Rolling grassland with a far edge of trees, and flowers that sway close by. */
export const meadow: Subject = {
  name: 'meadow',
  words: {
    en: 'meadow meadows field fields grass grassland prairie flower flowers garden wildflowers sunflowers tulips farm countryside',
    pl: 'lak* lace pole pola polu traw* kwiat* ogrod* tulipan* slonecznik* wies wsi',
    nl: 'weide weiland veld velden gras bloem* tuin* tulp* zonnebloem* platteland boerderij',
  },
  role: 'place',
  weight: 2,
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.56;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    const tints = [0.1, 0.22, 0.4, 0.62];
    for (const [i, depth] of tints.entries()) {
      const base = horizon + h * (0.04 + 0.34 * (i / 3) ** 1.3);
      const line = hills(stage, `hill${i}`, base, h * (0.05 + 0.035 * i), w * (0.3 + 0.12 * i), 0.28);
      if (i < 3) {
        const size = h * (0.045 + 0.03 * i);
        addTreeline(stage, line, {
          label: `trees${i}`,
          depth,
          height: size,
          density: 3,
          kind: 'broadleaf',
          bottom: base + h * 0.02,
          ground: false,
          where: (x) => Math.sin(x / (w * 0.11) + i * 2.4) < -0.1,
        });
      }
      addGround(stage, line, i === 3 ? h + stage.margin : base + h * 0.17, depth, {
        label: `hill${i}`,
        colour: mix(p.grass, p.leafLit, 0.15 * (i % 2)),
        patch: mix(p.leafLit, p.accent, 0.2),
        patches: -0.25 + 0.1 * i,
        grain: h * (0.02 + 0.02 * i),
        relief: 0.45,
        strata: 3.5,
        rim: 0.55,
        foot: 0.5,
      });
      if (i < 2) addMist(stage, base - h * 0.03, base + h * 0.1, depth + 0.02, 0.3);
    }
    const blades = [mix(p.grass, p.ink, 0.35), tone(p.grass, -0.03), mix(p.grass, p.leafLit, 0.5)];
    addGrass(stage, h * 0.82, h * 0.13, 0.8, blades, 0.12);
    addGrass(
      stage,
      h * 0.95,
      h * 0.2,
      1,
      [mix(p.grass, p.ink, 0.5), mix(p.grass, p.ink, 0.2), p.leafLit],
      0.17,
    );
    addMotes(stage, {
      count: 26,
      top: h * 0.45,
      bottom: h,
      colour: p.light > 0.4 ? [255, 246, 214] : [205, 255, 140],
      size: 2.4,
      rise: 9,
      depth: 0.9,
    });
    stage.perch = { x: w * 0.42, y: h * 0.8, size: h * 0.15, depth: 0.66 };
    sound(stage, 'wind', 0.3);
    sound(stage, 'birds', p.light > 0.4 ? 0.6 : 0);
    sound(stage, 'crickets', p.light > 0.4 ? 0.2 : 0.8);
  },
};
