import type { SKRSContext2D } from '@napi-rs/canvas';
import { drawSprite } from './blend.ts';
import type { Brief, Season, TimeOfDay, Weather } from './brief.ts';
import { type Pose, REACH } from './camera.ts';
import type { Palette } from './palette.ts';
import { type Frame, paint, type Sprite } from './planes.ts';
import type { Random } from './random.ts';
import type { SoundName } from './sound/names.ts';
import type { Subject } from './subject.ts';

/** Where a world point of some depth falls in the frame at one moment. */
export interface Projection {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** One moment of the film. */
export interface Moment {
  /** Seconds of the film's own time: slow motion runs it slower. */
  readonly seconds: number;
  /** 0..1 over the film. */
  readonly share: number;
  /** 0..1: a flash of lightning now. */
  readonly flash: number;
  /** Projects a world point at a depth (0 far .. 1 near). */
  project(x: number, y: number, depth: number): Projection;
}

/** Something that is drawn on every frame, back to front. */
export type Element = (frame: Frame, now: Moment) => void;

/** Where a figure may stand, in world pixels; `size` is the height of a person there. */
export interface Perch {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly depth: number;
}

/** A rectangle of the world. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What subjects build on: the world's measures, its colours, and the list of what is drawn. */
export interface Stage {
  readonly width: number;
  readonly height: number;
  /** How far the world goes on beyond each edge of the frame. */
  readonly margin: number;
  /** The length that sizes are given in: 1 at 1280 × 720. */
  readonly unit: number;
  readonly rng: Random;
  readonly prompt: string;
  readonly palette: Palette;
  readonly brief: Brief;
  readonly time: TimeOfDay;
  readonly weather: Weather;
  readonly season: Season;
  /** Where the sun or moon stands, in world pixels. */
  readonly sun: { readonly x: number; readonly y: number };
  readonly elements: Element[];
  /** Large paintings, done in order before the first frame; one at a time, so that memory can be given back between. */
  readonly paintings: (() => void)[];
  /** How loud each sound is wanted, 0..1. */
  readonly sounds: Map<SoundName, number>;
  /** A second place, to be set at the horizon by the first. */
  readonly backdrop: Subject | null;
  /** Set by a place with walls: the weather stays outside, the place shows it where it can be seen. */
  indoors: boolean;
  /** Where figures stand; the last one set counts. */
  perch: Perch;
  /** Where birds fly. */
  skyline: number;
}

/** The whole width of the world between two heights. */
export function band(stage: Stage, top: number, bottom: number): Box {
  return { x: -stage.margin, y: top, width: stage.width + 2 * stage.margin, height: bottom - top };
}

/** Paints a sprite once and shows it at a depth on every frame. */
export function addLayer(
  stage: Stage,
  box: Box,
  depth: number,
  painter: (ctx: SKRSContext2D) => void,
  scale = 1,
): void {
  let shown: Element = () => undefined;
  stage.paintings.push(() => {
    shown = layer(paint(box, painter, scale), depth, 1 / scale);
  });
  stage.elements.push((frame, now) => shown(frame, now));
}

/** An element that shows a sprite at its own place in the world. */
export function layer(sprite: Sprite, depth: number, enlarged = 1, opacity = 1): Element {
  return (frame, now) => {
    const at = now.project(sprite.x, sprite.yTop, depth);
    drawSprite(frame, sprite, at.x, at.y, at.scale * enlarged, opacity);
  };
}

/** Wants a sound at least this loud. */
export function sound(stage: Stage, name: SoundName, level: number): void {
  stage.sounds.set(name, Math.max(stage.sounds.get(name) ?? 0, level));
}

/** How a pose projects the world of a frame. */
export function projection(pose: Pose, width: number, height: number): Moment['project'] {
  const cx = width / 2;
  const cy = height * 0.55;
  return (x, y, depth) => {
    const raw = pose.lens / (1 - pose.dolly * depth);
    const scale = Math.abs(raw - 1) < 1e-4 ? 1 : raw;
    return {
      x: cx + (x - cx - pose.panX - pose.truckX * depth) * scale,
      y: cy + (y - cy - pose.panY - pose.truckY * depth) * scale,
      scale,
    };
  };
}

/** How far a world must go on beyond the frame for every camera move. */
export function worldMargin(width: number, height: number): number {
  return Math.ceil((Math.max(width, height) * REACH) / 2) * 2;
}
