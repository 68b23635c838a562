import { mix, tone } from '../colour.ts';
import { addMassif, addMist, addRidge, crests, hills } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Ranges behind one another, the nearest with woods, a meadow in front. */
export const mountains: Subject = {
  name: 'mountains',
  words: {
    en: 'mountain mountains peak peaks alps summit hills hill cliff cliffs canyon valley',
    pl: 'gora gory gor gorach gorami gore gorsk* szczyt* wzgorz* tatr* dolin*',
    nl: 'berg bergen gebergte* bergtop* heuvel* alpen vallei* klif*',
  },
  role: 'place',
  weight: 2,
  build(stage) {
    const { width: w, height: h } = stage;
    const horizon = h * 0.66;
    addSky(stage, horizon);
    range(stage, horizon, 1);
    addMist(stage, h * 0.46, h * 0.72, 0.3, 0.5);
    const wood = hills(stage, 'wood', h * 0.78, h * 0.13, w * 0.4);
    addTreeline(stage, wood, {
      label: 'wood',
      depth: 0.45,
      height: h * 0.075,
      density: 3.4,
      kind: 'conifer',
      bottom: h,
    });
    addMist(stage, h * 0.68, h * 0.9, 0.55, 0.3);
    const near = hills(stage, 'near', h * 0.95, h * 0.12, w * 0.5);
    addTreeline(stage, near, {
      label: 'near',
      depth: 0.75,
      height: h * 0.2,
      density: 2.1,
      kind: 'conifer',
      bottom: h,
    });
    const p = stage.palette;
    addGrass(
      stage,
      h * 0.93,
      h * 0.12,
      1,
      [mix(p.grass, p.ink, 0.55), mix(p.grass, p.ink, 0.3), p.grass],
      0.02,
    );
    stage.perch = { x: w * 0.5, y: h * 0.93, size: h * 0.12, depth: 0.9 };
    sound(stage, 'wind', 0.5);
    sound(stage, 'birds', stage.palette.light > 0.4 ? 0.25 : 0);
  },
  far(stage, horizon) {
    range(stage, horizon, 0.62);
  },
};

/** Three ranges, each lower, nearer and clearer than the one before. */
function range(stage: Stage, horizon: number, size: number): void {
  const { width: w, height: h, palette: p } = stage;
  const big = Math.min(h, w * 1.1) * size;
  const back = crests(stage, 'back', horizon, big * 0.5, w * 0.34);
  addMassif(stage, back, horizon + h * 0.04, 0.1, horizon - big * 0.24);
  const mid = crests(stage, 'mid', horizon + h * 0.03, big * 0.36, w * 0.27);
  addMassif(stage, mid, horizon + h * 0.08, 0.22, horizon - big * (stage.season === 'winter' ? 0.02 : 0.24));
  const low = hills(stage, 'low', horizon + h * 0.07, big * 0.15, w * 0.22, 0.45);
  addRidge(stage, low, horizon + h * 0.2, 0.34, mix(tone(p.leaf, -0.05), p.haze, 0.15));
}
