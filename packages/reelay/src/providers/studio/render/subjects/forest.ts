import { css, mix, type Rgb, tone } from '../colour.ts';
import { addMotes, addRays } from '../parts/air.ts';
import { addMist, hills, throughAir } from '../parts/land.ts';
import { addGrass } from '../parts/plants.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { addLayer, band, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Among tall trunks: row behind row into the light, ferns at the foot. */
export const forest: Subject = {
  name: 'forest',
  words: {
    en: 'forest forests wood woods woodland jungle trees tree grove pine pines rainforest',
    pl: 'las lasu lesie lasem lasy lesn* puszcz* dzungl* drzew* sosn*',
    nl: 'bos bossen woud jungle bomen boom dennen*',
  },
  role: 'place',
  weight: 2,
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    addSky(stage, h * 0.62);
    const back = hills(stage, 'back', h * 0.62, h * 0.06, w * 0.5);
    addTreeline(stage, back, {
      label: 'back',
      depth: 0.12,
      height: h * 0.42,
      density: 6,
      kind: 'mixed',
      bottom: h * 0.9,
    });
    addMist(stage, h * 0.3, h * 0.78, 0.2, 0.75);
    for (let row = 0; row < 4; row++) {
      const t = row / 3;
      trunks(stage, row, 0.2 + 0.5 * t, h * (0.7 + 0.2 * t));
      if (row < 3)
        addMist(stage, h * (0.36 + 0.1 * t), h * (0.84 + 0.06 * t), 0.25 + 0.4 * t, 0.42 - 0.2 * t);
      if (row === 1 && p.light > 0.3) addRays(stage, 1.4);
    }
    const floor = hills(stage, 'floor', h * 0.93, h * 0.07, w * 0.4);
    addGround(stage, floor, h + stage.margin, 0.8, {
      label: 'floor',
      colour: mix(p.leaf, p.ink, 0.5),
      patch: mix(p.leaf, p.leafLit, 0.4),
      patches: -0.1,
      grain: h * 0.03,
      relief: 0.8,
      strata: 2,
      rim: 0.3,
      foot: 0,
    });
    addGrass(
      stage,
      h * 0.9,
      h * 0.17,
      0.95,
      [mix(p.leaf, p.ink, 0.6), mix(p.leaf, p.ink, 0.3), mix(p.leaf, p.leafLit, 0.5)],
      0.01,
    );
    addMotes(stage, {
      count: 34,
      top: h * 0.2,
      bottom: h * 0.95,
      colour: p.light > 0.4 ? [255, 238, 190] : [185, 255, 150],
      size: 2.8,
      rise: 5,
      depth: 0.7,
    });
    stage.perch = { x: w * 0.5, y: h * 0.92, size: h * 0.16, depth: 0.85 };
    sound(stage, 'birds', p.light > 0.4 ? 0.8 : 0.1);
    sound(stage, 'wind', 0.35);
    sound(stage, 'crickets', p.light > 0.4 ? 0 : 0.5);
  },
  far(stage, horizon) {
    const line = hills(stage, 'woods', horizon + stage.height * 0.01, stage.height * 0.03, stage.width * 0.3);
    addTreeline(stage, line, {
      label: 'woods',
      depth: 0.18,
      height: stage.height * 0.05,
      density: 5,
      kind: 'conifer',
      bottom: horizon + stage.height * 0.06,
    });
  },
};

/** One row of trunks that leave the frame at its top, lit on the sun's side, with boughs between. */
function trunks(stage: Stage, row: number, depth: number, foot: number): void {
  const { width: w, height: h, palette: p, margin } = stage;
  const rng = stage.rng.fork(`trunks${row}`);
  const side = stage.sun.x > w / 2 ? 1 : -1;
  const bark = throughAir(stage, mix(tone(p.rock, -0.12, 1.4), p.ink, 0.45 + 0.3 * depth), depth);
  const lit = throughAir(stage, mix(bark, p.sun, 0.42), depth);
  const leaf = throughAir(stage, mix(p.leaf, p.ink, 0.3 + 0.35 * depth), depth);
  const leafLit = throughAir(stage, mix(p.leaf, p.leafLit, 0.6), depth);
  addLayer(stage, band(stage, -margin, foot + h * 0.08), depth, (ctx) => {
    const gap = w * (0.055 + 0.1 * depth);
    for (let x = -margin + rng.next() * gap; x < w + margin; x += gap * rng.between(0.5, 1.7)) {
      const girth = h * (0.008 + 0.05 * depth * depth) * rng.between(0.7, 1.4);
      const base = foot + rng.between(-0.02, 0.04) * h;
      const lean = rng.between(-0.03, 0.03) * h;
      const g = ctx.createLinearGradient(x - girth, 0, x + girth, 0);
      g.addColorStop(side > 0 ? 0 : 1, css(bark));
      g.addColorStop(0.55, css(mix(bark, lit, 0.25)));
      g.addColorStop(side > 0 ? 1 : 0, css(lit));
      ctx.fillStyle = g;
      ctx.beginPath();
      ctx.moveTo(x - girth * 1.7, base);
      ctx.quadraticCurveTo(x - girth, base - girth * 2, x - girth * 0.9, base - h * 0.2);
      ctx.lineTo(x + lean - girth * 0.6, -margin);
      ctx.lineTo(x + lean + girth * 0.6, -margin);
      ctx.lineTo(x + girth * 0.9, base - h * 0.2);
      ctx.quadraticCurveTo(x + girth, base - girth * 2, x + girth * 1.8, base);
      ctx.fill();
      furrows(ctx, rng, { x, lean, girth, foot: base, top: -margin }, bark, lit);
      boughs(
        ctx,
        rng,
        x + lean * 0.6,
        girth,
        h,
        depth,
        stage.season === 'winter' ? [bark, bark] : [leaf, leafLit],
        side,
      );
    }
  });
}

/** Furrows along a trunk, darker and lighter than its bark. */
function furrows(
  ctx: Parameters<Parameters<typeof addLayer>[3]>[0],
  rng: Stage['rng'],
  trunk: { x: number; lean: number; girth: number; foot: number; top: number },
  bark: Rgb,
  lit: Rgb,
): void {
  const { x, lean, girth, foot, top } = trunk;
  const count = Math.round(Math.min(46, girth * 1.6));
  for (let i = 0; i < count; i++) {
    const side = rng.between(-0.85, 0.85);
    const from = top + (foot - top) * rng.next();
    const long = girth * rng.between(1.5, 7);
    const at = (y: number): number => {
      const t = (y - top) / (foot - top);
      return x + lean * (1 - t) + side * girth * (0.6 + 0.3 * t);
    };
    ctx.strokeStyle = css(rng.next() < 0.7 ? tone(bark, -0.06) : lit, rng.between(0.25, 0.6));
    ctx.lineWidth = Math.max(0.8, girth * rng.between(0.03, 0.09));
    ctx.beginPath();
    ctx.moveTo(at(from), from);
    ctx.quadraticCurveTo(
      at(from) + girth * rng.between(-0.08, 0.08),
      from + long / 2,
      at(from + long),
      Math.min(foot, from + long),
    );
    ctx.stroke();
  }
}

function boughs(
  ctx: Parameters<Parameters<typeof addLayer>[3]>[0],
  rng: Stage['rng'],
  x: number,
  girth: number,
  h: number,
  depth: number,
  colours: readonly [Parameters<typeof css>[0], Parameters<typeof css>[0]],
  side: number,
): void {
  const count = 5 + Math.floor(rng.next() * 6);
  for (let i = 0; i < count; i++) {
    const y = rng.between(-0.1, 0.42 - 0.12 * depth) * h;
    const way = rng.next() < 0.5 ? -1 : 1;
    const reach = h * rng.between(0.05, 0.13) * (0.5 + depth);
    for (let k = 0; k < 16; k++) {
      const t = k / 15;
      const px = x + way * (girth * 0.5 + reach * t);
      const py = y + reach * 0.22 * t * t + rng.between(-0.15, 0.15) * reach;
      const s = reach * rng.between(0.06, 0.16);
      ctx.fillStyle = css(rng.next() < 0.35 && way === side ? colours[1] : colours[0], 0.9);
      ctx.beginPath();
      ctx.ellipse(px, py, s, s * 0.45, rng.between(-0.6, 0.6), 0, Math.PI * 2);
      ctx.fill();
    }
  }
}
