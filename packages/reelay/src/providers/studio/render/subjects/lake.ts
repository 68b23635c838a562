import { mix } from '../colour.ts';
import { addMassif, addMist, crests, hills } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addBoulders } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { addWater } from '../parts/water.ts';
import { sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Still water that doubles the far shore, reeds close by. */
export const lake: Subject = {
  name: 'lake',
  words: {
    en: 'lake lakes pond river stream creek brook fjord reflection reflections',
    pl: 'jezior* staw stawu stawie rzek* strumie* potok* odbici*',
    nl: 'meer meren vijver rivier* beek* fjord weerspiegel*',
  },
  role: 'place',
  weight: 2.5,
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const shore = h * 0.6;
    addSky(stage, shore);
    if (stage.backdrop?.far) stage.backdrop.far(stage, shore);
    else {
      const back = crests(stage, 'back', shore, Math.min(h, w) * 0.34, w * 0.36);
      addMassif(stage, back, shore + 4, 0.12, shore - Math.min(h, w) * 0.2);
    }
    addMist(stage, shore - h * 0.17, shore + h * 0.01, 0.16, 0.5);
    const far = hills(stage, 'far', shore + 2, h * 0.06, w * 0.3);
    addTreeline(stage, far, {
      label: 'far',
      depth: 0.22,
      height: h * 0.07,
      density: 4.5,
      kind: 'conifer',
      bottom: shore + 6,
    });
    addWater(stage, {
      top: shore,
      depth: 0.24,
      near: mix(p.water, p.ink, 0.3),
      chop: 0.2,
      mirror: 0.88,
      glitter: 0.35,
    });
    addMist(stage, shore - h * 0.03, shore + h * 0.08, 0.3, 0.4);
    const rng = stage.rng.fork('stones');
    const stones = Array.from({ length: 6 }, () => {
      const size = h * rng.between(0.02, 0.06);
      return {
        x: w * rng.between(0.02, 0.98),
        y: h * rng.between(0.86, 0.95),
        width: size * 2.6,
        height: size,
      };
    }).sort((a, b) => a.y - b.y);
    addBoulders(stage, 'stones', 0.75, stones);
    addGrass(
      stage,
      h * 0.86,
      h * 0.26,
      1,
      [mix(p.grass, p.ink, 0.65), mix(p.grass, p.ink, 0.45), mix(p.grass, p.leafLit, 0.2)],
      0.006,
    );
    stage.perch = { x: w * 0.3, y: h * 0.95, size: h * 0.14, depth: 0.9 };
    sound(stage, 'river', 0.7);
    sound(stage, 'birds', p.light > 0.4 ? 0.35 : 0);
    sound(stage, 'crickets', p.light > 0.4 ? 0 : 0.5);
  },
};
