import { mix, tone } from '../colour.ts';
import { curve } from '../noise.ts';
import { addPuffs } from '../parts/fall.ts';
import { addMist, addRidge, hills, type Ridge } from '../parts/land.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Dunes behind dunes, sand smoking from their crests. */
export const desert: Subject = {
  name: 'desert',
  words: {
    en: 'desert dune dunes sahara sand sandy oasis camel camels',
    pl: 'pustyni* wydm* piasek piask* sahar* wielblad*',
    nl: 'woestijn* duin duinen zand* sahara kameel kamelen',
  },
  role: 'place',
  weight: 2,
  prefers: { time: 'golden' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.55;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    else
      addRidge(
        stage,
        hills(stage, 'mesa', horizon + h * 0.02, h * 0.09, w * 0.3, 0.5),
        horizon + h * 0.1,
        0.12,
        mix(p.rock, p.sand, 0.5),
      );
    const depths = [0.2, 0.34, 0.52, 0.78];
    for (const [i, depth] of depths.entries()) {
      const base = horizon + h * (0.09 + 0.34 * (i / 3) ** 1.25);
      const line = dune(stage, `dune${i}`, base, h * (0.08 + 0.07 * i), w * (0.26 + 0.13 * i));
      addGround(stage, line, i === 3 ? h + stage.margin : base + h * 0.2, depth, {
        label: `dune${i}`,
        colour: mix(p.sand, p.accent, 0.1),
        patch: tone(mix(p.sand, p.rock, 0.25), -0.04),
        patches: -0.15,
        grain: h * (0.02 + 0.012 * i),
        relief: 0.55,
        strata: 5,
        rim: 0.8,
        foot: 0.35,
      });
      if (i < 3) addMist(stage, base - h * 0.05, base + h * 0.12, depth + 0.02, 0.28);
      addPuffs(stage, {
        label: `smoke${i}`,
        x: w * 0.5,
        y: base - h * (0.035 + 0.03 * i),
        width: w * 1.1,
        rise: h * 0.05,
        size: h * (0.02 + 0.015 * i),
        count: 16,
        colour: mix(p.sand, p.sun, 0.4),
        strength: 0.25,
        rate: 0.3,
        depth: depth + 0.01,
        lean: 2.4,
      });
    }
    stage.perch = { x: w * 0.45, y: h * 0.79, size: h * 0.12, depth: 0.6 };
    sound(stage, 'wind', 0.9);
  },
};

/** A dune's line: long backs that rise slowly and break off. */
function dune(stage: Stage, label: string, base: number, swing: number, length: number): Ridge {
  const rng = stage.rng.fork(label);
  const sway = curve(rng, 2, 0.3);
  const offset = rng.next();
  return (x) => {
    const t = x / length + offset + sway(x / length / 2) * 0.6;
    const s = t - Math.floor(t);
    const back = s < 0.72 ? (s / 0.72) ** 1.5 : 0.5 + 0.5 * Math.cos(((s - 0.72) / 0.28) * Math.PI);
    return base - swing * back * (0.7 + 0.3 * sway(Math.floor(t) * 3.7)) + swing * 0.12 * sway(x / length);
  };
}
