import { access } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { drawSprite } from './blend.ts';
import { type Brief, readBrief } from './brief.ts';
import { ease } from './camera.ts';
import type { FilmOrder } from './film.ts';
import { type Frame, type Sprite, spriteFromRgba } from './planes.ts';
import { hash32, type Random, random } from './random.ts';
import { sizeOfRatio } from './size.ts';
import type { SoundName } from './sound/names.ts';
import type { composeSound } from './sound/score.ts';
import { SUBJECTS } from './subjects/all.ts';

/** How much larger than the frame a picture is kept, so that the camera can come closer without softness. */
const RESERVE = 1.25;

/** Thrown where a customer's picture cannot be decoded. */
export class UnreadablePicture extends Error {
  override readonly name = 'UnreadablePicture';
}

/** A film that moves over a customer's picture. */
export async function composePicture(order: FilmOrder): Promise<{
  width: number;
  height: number;
  draw(into: Frame, seconds: number): void;
  sound: Parameters<typeof composeSound>[0];
}> {
  const first = order.pictures[0] ?? '';
  await access(first);
  const { width, height } = await pictureSize(first);
  const brief = readBrief(order.prompt, SUBJECTS);
  const rng = random(hash32(`${order.seed}\n${order.prompt}`));
  const sprites = await Promise.all(order.pictures.slice(0, 2).map((path) => load(path, width, height)));
  const move = pictureMove(brief, rng);
  const draw = (into: Frame, seconds: number): void => {
    const share = seconds / order.seconds;
    const at = move(share, seconds, width, height);
    sprites.forEach((sprite, i) => {
      const opacity = i === 0 ? 1 : ease(Math.min(1, Math.max(0, (share - 0.45) / 0.4)));
      drawSprite(into, sprite, at.x, at.y, at.scale / RESERVE, opacity);
    });
  };
  const levels = new Map<SoundName, number>(brief.sounds.map((name) => [name, 0.9]));
  levels.set('music', 0.8);
  return { width, height, draw, sound: { ...order, levels, strikes: [], brief } };
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
) => { x: number; y: number; scale: number };

/** Eased sub-pixel motion that never shows an edge: a window that grows or travels inside the picture. */
function pictureMove(brief: Brief, rng: Random): Move {
  const has = (name: Brief['camera'][number]): boolean => brief.camera.includes(name);
  const still = has('still');
  const away = has('zoom-out') || has('pull-back') || has('tilt-down');
  const strong = has('zoom-in') || has('zoom-out') || has('push-in') || has('pull-back');
  const grow = still ? 0 : strong ? 0.24 : 0.12;
  const aimX = rng.between(0.4, 0.6);
  const aimY = rng.between(0.38, 0.52);
  const panX = has('pan-left') ? -1 : has('pan-right') ? 1 : has('orbit') ? 0.7 : 0;
  const panY = has('tilt-up') ? -1 : has('tilt-down') ? 1 : has('aerial') ? 0.6 : 0;
  const shake = has('handheld') ? 1 : 0;
  return (share, seconds, width, height) => {
    const e = ease(share);
    const base = 1.012 + (panX || panY ? 0.13 : 0) + shake * 0.03;
    const scale = base + grow * (away ? 1 - e : e);
    const roomX = width * (scale - 1);
    const roomY = height * (scale - 1);
    const wobble = shake * 0.12;
    const tx = clamp(
      aimX + panX * (e - 0.5) + wobble * Math.sin(seconds * 1.9) * Math.sin(seconds * 0.7 + 1),
    );
    const ty = clamp(aimY + panY * (e - 0.5) + wobble * Math.sin(seconds * 2.3 + 2));
    return { x: -roomX * tx - 0.5, y: -roomY * ty - 0.5, scale: scale + 2 / Math.min(width, height) };
  };
}

const clamp = (v: number): number => Math.min(1, Math.max(0, v));
