import { mix, tone } from '../colour.ts';
import { curve, fractalTile, sample } from '../noise.ts';
import { addPuffs } from '../parts/fall.ts';
import { addMist, addRidge, hills, type Ridge, throughAir, topOf } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { paintPixels } from '../planes.ts';
import { band, layer, type Stage, sound } from '../stage.ts';
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
      addDune(stage, line, i === 3 ? h + stage.margin : base + h * 0.2, depth, `dune${i}`);
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
  far(stage, horizon) {
    for (const [i, depth] of [0.12, 0.2].entries()) {
      const line = dune(
        stage,
        `far${i}`,
        horizon + stage.height * (0.01 + 0.02 * i),
        stage.height * 0.08,
        stage.width * 0.3,
      );
      addDune(stage, line, horizon + stage.height * 0.06, depth, `far${i}`);
    }
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

/** Sand under a dune's line: one face in the light, one in shade, parted by an edge that winds down; fine ripples. */
function addDune(stage: Stage, line: Ridge, bottom: number, depth: number, label: string): void {
  const { palette: p, unit } = stage;
  const tile = fractalTile(stage.rng.fork(label), 512, 3, 5, 1.5);
  const side = stage.sun.x > stage.width / 2 ? 1 : -1;
  const top = topOf(stage, line);
  const lit = throughAir(stage, mix(tone(p.sand, 0.06), p.sun, 0.3), depth);
  const shade = throughAir(stage, mix(tone(p.sand, -0.16), p.skyTop, 0.25), depth);
  const span = bottom - top;
  const sprite = paintPixels(band(stage, top - 3, bottom), 0.5, (x, y, out) => {
    const under = y - line(x);
    if (under < -1.5) return;
    const n = sample(tile, x * 0.12, y * 0.3);
    const at = x - side * under * 0.9 + n * (20 + under * 0.5);
    const step = 14 + under * 0.3;
    const slope = (line(at + step) - line(at - step)) / (2 * step);
    const f = Math.min(1, Math.max(0, 0.55 - slope * side * 2.6));
    const ripple =
      Math.sin((y + n * 26 * unit + x * side * 0.12) * (1.1 - 0.75 * depth)) *
      0.05 *
      Math.min(1, under / (60 * unit));
    const edge = Math.max(0, 1 - Math.max(0, under) / (7 * unit * (0.4 + depth)));
    const k = Math.min(1, Math.max(0, f * f * (3 - 2 * f) + ripple + edge * 0.35));
    const mist = 0.4 * (1 - depth) * Math.max(0, under / span) ** 1.3;
    for (let c = 0; c < 3; c++) {
      const sand = (shade[c] ?? 0) + ((lit[c] ?? 0) - (shade[c] ?? 0)) * k;
      out[c] = sand + ((p.haze[c] ?? 0) - sand) * mist;
    }
    out[3] = 255 * Math.min(1, (under + 1.5) / 2.5);
  });
  stage.elements.push(layer(sprite, depth, 2));
}
