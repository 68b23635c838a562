import { mix, tone } from '../colour.ts';
import { curve } from '../noise.ts';
import { addMotes, addRays } from '../parts/air.ts';
import { addFall, addPuffs } from '../parts/fall.ts';
import { addMist, hills, type Ridge } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addBoulders, addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { addWater } from '../parts/water.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A fall over a mossy cliff into a pool, with woods around it. */
export const waterfall: Subject = {
  name: 'waterfall',
  words: {
    en: 'waterfall waterfalls cascade cascades falls',
    pl: 'wodospad* kaskad*',
    nl: 'waterval* cascade*',
  },
  role: 'place',
  weight: 3,
  prefers: { time: 'day' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const pool = h * 0.7;
    const centre = w * (0.5 + stage.rng.fork('place').between(-0.07, 0.07));
    addSky(stage, h * 0.5);
    for (const [i, depth] of [0.12, 0.2].entries()) {
      const line = hills(stage, `far${i}`, h * (0.3 + i * 0.08), h * 0.12, w * 0.35);
      addTreeline(stage, line, {
        label: `far${i}`,
        depth,
        height: h * (0.07 + 0.02 * i),
        density: 5,
        kind: 'conifer',
        bottom: h * 0.62,
      });
    }
    addMist(stage, h * 0.2, h * 0.5, 0.2, 0.55);
    const lip = h * 0.3;
    const wide = Math.min(w * 0.15, h * 0.24);
    cliff(stage, centre, lip, pool, wide);
    const fall = { x: centre, top: lip - h * 0.012, bottom: pool + h * 0.012, depth: 0.36 };
    addFall(stage, { ...fall, topWidth: wide, bottomWidth: wide * 1.35 });
    addFall(stage, {
      ...fall,
      x: centre + wide * 1.05,
      top: lip + h * 0.07,
      topWidth: wide * 0.2,
      bottomWidth: wide * 0.36,
    });
    addWater(stage, {
      top: pool,
      depth: 0.38,
      near: mix(mix(p.water, [30, 120, 118], 0.45 * p.light), p.ink, 0.25),
      chop: 0.42,
      mirror: 0.62,
      glitter: 0.25,
    });
    const spray = mix(p.cloudLit, [255, 255, 255], 0.3 * p.light);
    addPuffs(stage, {
      label: 'spray',
      x: centre,
      y: pool + h * 0.02,
      width: wide * 1.7,
      rise: h * 0.16,
      size: h * 0.09,
      count: 26,
      colour: spray,
      strength: 0.8,
      rate: 0.35,
      depth: 0.4,
    });
    addMist(stage, pool - h * 0.1, pool + h * 0.1, 0.42, 0.42);
    banks(stage, pool);
    if (p.light > 0.4 && stage.weather === 'clear') addRays(stage, 0.45);
    addMotes(stage, {
      count: 26,
      top: h * 0.25,
      bottom: h * 0.95,
      colour: p.light > 0.4 ? [255, 240, 200] : [190, 255, 160],
      size: 2.6,
      rise: 6,
      depth: 0.8,
    });
    stage.perch = { x: w * 0.24, y: h * 0.86, size: h * 0.12, depth: 0.62 };
    stage.skyline = h * 0.2;
    sound(stage, 'water', 0.9);
    sound(stage, 'birds', p.light > 0.4 ? 0.35 : 0);
  },
};

/** The rock wall: lowest at the lip, its crown wooded. */
function cliff(stage: Stage, centre: number, lip: number, pool: number, wide: number): void {
  const { height: h, palette: p } = stage;
  const rough = curve(stage.rng.fork('cliff'), 5, 0.55);
  const wall: Ridge = (x) => {
    const off = Math.abs(x - centre) / wide;
    const shoulder = Math.min(1, Math.max(0, off - 0.5) * 1.1);
    return (
      lip -
      h * 0.085 * shoulder * (1 + 0.5 * rough(x / (h * 0.2))) -
      Math.max(0, off - 1.5) * h * 0.022 +
      h * 0.012 * rough(x / (h * 0.03) + 70)
    );
  };
  const woods: Ridge = (x) => wall(x) + h * 0.014;
  addTreeline(stage, woods, {
    label: 'crown',
    depth: 0.33,
    height: h * 0.16,
    density: 4,
    kind: 'mixed',
    bottom: lip + h * 0.1,
    ground: false,
    where: (x) => Math.abs(x - centre) > wide * 0.62,
  });
  addGround(stage, wall, pool + h * 0.03, 0.36, {
    label: 'cliff',
    colour: mix(tone(p.rock, -0.12), p.ink, 0.4),
    patch: mix(p.leaf, p.leafLit, 0.15),
    patches: -0.02,
    grain: h * 0.028,
    relief: 1,
    strata: 0.45,
    rim: 0.35,
    foot: 0.35,
    air: 0.72,
  });
}

/** Both banks in front: stones, firs, ferns. */
function banks(stage: Stage, pool: number): void {
  const { width: w, height: h, palette: p } = stage;
  const rng = stage.rng.fork('banks');
  const shore: Ridge = (x) => {
    const off = Math.abs(x / w - 0.5) * 2;
    return pool + h * 0.33 - h * 0.3 * Math.max(0, off - 0.38) ** 0.8;
  };
  addTreeline(stage, shore, {
    label: 'bank',
    depth: 0.6,
    height: h * 0.42,
    density: 3.6,
    kind: 'mixed',
    bottom: h * 1.05,
    ground: false,
    where: (x) => Math.abs(x / w - 0.5) > 0.3,
  });
  addGround(stage, shore, h * 1.05, 0.62, {
    label: 'shore',
    colour: mix(p.grass, p.ink, 0.45),
    patch: mix(p.leaf, p.ink, 0.3),
    patches: 0,
    grain: h * 0.03,
    relief: 0.8,
    strata: 1.6,
    rim: 0.4,
    foot: 0,
  });
  addBoulders(
    stage,
    'stones',
    0.55,
    Array.from({ length: 9 }, () => {
      const side = rng.next() < 0.5 ? -1 : 1;
      const off = rng.between(0.2, 0.46);
      const size = h * rng.between(0.03, 0.09);
      return {
        x: w * (0.5 + side * off),
        y: pool + h * (0.25 - off * 0.4) + size * 0.4,
        width: size * 2.1,
        height: size,
      };
    }).sort((a, b) => a.y - b.y),
  );
  const fern = [mix(p.leaf, p.ink, 0.7), mix(p.leaf, p.ink, 0.5), mix(p.leaf, p.leafLit, 0.25)];
  addGrass(stage, h * 0.94, h * 0.15, 1, fern, 0.012);
}
