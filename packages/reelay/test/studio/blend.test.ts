import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawLight, drawSprite } from '../../src/providers/studio/render/blend.ts';
import { frame, lightOf, type Sprite, spriteFromRgba } from '../../src/providers/studio/render/planes.ts';
import { random } from '../../src/providers/studio/render/random.ts';

const WIDTH = 64;
const HEIGHT = 48;

/** A sprite with smooth colours, and alpha that goes from nothing over soft to solid and back. */
function subject(size: number): Sprite {
  const rgba = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const a = Math.min(1, Math.max(0, 2.2 - Math.hypot(x - size / 2, y - size / 2) / (size * 0.18)));
      const p = (y * size + x) * 4;
      rgba[p] = (x / size) * 255 * a;
      rgba[p + 1] = (y / size) * 255 * a;
      rgba[p + 2] = 90 * a;
      rgba[p + 3] = 255 * a;
    }
  }
  return spriteFromRgba(rgba, size, size, 0, 0);
}

/** What the luma at a pixel must be: bilinear sampling and source-over, written as plainly as can be. */
function expected(
  s: Sprite,
  old: number,
  x: number,
  y: number,
  at: { x: number; y: number; scale: number },
  opacity: number,
): number {
  const { width, height, alpha } = s.full;
  const u = (x - at.x) / at.scale;
  const v = (y - at.y) / at.scale;
  const i = Math.floor(u);
  const j = Math.floor(v);
  if (i < 0 || j < 0 || i + 1 >= width || j + 1 >= height) return old;
  const lerp = (plane: Uint8Array): number => {
    const row = (r: number): number => {
      const a = plane[r * width + i] ?? 0;
      return a + ((plane[r * width + i + 1] ?? 0) - a) * (u - i);
    };
    return row(j) + (row(j + 1) - row(j)) * (v - j);
  };
  return lerp(s.y) * opacity + old * (1 - (lerp(alpha) / 255) * opacity);
}

test('sprites land where they belong at any place, scale and opacity', () => {
  const rng = random(7);
  for (let round = 0; round < 60; round++) {
    const sprite = subject(round % 2 ? 40 : 24);
    const scale = round % 4 === 0 ? 1 : rng.between(0.45, 4.5);
    const y = rng.between(-30, 40);
    // Every other round on whole rows, where the compositor takes its short way.
    const at = { x: rng.between(-30, 50), y: round % 8 < 4 ? Math.round(y) : y, scale };
    const opacity = round % 3 === 0 ? 1 : rng.between(0.1, 0.9);
    const picture = frame(WIDTH, HEIGHT);
    const ground = [20, 120, 235][round % 3] ?? 120;
    picture.y.fill(ground);
    drawSprite(picture, sprite, at.x, at.y, scale, opacity);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const is = picture.y[y * WIDTH + x] ?? 0;
        const must = expected(sprite, ground, x, y, at, opacity);
        assert.ok(Math.abs(is - must) <= 4, `round ${round}, ${x},${y}: ${is}, not ${must.toFixed(1)}`);
      }
    }
  }
});

test('a sprite that lies outside touches nothing', () => {
  const picture = frame(WIDTH, HEIGHT);
  for (const [x, y] of [
    [-100, 0],
    [200, 0],
    [0, -100],
    [0, 200],
  ] as const)
    drawSprite(picture, subject(24), x, y, 1.5);
  assert.ok(picture.bytes.every((byte) => byte === 0));
});

test('light only adds, and black light nothing', () => {
  const picture = frame(WIDTH, HEIGHT);
  picture.y.fill(100);
  picture.u.fill(128);
  picture.v.fill(128);
  const black = lightOf(32, 32, 2, [255, 255, 255], () => 0);
  drawLight(picture, black, 3.3, 4.7, 2, 1);
  assert.ok(picture.y.every((luma) => luma === 100));
  drawLight(
    picture,
    lightOf(32, 32, 2, [255, 200, 100], (x) => x / 64),
    3.3,
    4.7,
    2,
    1,
  );
  assert.ok(picture.y.every((luma) => luma >= 100));
  assert.ok(picture.y.some((luma) => luma > 150));
});
