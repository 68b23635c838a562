import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { css, mix, type Rgb, tone } from '../colour.ts';
import { pick, type Random } from '../random.ts';
import { addLayer, band, type Stage } from '../stage.ts';
import { along, type Ridge, throughAir, topOf } from './land.ts';
import { addGround } from './rock.ts';

/** A fir or spruce standing on x, y; drooping layered boughs, lit from `light` (−1 left, 1 right). */
export function paintConifer(
  ctx: SKRSContext2D,
  rng: Random,
  x: number,
  y: number,
  height: number,
  dark: Rgb,
  lit: Rgb,
  light: number,
  snow: Rgb | null = null,
): void {
  const tiers = Math.max(8, Math.min(24, Math.round(height / 8)));
  const spread = height * rng.between(0.21, 0.29);
  ctx.fillStyle = css(tone(dark, -0.03));
  ctx.fillRect(x - height * 0.012, y - height * 0.3, height * 0.024, height * 0.3);
  for (let pass = 0; pass < (snow ? 3 : 2); pass++) {
    ctx.fillStyle = css(
      pass === 0 ? dark : pass === 1 ? lit : (snow as Rgb),
      pass === 0 ? 1 : pass === 1 ? 0.55 : 0.85,
    );
    const own = rng.fork(`${x}${pass === 0 ? '' : 'lit'}`);
    for (let i = 0; i < tiers; i++) {
      const t = i / (tiers - 1);
      const top = y - height + t * height * 0.93;
      const half = spread * (0.05 + t ** 0.85) * own.between(0.78, 1.12);
      const drop = (height / tiers) * 2.5;
      const side = pass === 0 ? 0 : light * half * 0.22;
      const width = pass === 0 ? half : half * 0.66;
      const rise = pass === 0 ? 0 : drop * 0.16;
      ctx.beginPath();
      ctx.moveTo(x + side * 0.3, top - rise);
      const teeth = height > 70 ? 4 : 2;
      for (let s = 1; s <= teeth; s++) {
        const k = s / teeth;
        ctx.lineTo(x + side + width * k, top - rise + drop * (0.35 + 0.65 * k) * (pass === 2 ? 0.55 : 1));
        ctx.lineTo(
          x + side + width * (k - 0.12),
          top - rise + drop * (0.3 + 0.5 * k) * (pass === 2 ? 0.4 : 1),
        );
      }
      for (let s = teeth; s >= 1; s--) {
        const k = s / teeth;
        ctx.lineTo(
          x + side - width * (k - 0.12),
          top - rise + drop * (0.3 + 0.5 * k) * (pass === 2 ? 0.4 : 1),
        );
        ctx.lineTo(x + side - width * k, top - rise + drop * (0.35 + 0.65 * k) * (pass === 2 ? 0.55 : 1));
      }
      ctx.closePath();
      ctx.fill();
    }
  }
}

/** A broad crown of many leaf clusters on a forked trunk. */
export function paintBroadleaf(
  ctx: SKRSContext2D,
  rng: Random,
  x: number,
  y: number,
  height: number,
  dark: Rgb,
  lit: Rgb,
  trunk: Rgb,
  light: number,
  bare = false,
): void {
  ctx.strokeStyle = css(trunk);
  ctx.lineCap = 'round';
  const grow = (
    bx: number,
    by: number,
    angle: number,
    length: number,
    width: number,
    level: number,
  ): void => {
    const ex = bx + Math.cos(angle) * length;
    const ey = by + Math.sin(angle) * length;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(bx, by);
    ctx.quadraticCurveTo((bx + ex) / 2 + rng.between(-0.1, 0.1) * length, (by + ey) / 2, ex, ey);
    ctx.stroke();
    if (level === 0 || width < 0.7) return;
    const forks = level > 3 ? 2 : 3;
    for (let i = 0; i < forks; i++) {
      const turn = (i - (forks - 1) / 2) * rng.between(0.55, 0.85) + rng.between(-0.15, 0.15);
      grow(ex, ey, angle * 0.92 - 0.126 + turn, length * rng.between(0.66, 0.82), width * 0.62, level - 1);
    }
  };
  grow(x, y, -Math.PI / 2, height * 0.3, height * 0.045, bare ? 5 : 2);
  if (bare) return;
  const wide = height * rng.between(0.26, 0.36);
  const blobs = Array.from({ length: 46 }, () => {
    const a = rng.next() * Math.PI * 2;
    const d = rng.next() ** 0.55;
    const py = Math.sin(a) * d;
    return {
      x: x + Math.cos(a) * d * wide * (1 - 0.25 * Math.max(0, -py)),
      y: y - height * 0.63 + py * height * 0.33,
      r: height * rng.between(0.055, 0.115),
    };
  }).sort((one, two) => two.y - one.y);
  for (const b of blobs) leafCluster(ctx, rng, b.x, b.y, b.r, dark, 1);
  for (const b of blobs) {
    leafCluster(ctx, rng, b.x + light * b.r * 0.35, b.y - b.r * 0.4, b.r * 0.72, mix(dark, lit, 0.65), 0.75);
  }
  for (const b of blobs) {
    if (rng.next() < 0.6)
      leafCluster(ctx, rng, b.x + light * b.r * 0.55, b.y - b.r * 0.65, b.r * 0.45, lit, 0.75);
  }
}

function leafCluster(
  ctx: SKRSContext2D,
  rng: Random,
  x: number,
  y: number,
  r: number,
  c: Rgb,
  alpha: number,
): void {
  const leaves = Math.round(Math.min(26, 8 + r * 0.9));
  ctx.fillStyle = css(c, alpha);
  ctx.beginPath();
  for (let i = 0; i < leaves; i++) {
    const a = rng.next() * Math.PI * 2;
    const d = Math.sqrt(rng.next()) * r;
    const s = r * rng.between(0.16, 0.36);
    const px = x + Math.cos(a) * d;
    const py = y + Math.sin(a) * d * 0.85;
    ctx.moveTo(px + s, py);
    ctx.ellipse(px, py, s, s * 0.7, a, 0, Math.PI * 2);
  }
  ctx.fill();
}

/** A tree drawn once, to be set many times. */
interface Stamp {
  readonly canvas: Canvas;
  readonly size: number;
}

const STAMPS = 6;

/** Trees of one kind under one light; `size` is the height that they are drawn for. */
function stamps(
  rng: Random,
  size: number,
  paintOne: (ctx: SKRSContext2D, rng: Random, x: number, y: number) => void,
): Stamp[] {
  return Array.from({ length: STAMPS }, (_, i) => {
    const canvas = createCanvas(Math.ceil(size * 1.5), Math.ceil(size * 1.3));
    paintOne(canvas.getContext('2d'), rng.fork(`stamp${i}`), size * 0.75, size * 1.25);
    return { canvas, size };
  });
}

function setStamp(ctx: SKRSContext2D, stamp: Stamp, x: number, y: number, height: number): void {
  const k = height / stamp.size;
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(k, k);
  ctx.drawImage(stamp.canvas, -stamp.size * 0.75, -stamp.size * 1.25);
  ctx.restore();
}

/** A line of trees along a ridge at a depth, conifers or broad crowns, through the air of that distance. */
export function addTreeline(
  stage: Stage,
  ridge: Ridge,
  options: {
    readonly label: string;
    readonly depth: number;
    readonly height: number;
    readonly density: number;
    readonly kind: 'conifer' | 'broadleaf' | 'mixed';
    readonly bottom: number;
    /** Where trees stand along the line; everywhere if not given. */
    readonly where?: (x: number) => boolean;
    /** Whether the ground under the line is filled too. */
    readonly ground?: boolean;
  },
): void {
  const { palette: p } = stage;
  const { depth, height } = options;
  const light = stage.sun.x > stage.width / 2 ? 1 : -1;
  const dark = throughAir(stage, mix(p.leaf, p.ink, 0.38 + 0.3 * depth), depth);
  const lit = throughAir(stage, mix(p.leaf, p.leafLit, 0.5), depth);
  const trunk = throughAir(stage, p.ink, depth);
  const snow = stage.season === 'winter' ? throughAir(stage, p.snow, depth) : null;
  const box = band(stage, topOf(stage, ridge) - height * 1.45, options.bottom);
  const rng = stage.rng.fork(`stamps${options.label}`);
  const size = height * 1.3;
  const conifers =
    options.kind === 'broadleaf'
      ? []
      : stamps(rng, size, (ctx, own, x, y) => paintConifer(ctx, own, x, y, size, dark, lit, light, snow));
  const crowns =
    options.kind === 'conifer'
      ? []
      : stamps(rng, size, (ctx, own, x, y) =>
          paintBroadleaf(ctx, own, x, y, size, dark, lit, trunk, light, snow !== null),
        );
  addLayer(stage, box, depth, (ctx) => {
    along(
      stage,
      ridge,
      (own) => (height / options.density) * own.between(0.4, 1.3),
      options.label,
      (x, y, own) => {
        const tall = height * own.between(0.6, 1.3);
        const kinds =
          options.kind === 'mixed'
            ? own.next() < 0.4
              ? crowns
              : conifers
            : options.kind === 'broadleaf'
              ? crowns
              : conifers;
        const stamp = pick(own, kinds);
        if (!options.where || options.where(x)) setStamp(ctx, stamp, x, y + tall * 0.06, tall);
      },
    );
  });
  if (options.ground === false) return;
  const floor = snow ? p.snow : mix(p.grass, p.leaf, 0.35);
  addGround(stage, ridge, options.bottom, depth, {
    label: options.label,
    colour: mix(floor, p.ink, 0.12 * depth),
    patch: snow ? mix(p.snow, p.skyMid, 0.25) : mix(p.leaf, p.leafLit, 0.45),
    patches: -0.12,
    grain: height * 0.45,
    relief: 0.6,
    strata: 2.4,
    rim: 0.35,
    foot: 0.55,
  });
}
