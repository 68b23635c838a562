import { drawLight } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { addMotes } from '../parts/air.ts';
import { addPuffs } from '../parts/fall.ts';
import { addFlames } from '../parts/flames.ts';
import { addMist, hills } from '../parts/land.ts';
import { addBoulders, addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { paintLight } from '../planes.ts';
import { addLayer, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A campfire in a clearing, its light on the trees around. */
export const fire: Subject = {
  name: 'fire',
  words: {
    en: 'fire campfire bonfire flames flame burning blaze fireplace',
    pl: 'ogien ognia ogniem ognisk* plomie* plona* pozar* kominek kominku',
    nl: 'vuur kampvuur* vlam vlammen brand* openhaard haard',
  },
  role: 'place',
  weight: 2.6,
  prefers: { time: 'night' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    addSky(stage, h * 0.6);
    if (stage.backdrop?.far) stage.backdrop.far(stage, h * 0.6);
    const back = hills(stage, 'back', h * 0.68, h * 0.06, w * 0.5);
    addTreeline(stage, back, {
      label: 'back',
      depth: 0.25,
      height: h * 0.3,
      density: 4.4,
      kind: 'conifer',
      bottom: h * 0.8,
    });
    addMist(stage, h * 0.5, h * 0.76, 0.3, 0.4);
    const ring = hills(stage, 'ring', h * 0.74, h * 0.04, w * 0.6);
    addTreeline(stage, ring, {
      label: 'ring',
      depth: 0.42,
      height: h * 0.5,
      density: 2.2,
      kind: 'mixed',
      bottom: h * 0.84,
      where: (x) => Math.abs(x / w - 0.5) > 0.2,
    });
    const floor = hills(stage, 'floor', h * 0.79, h * 0.03, w * 0.6);
    addGround(stage, floor, h + stage.margin, 0.6, {
      label: 'floor',
      colour: mix(p.grass, p.ink, 0.55),
      patch: mix(p.rock, p.ink, 0.4),
      patches: 0,
      grain: h * 0.035,
      relief: 0.8,
      strata: 2.4,
      rim: 0.1,
      foot: 0,
    });
    hearth(stage, w * 0.5, h * 0.86, Math.min(h, w) * 0.34);
    stage.perch = { x: w * 0.26, y: h * 0.87, size: h * 0.15, depth: 0.62 };
    sound(stage, 'fire', 1);
    sound(stage, 'crickets', 0.25);
  },
};

function hearth(stage: Stage, x: number, y: number, size: number): void {
  const { palette: p } = stage;
  const depth = 0.62;
  glow(stage, x, y, size, depth);
  addPuffs(stage, {
    label: 'smoke',
    x,
    y: y - size * 0.8,
    width: size * 0.2,
    rise: size * 1.3,
    size: size * 0.2,
    count: 14,
    colour: mix(p.haze, [120, 110, 110], 0.4),
    strength: 0.22,
    rate: 0.18,
    depth,
    lean: 0.15,
  });
  const rng = stage.rng.fork('ring-of-stones');
  const stones = Array.from({ length: 11 }, (_, i) => {
    const a = Math.PI * (i / 10);
    const s = size * rng.between(0.09, 0.14);
    return { x: x + Math.cos(a) * size * 0.5, y: y + Math.sin(a) * size * 0.11, width: s * 1.7, height: s };
  }).sort((a, b) => a.y - b.y);
  logs(stage, x, y, size, depth);
  addFlames(stage, { x, foot: y + size * 0.03, width: size * 0.52, height: size * 0.95, depth });
  addBoulders(stage, 'stones', depth, stones);
  addMotes(stage, {
    count: 46,
    top: y - size * 2.2,
    bottom: y - size * 0.2,
    colour: [255, 140, 50],
    size: 1.7,
    rise: 90,
    depth,
  });
}

function logs(stage: Stage, x: number, y: number, size: number, depth: number): void {
  const box = { x: x - size * 0.45, y: y - size * 0.25, width: size * 0.9, height: size * 0.35 };
  addLayer(stage, box, depth, (ctx) => {
    ctx.lineCap = 'round';
    for (const [x0, y0, x1, y1] of [
      [-0.34, 0.04, 0.22, -0.1],
      [0.34, 0.05, -0.2, -0.12],
      [-0.24, 0.05, 0.28, 0.02],
    ] as const) {
      for (const [thick, colour] of [
        [0.1, [38, 22, 16]],
        [0.055, [122, 52, 22]],
        [0.02, [250, 130, 40]],
      ] as const) {
        ctx.strokeStyle = css(colour);
        ctx.lineWidth = size * thick;
        ctx.beginPath();
        ctx.moveTo(x + size * x0, y + size * y0);
        ctx.lineTo(x + size * x1, y + size * y1);
        ctx.stroke();
      }
    }
  });
}

/** The fire's light on everything around, never quite still. */
function glow(stage: Stage, x: number, y: number, size: number, depth: number): void {
  const wide = Math.ceil((size * 5.2) / 8);
  const light = paintLight(wide, wide, (ctx) => {
    const c = wide / 2;
    const g = ctx.createRadialGradient(c, c, 0, c, c, c);
    g.addColorStop(0, 'rgba(255,150,60,0.62)');
    g.addColorStop(0.18, 'rgba(255,120,45,0.42)');
    g.addColorStop(0.5, 'rgba(220,90,35,0.2)');
    g.addColorStop(1, 'rgba(150,50,20,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, wide, wide);
  });
  const flicker = curve(stage.rng.fork('flicker'), 3);
  stage.elements.push((frame, now) => {
    const at = now.project(x - wide * 4, y - size * 0.3 - wide * 4, depth);
    drawLight(frame, light, at.x, at.y, 8 * at.scale, 1.15 + 0.16 * flicker(now.seconds * 3.4));
  });
}
