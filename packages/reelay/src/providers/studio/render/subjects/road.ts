import { drawLight, drawSprite } from '../blend.ts';
import { css, mix, type Rgb, toYuv } from '../colour.ts';
import { addMassif, addMist, crests, hills, throughAir } from '../parts/land.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { paintConifer } from '../parts/trees.ts';
import { wrap } from '../parts/weather.ts';
import { type Frame, paint, paintLight } from '../planes.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A road to the horizon that we travel along; a car ahead where the words name one. */
export const road: Subject = {
  name: 'road',
  words: {
    en: 'road highway roads car cars drive driving driver motorway route roadtrip truck vehicle',
    pl: 'droga drodze droge autostrad* samoch* auto auta szos* jazda',
    nl: 'weg wegen snelweg auto auto_s rijdt rijden',
  },
  role: 'place',
  weight: 2.5,
  prefers: { time: 'golden' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.54;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    else
      addMassif(
        stage,
        crests(stage, 'back', horizon + 2, Math.min(w, h) * 0.24, w * 0.3),
        horizon + 8,
        0.1,
        horizon - h * 0.16,
      );
    addMist(stage, horizon - h * 0.12, horizon + h * 0.02, 0.12, 0.45);
    addGround(stage, hills(stage, 'plain', horizon + h * 0.012, h * 0.02, w * 0.3), h + stage.margin, 0.14, {
      label: 'plain',
      colour: mix(p.grass, p.sand, 0.35),
      patch: mix(p.leaf, p.leafLit, 0.3),
      patches: -0.1,
      grain: h * 0.02,
      relief: 0.5,
      strata: 6,
      rim: 0.2,
      foot: -0.1,
    });
    travel(stage, horizon + h * 0.012);
    if (stage.brief.sounds.includes('engine')) car(stage, horizon);
    stage.perch = { x: w * 0.5, y: h * 0.84, size: h * 0.16, depth: 0.5 };
    sound(stage, 'engine', 0.55);
    sound(stage, 'wind', 0.35);
  },
};

const SPEED = 13;

/** The road and what stands beside it, coming nearer row by row and tree by tree out of the haze. */
function travel(stage: Stage, horizon: number): void {
  const { palette: p } = stage;
  const rng = stage.rng.fork('verge');
  const size = 240;
  const light = stage.sun.x > stage.width / 2 ? 1 : -1;
  const trees = [0.15, 0.45, 0.9].map((depth) =>
    [0, 1].map((i) =>
      paint({ x: 0, y: 0, width: size * 0.62, height: size }, (ctx) => {
        const dark = throughAir(stage, mix(p.leaf, p.ink, 0.5), depth);
        const lit = throughAir(stage, mix(p.leaf, p.leafLit, 0.5), depth);
        paintConifer(
          ctx,
          rng.fork(`tree${i}`),
          size * 0.31,
          size * 0.99,
          size * 0.96,
          dark,
          lit,
          light,
          stage.season === 'winter' ? p.snow : null,
        );
      }),
    ),
  );
  const posts = Array.from({ length: 26 }, (_, i) => ({
    at: (i / 26) * 130,
    side: i % 2 ? 1 : -1,
    out: rng.between(2.9, 8),
    tall: rng.between(2.6, 4.6),
    kind: i % 2,
  }));
  const tarmac = toYuv(mix(mix([74, 76, 82], p.haze, 0.12), p.ink, 0.25 * (1 - p.light)));
  const paintYuv = toYuv(mix([240, 236, 222], p.haze, 0.15));
  const haze = toYuv(p.haze);
  stage.elements.push((frame, now) => {
    const edge = now.project(stage.width / 2, horizon, 0.14);
    tarmacRows(frame, stage, edge, now.seconds, tarmac, paintYuv, haze);
    const order = posts
      .map((post) => ({ ...post, z: wrap(post.at - now.seconds * SPEED, 130) + 1.2 }))
      .sort((a, b) => b.z - a.z);
    for (const post of order) {
      const k = (stage.height * 0.9) / post.z;
      const x = edge.x + bend(post.z, now.seconds) * k + post.side * post.out * k;
      const y = edge.y + 0.5 * k;
      const row = trees[post.z > 60 ? 0 : post.z > 24 ? 1 : 2]?.[post.kind];
      const scale = (post.tall * k) / size;
      const near = Math.min(1, (post.z - 1.2) / 0.8) * Math.min(1, (130 - post.z) / 25);
      if (row && scale < 12)
        drawSprite(frame, row, x - size * 0.31 * scale, y - size * 0.985 * scale, scale, near);
    }
  });
}

/** How far the road has swung aside at a distance. */
function bend(z: number, seconds: number): number {
  return (
    0.55 * Math.sin((z + seconds * SPEED) * 0.02) * (z / 30) ** 1.3 -
    0.55 * Math.sin(seconds * SPEED * 0.02) * (z / 30) ** 1.3
  );
}

function tarmacRows(
  frame: Frame,
  stage: Stage,
  edge: { x: number; y: number },
  seconds: number,
  tarmac: Rgb,
  white: Rgb,
  haze: Rgb,
): void {
  const { width, height } = frame;
  const start = Math.max(0, Math.ceil(edge.y + 1));
  const eye = stage.height * 0.45;
  for (let y = start; y < height; y++) {
    const z = eye / (y - edge.y);
    const k = (stage.height * 0.9) / z;
    const centre = edge.x + bend(z, seconds) * k;
    const half = 1.55 * k;
    const veil = Math.min(0.9, z / 110) ** 1.3;
    const travelled = z + seconds * SPEED;
    const dash = wrap(travelled, 5) < 2.1 ? 1 : 0;
    const grain = 3 * Math.sin(travelled * 2.1) * (1 - veil);
    const soft = Math.max(1.2, 0.035 * k);
    const from = Math.max(0, Math.floor(centre - half - soft));
    const to = Math.min(width, Math.ceil(centre + half + soft));
    for (let x = from; x < to; x++) {
      const off = Math.abs(x - centre);
      const a = Math.min(1, Math.max(0, (half - off) / soft));
      const middle = dash * Math.min(1, Math.max(0, (0.06 * k - off) / (soft * 0.6) + 0.3));
      const border = Math.min(1, Math.max(0, 1 - Math.abs(off - half * 0.93) / (0.045 * k + 0.4)));
      const line = Math.min(1, Math.max(middle, border * 0.85)) * (1 - veil * 0.7);
      const i = y * width + x;
      let luma = (tarmac[0] as number) + grain + ((white[0] as number) - (tarmac[0] as number)) * line;
      luma += ((haze[0] as number) - luma) * veil;
      frame.y[i] = (frame.y[i] as number) * (1 - a) + luma * a;
      if ((x & 1) === 0 && (y & 1) === 0) {
        const c = (y >> 1) * (width >> 1) + (x >> 1);
        const cu = (tarmac[1] as number) + ((haze[1] as number) - (tarmac[1] as number)) * veil;
        const cv = (tarmac[2] as number) + ((haze[2] as number) - (tarmac[2] as number)) * veil;
        frame.u[c] = (frame.u[c] as number) * (1 - a) + cu * a;
        frame.v[c] = (frame.v[c] as number) * (1 - a) + cv * a;
      }
    }
  }
}

/** The car ahead, seen from behind: it breathes on its springs and keeps its lane. */
function car(stage: Stage, horizon: number): void {
  const { palette: p, width: w, height: h } = stage;
  const s = Math.min(w, h) * 0.3;
  const rng = stage.rng.fork('car');
  const hues: readonly Rgb[] = [
    [176, 34, 38],
    [36, 84, 140],
    [226, 226, 222],
    [204, 150, 44],
    [42, 108, 92],
  ];
  const body = mix(
    hues[Math.floor(rng.next() * hues.length)] ?? [176, 34, 38],
    p.ink,
    0.18 + 0.4 * (1 - p.light),
  );
  const sprite = paint({ x: 0, y: 0, width: s * 1.3, height: s }, (ctx) => paintCar(ctx, s, body, stage));
  const lamp = paintLight(s * 0.5, s * 0.5, (ctx) => {
    const c = s * 0.25;
    const g = ctx.createRadialGradient(c, c, 0, c, c, c);
    g.addColorStop(0, 'rgba(255,70,50,0.75)');
    g.addColorStop(0.3, 'rgba(255,30,20,0.25)');
    g.addColorStop(1, 'rgba(255,20,20,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, c * 2, c * 2);
  });
  stage.elements.push((frame, now) => {
    const t = now.seconds;
    const at = now.project(w / 2, horizon, 0.14);
    const x = at.x + s * (0.34 + 0.06 * Math.sin(t * 0.8)) - s * 0.65;
    const y = at.y + h * 0.13 + s * (0.006 * Math.sin(t * 7.3) + 0.005 * Math.sin(t * 11.1));
    drawSprite(frame, sprite, x, y);
    for (const lx of [0.24, 1.06])
      drawLight(frame, lamp, x + s * lx - s * 0.25, y + s * 0.51 - s * 0.25, 1, 1.1 - 0.7 * p.light);
  });
}

function paintCar(ctx: Parameters<Parameters<typeof paint>[1]>[0], s: number, body: Rgb, stage: Stage): void {
  const { palette: p } = stage;
  const shade = ctx.createRadialGradient(s * 0.65, s * 0.9, 0, s * 0.65, s * 0.9, s * 0.62);
  shade.addColorStop(0, css(p.ink, 0.75));
  shade.addColorStop(0.75, css(p.ink, 0.4));
  shade.addColorStop(1, css(p.ink, 0));
  ctx.save();
  ctx.scale(1, 0.16);
  ctx.translate(0, s * 4.78);
  ctx.fillStyle = shade;
  ctx.fillRect(0, 0, s * 1.3, s * 2);
  ctx.restore();
  ctx.fillStyle = css(mix(p.ink, [20, 20, 24], 0.6));
  for (const x of [0.16, 0.96]) roundRect(ctx, s * x, s * 0.68, s * 0.18, s * 0.23, s * 0.05);
  const g = ctx.createLinearGradient(0, s * 0.1, 0, s * 0.85);
  g.addColorStop(0, css(mix(body, p.sun, 0.45)));
  g.addColorStop(0.35, css(body));
  g.addColorStop(1, css(mix(body, p.ink, 0.55)));
  ctx.fillStyle = g;
  ctx.beginPath();
  ctx.moveTo(s * 0.3, s * 0.4);
  ctx.bezierCurveTo(s * 0.34, s * 0.2, s * 0.38, s * 0.14, s * 0.46, s * 0.135);
  ctx.lineTo(s * 0.84, s * 0.135);
  ctx.bezierCurveTo(s * 0.92, s * 0.14, s * 0.96, s * 0.2, s * 1.0, s * 0.4);
  ctx.fill();
  roundRect(ctx, s * 0.12, s * 0.36, s * 1.06, s * 0.42, s * 0.1);
  const glass = ctx.createLinearGradient(0, s * 0.17, 0, s * 0.4);
  glass.addColorStop(0, css(mix(p.skyLow, p.ink, 0.25)));
  glass.addColorStop(1, css(mix(p.skyMid, p.ink, 0.65)));
  ctx.fillStyle = glass;
  ctx.beginPath();
  ctx.moveTo(s * 0.37, s * 0.385);
  ctx.bezierCurveTo(s * 0.4, s * 0.24, s * 0.43, s * 0.185, s * 0.48, s * 0.18);
  ctx.lineTo(s * 0.82, s * 0.18);
  ctx.bezierCurveTo(s * 0.87, s * 0.185, s * 0.9, s * 0.24, s * 0.93, s * 0.385);
  ctx.fill();
  ctx.fillStyle = css(mix(body, p.ink, 0.7));
  roundRect(ctx, s * 0.14, s * 0.66, s * 1.02, s * 0.12, s * 0.05);
  ctx.fillStyle = css([196, 40, 34]);
  for (const x of [0.15, 0.97]) roundRect(ctx, s * x, s * 0.47, s * 0.18, s * 0.085, s * 0.03);
  ctx.fillStyle = css([235, 232, 214], 0.9);
  roundRect(ctx, s * 0.53, s * 0.56, s * 0.24, s * 0.07, s * 0.012);
}

function roundRect(
  ctx: Parameters<Parameters<typeof paint>[1]>[0],
  x: number,
  y: number,
  w: number,
  h: number,
  r: number,
): void {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, r);
  ctx.fill();
}
