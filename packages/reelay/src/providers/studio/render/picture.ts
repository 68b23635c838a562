import { access } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { drawSprite } from './blend.ts';
import { type Brief, readBrief } from './brief.ts';
import { ease } from './camera.ts';
import type { FilmOrder } from './film.ts';
import { composeOverlay } from './overlay.ts';
import { flashAt, strikes } from './parts/storm.ts';
import { type Frame, type Sprite, spriteFromRgba } from './planes.ts';
import { hash32, type Random, random } from './random.ts';
import { sizeOfRatio } from './size.ts';
import type { SoundName } from './sound/names.ts';
import type { Score } from './sound/score.ts';
import { type Moment, projection } from './stage.ts';
import { SUBJECTS } from './subjects/all.ts';

/** How much larger than the frame a picture is kept, so that the camera can come closer without softness. */
const RESERVE = 1.25;

/** Thrown where a customer's picture cannot be decoded. */
export class UnreadablePicture extends Error {
  override readonly name = 'UnreadablePicture';
}

/** A film that moves over a customer's picture, with what the prompt asks laid over it. */
export async function composePicture(order: FilmOrder): Promise<{
  width: number;
  height: number;
  draw(into: Frame, seconds: number): void;
  sound: Score;
}> {
  const first = order.pictures[0] ?? '';
  await access(first);
  const { width, height } = await pictureSize(first);
  const brief = readBrief(order.prompt, SUBJECTS);
  const rng = random(hash32(`${order.seed}\n${order.prompt}`));
  const sprites = await Promise.all(order.pictures.slice(0, 2).map((path) => load(path, width, height)));
  const lightness = sprites[0] ? meanLightness(sprites[0]) : 0.5;
  const { stage, ripples } = composeOverlay(
    order.prompt,
    brief,
    rng.fork('overlay'),
    width,
    height,
    lightness,
  );
  const move = pictureMove(brief, rng);
  const times = stage.weather === 'storm' ? strikes(stage, order.seconds) : [];
  const draw = (into: Frame, seconds: number): void => {
    const share = seconds / order.seconds;
    const at = move(share, seconds, width, height);
    sprites.forEach((sprite, i) => {
      const opacity = i === 0 ? 1 : ease(Math.min(1, Math.max(0, (share - 0.45) / 0.4)));
      drawSprite(
        into,
        sprite,
        at.x,
        at.y,
        at.scale / RESERVE,
        opacity,
        depthWarp(at.shear, ripples, seconds * brief.pace, width),
      );
    });
    const project = projection({ ...STILL, truckX: at.shear * width }, width, height);
    const now: Moment = { seconds: seconds * brief.pace, share, flash: flashAt(times, seconds), project };
    for (const element of stage.elements) element(into, now);
  };
  const levels = new Map<SoundName, number>(brief.sounds.map((name) => [name, 0.9]));
  if (stage.weather === 'rain' || stage.weather === 'storm') levels.set('rain', 0.8);
  if (times.length > 0) levels.set('thunder', 1);
  if (ripples && levels.size === 0) levels.set('water', 0.5);
  levels.set('music', 0.8);
  const { prompt, seed, seconds } = order;
  return { width, height, draw, sound: { prompt, seed, seconds, levels, strikes: times, brief } };
}

const STILL = { panX: 0, panY: 0, truckX: 0, truckY: 0, lens: 1, dolly: 0 };

/**
 * How rows move aside: the lower, the nearer, the further when the camera travels (a depth that nearly every
 * picture has, without a seam), and the rows of water besides.
 */
function depthWarp(
  shear: number,
  ripples: boolean,
  seconds: number,
  width: number,
): (share: number) => number {
  return (share) => {
    const near = share * share * (3 - 2 * share) - 0.5;
    const travel = -shear * width * near;
    if (!ripples || share < 0.52) return travel;
    const p = (share - 0.52) / 0.48;
    const wave = Math.sin(70 / (p + 0.22) + seconds * 3.1) + 0.6 * Math.sin(118 / (p + 0.3) - seconds * 2.3);
    return travel + wave * Math.min(1, p * 4) * width * 0.0017 * (0.4 + p);
  };
}

/** Mean luma of a picture, 0..1. */
function meanLightness(sprite: Sprite): number {
  let sum = 0;
  for (let i = 0; i < sprite.y.length; i += 97) sum += sprite.y[i] ?? 0;
  return (sum / Math.ceil(sprite.y.length / 97) - 16) / 219;
}

async function pictureSize(path: string): Promise<{ width: number; height: number }> {
  try {
    const meta = await sharp(path, { limitInputPixels: 50_000_000, failOn: 'error' }).metadata();
    const turned = (meta.orientation ?? 1) >= 5;
    return turned ? sizeOfRatio(meta.height, meta.width) : sizeOfRatio(meta.width, meta.height);
  } catch (error) {
    throw new UnreadablePicture(error instanceof Error ? error.message : String(error));
  }
}

/** Decodes a picture upright, fits it to the film, and lays what is transparent on its own mean colour. */
async function load(path: string, width: number, height: number): Promise<Sprite> {
  const w = Math.round((width * RESERVE) / 2) * 2;
  const h = Math.round((height * RESERVE) / 2) * 2;
  try {
    const open = (): Sharp => sharp(path, { limitInputPixels: 50_000_000, failOn: 'error' }).rotate();
    const { dominant } = await open().resize(64, 64, { fit: 'inside' }).stats();
    const data = await open()
      .resize(w, h, { fit: 'cover' })
      .flatten({ background: dominant })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer();
    return spriteFromRgba(data, w, h, 0, 0);
  } catch (error) {
    throw new UnreadablePicture(error instanceof Error ? error.message : String(error));
  }
}

type Move = (
  share: number,
  seconds: number,
  width: number,
  height: number,
) => { readonly x: number; readonly y: number; readonly scale: number; readonly shear: number };

/** The most that near rows may run ahead of far ones, as a share of the width. */
const SHEAR = 0.022;

/** Eased sub-pixel motion that never shows an edge: a window that grows or travels inside the picture. */
function pictureMove(brief: Brief, rng: Random): Move {
  const has = (name: Brief['camera'][number]): boolean => brief.camera.includes(name);
  const still = has('still');
  const away = has('zoom-out') || has('pull-back');
  const strong = away || has('zoom-in') || has('push-in');
  const grow = (still ? 0 : strong ? 0.24 : 0.1) * (brief.pace < 1 ? 0.6 : 1);
  const aimX = rng.between(0.42, 0.58);
  const aimY = rng.between(0.38, 0.52);
  const drift = still || strong ? 0 : rng.next() < 0.5 ? -0.5 : 0.5;
  const panX = has('pan-left') ? -1 : has('pan-right') ? 1 : has('orbit') ? 0.8 : drift * 0.5;
  const panY = has('tilt-up') ? -1 : has('tilt-down') ? 1 : has('aerial') ? 0.6 : 0;
  const depth = still ? 0 : has('orbit') ? 1.6 : Math.sign(panX);
  const shake = has('handheld') ? 1 : 0;
  return (share, seconds, width, height) => {
    const e = ease(share);
    const base =
      1.012 + 2 * SHEAR * Math.abs(depth) + 0.13 * Math.max(Math.abs(panX), Math.abs(panY)) + shake * 0.03;
    const scale = base + grow * (away ? 1 - e : e);
    const reserve = SHEAR * Math.abs(depth) * width;
    const wobble = shake * 0.12;
    const tx = clamp(
      aimX + panX * (e - 0.5) + wobble * Math.sin(seconds * 1.9) * Math.sin(seconds * 0.7 + 1),
    );
    const ty = clamp(aimY + panY * (e - 0.5) + wobble * Math.sin(seconds * 2.3 + 2));
    return {
      x: -(width * (scale - 1) - 2 * reserve) * tx - reserve - 0.5,
      y: -height * (scale - 1) * ty - 0.5,
      scale: scale + 3 / Math.min(width, height),
      shear: SHEAR * depth * (e - 0.5) * 2,
    };
  };
}

const clamp = (v: number): number => Math.min(1, Math.max(0, v));
