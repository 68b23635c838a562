import { css, mix } from '../colour.ts';
import { addPuffs } from '../parts/fall.ts';
import { addMist } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { addLayer, band, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';
import { skyline } from './city.ts';

/** High up on tiles: a ridge with a chimney before the roofs of a town. */
export const rooftop: Subject = {
  name: 'rooftop',
  words: {
    en: 'roof rooftop rooftops roofs chimney chimneys terrace balcony',
    pl: 'dach dachu dachy dachach komin kominy taras* balkon*',
    nl: 'dak daken schoorsteen schoorstenen dakterras balkon',
  },
  role: 'place',
  weight: 3,
  prefers: { time: 'dusk' },
  build(stage) {
    const { width: w, height: h, palette: p, rng } = stage;
    const foot = h * 0.78;
    addSky(stage, foot);
    skyline(stage, foot, 0.62);
    addMist(stage, h * 0.6, h * 0.86, 0.35, 0.55);
    const left = rng.fork('roof').next() < 0.5;
    const ridge = (x: number): number => h * 0.79 + (left ? 1 : -1) * (x - w / 2) * 0.035;
    const tile = mix(mix([150, 84, 62], p.ink, 0.45), p.skyMid, 0.2);
    const rim = mix(tile, p.sun, 0.5);
    const cx = w * (left ? 0.78 : 0.22);
    addLayer(stage, band(stage, h * 0.52, h + stage.margin), 0.6, (ctx) => {
      const s = h * 0.075;
      const top = ridge(cx) - s * 2.3;
      const brick = ctx.createLinearGradient(cx - s, 0, cx + s, 0);
      brick.addColorStop(stage.sun.x > cx ? 1 : 0, css(mix(tile, p.sun, 0.3)));
      brick.addColorStop(stage.sun.x > cx ? 0 : 1, css(mix(tile, p.ink, 0.5)));
      ctx.fillStyle = brick;
      ctx.fillRect(cx - s * 0.6, top, s * 1.2, s * 3);
      ctx.fillRect(cx - s * 0.74, top - s * 0.14, s * 1.48, s * 0.3);
      for (const k of [-0.3, 0.3]) ctx.fillRect(cx + k * s - s * 0.16, top - s * 0.55, s * 0.32, s * 0.5);
      const g = ctx.createLinearGradient(0, h * 0.76, 0, h);
      g.addColorStop(0, css(mix(tile, p.sun, 0.12)));
      g.addColorStop(1, css(mix(tile, p.ink, 0.75)));
      ctx.fillStyle = g;
      ctx.beginPath();
      ctx.moveTo(-stage.margin, h + stage.margin);
      ctx.lineTo(-stage.margin, ridge(-stage.margin));
      ctx.lineTo(w + stage.margin, ridge(w + stage.margin));
      ctx.lineTo(w + stage.margin, h + stage.margin);
      ctx.fill();
      const own = stage.rng.fork('tiles');
      for (let row = 0; row < 9; row++) {
        const y0 = h * 0.012 + row * h * 0.034;
        const size = h * (0.04 + 0.004 * row);
        for (let x = -stage.margin - (row % 2) * size * 0.5; x < w + stage.margin; x += size) {
          const y = ridge(x) + y0;
          ctx.fillStyle = css(mix(tile, own.next() < 0.5 ? p.ink : p.sun, own.between(0.04, 0.22)), 0.75);
          ctx.beginPath();
          ctx.roundRect(x + 1, y, size - 2, size * 0.8, [0, 0, size * 0.45, size * 0.45]);
          ctx.fill();
        }
      }
      ctx.lineWidth = h * 0.012;
      ctx.lineCap = 'round';
      ctx.strokeStyle = css(rim, 0.85);
      ctx.beginPath();
      ctx.moveTo(-stage.margin, ridge(-stage.margin));
      ctx.lineTo(w + stage.margin, ridge(w + stage.margin));
      ctx.stroke();
    });
    addPuffs(stage, {
      label: 'smoke',
      x: cx,
      y: ridge(cx) - h * 0.21,
      width: h * 0.03,
      rise: h * 0.22,
      size: h * 0.03,
      count: 14,
      colour: mix(p.haze, p.cloudLit, 0.4),
      strength: 0.4,
      rate: 0.14,
      depth: 0.6,
      lean: 0.4,
    });
    const px = w * (left ? 0.36 : 0.64);
    stage.perch = { x: px, y: ridge(px), size: h * 0.34, depth: 0.6 };
    stage.skyline = h * 0.28;
    sound(stage, 'city', 0.3);
    sound(stage, 'crickets', p.light < 0.4 ? 0.3 : 0);
    sound(stage, 'wind', 0.25);
  },
};
