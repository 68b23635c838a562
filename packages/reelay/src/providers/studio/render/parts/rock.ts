import { mix, type Rgb, tone } from '../colour.ts';
import { fractalTile, sample } from '../noise.ts';
import { paintPixels } from '../planes.ts';
import { band, layer, type Stage } from '../stage.ts';
import { type Ridge, throughAir, topOf } from './land.ts';

/** How a surface of land is made and lit. */
export interface Surface {
  readonly label: string;
  readonly colour: Rgb;
  /** The colour of what grows or lies on it in patches; the same as `colour` for none. */
  readonly patch: Rgb;
  /** How much of it is patched, −1..1. */
  readonly patches: number;
  /** Size of its lumps in world pixels. */
  readonly grain: number;
  /** How strongly the light models it, 0..1. */
  readonly relief: number;
  /** How much the lumps are stretched across: 1 even, more for strata and dunes. */
  readonly strata: number;
  /** Light along its upper edge, 0..1. */
  readonly rim: number;
  /** Haze at its foot, 0..1. */
  readonly foot: number;
  /** The depth that its colours are seen at, where that is not its own: nearer is clearer. */
  readonly air?: number;
}

/** Land under a line, modelled by the light from the sun's side; soft at its edge. */
export function addGround(stage: Stage, ridge: Ridge, bottom: number, depth: number, surface: Surface): void {
  const { palette: p, sun, unit } = stage;
  const tile = fractalTile(stage.rng.fork(`ground${surface.label}`), 512, 4, 7, surface.strata);
  const top = topOf(stage, ridge) - 3;
  const box = band(stage, top, bottom);
  const scale = 32 / (surface.grain * 4);
  const reach = 1.6 / scale;
  const air = surface.air ?? depth;
  const far = throughAir(stage, surface.colour, air);
  const patch = throughAir(stage, surface.patch, air);
  const lit = throughAir(stage, mix(tone(surface.colour, 0.14), p.sun, 0.3), air);
  const shade = throughAir(stage, mix(tone(surface.colour, -0.13), p.skyTop, 0.25), air);
  const rimColour = throughAir(stage, mix(tone(surface.colour, 0.16), p.sun, 0.6), air);
  const span = Math.max(1, bottom - top);
  const sprite = paintPixels(box, 0.5, (x, y, out) => {
    const under = y - ridge(x);
    if (under < -1.5) return;
    const dx = Math.max(-1, Math.min(1, (sun.x - x) / (stage.width * 0.25))) * reach;
    const u = x * scale;
    const v = y * scale;
    const n = sample(tile, u, v);
    const slope = n - sample(tile, u + dx * scale, v - reach * scale);
    const fine =
      sample(tile, u * 3.1 + 40, v * 3.1) -
      sample(tile, (x + dx * 0.5) * scale * 3.1 + 40, (y - reach * 0.5) * scale * 3.1);
    const light = Math.max(-1, Math.min(1, (slope * 4.2 + fine * 2.4) * surface.relief));
    const k = Math.min(1, Math.max(0, (sample(tile, u * 0.7 + 200, v * 0.9) + surface.patches) * 2.5));
    const edge = Math.max(0, 1 - Math.max(0, under) / (9 * unit * (0.4 + depth)));
    const mist = surface.foot * (1 - air * 0.7) * Math.min(1, Math.max(0, under) / span) ** 1.3;
    for (let c = 0; c < 3; c++) {
      let base = (far[c] ?? 0) + ((patch[c] ?? 0) - (far[c] ?? 0)) * k;
      const to = light > 0 ? (lit[c] ?? 0) : (shade[c] ?? 0);
      base += (to - base) * Math.abs(light);
      base += ((rimColour[c] ?? 0) - base) * edge * edge * surface.rim;
      out[c] = base + ((p.haze[c] ?? 0) - base) * mist;
    }
    out[3] = 255 * Math.min(1, (under + 1.5) / 2.5);
  });
  stage.elements.push(layer(sprite, depth, 2));
}

/** Boulders: rounded, modelled by the light, wet and dark at the foot. */
export function addBoulders(
  stage: Stage,
  label: string,
  depth: number,
  stones: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }[],
): void {
  const { palette: p, sun } = stage;
  const tile = fractalTile(stage.rng.fork(label), 256, 4, 6);
  const dark = throughAir(stage, mix(p.rock, p.ink, 0.55), depth);
  const lit = throughAir(stage, mix(tone(p.rock, 0.08), p.sun, 0.3), depth);
  const moss = throughAir(stage, mix(p.leaf, p.leafLit, 0.35), depth);
  for (const [i, stone] of stones.entries()) {
    const pad = 4;
    const box = {
      x: stone.x - stone.width / 2 - pad,
      y: stone.y - stone.height - pad,
      width: stone.width + 2 * pad,
      height: stone.height + 2 * pad,
    };
    const side = Math.sign(sun.x - stone.x);
    const sprite = paintPixels(box, 1, (x, y, out) => {
      const u = (x - stone.x) / (stone.width / 2);
      const v = (stone.y - y) / stone.height;
      const n = sample(tile, x * 0.45 + i * 60, y * 0.45);
      const outline = 1 - Math.abs(u) ** 2.5 - Math.max(0, v - 0.02) ** 2.2 + n * 0.13;
      if (outline <= 0 || v < -0.03) return;
      const m = n - sample(tile, (x + side * 5) * 0.45 + i * 60, (y - 5) * 0.45);
      const light = Math.max(0, Math.min(1, 0.2 + v * 0.55 + u * side * 0.28 + m * 1.4));
      const green = stage.season === 'winter' ? 0 : Math.max(0, Math.min(0.8, (v - 0.55) * 2 + n));
      for (let c = 0; c < 3; c++) {
        const rock = (dark[c] ?? 0) + ((lit[c] ?? 0) - (dark[c] ?? 0)) * light;
        out[c] = rock + ((moss[c] ?? 0) * (0.6 + 0.5 * light) - rock) * green;
      }
      out[3] =
        255 * Math.min(1, outline * stone.height * 0.25) * Math.min(1, (v + 0.03) * stone.height * 0.3);
    });
    stage.elements.push(layer(sprite, depth));
  }
}
