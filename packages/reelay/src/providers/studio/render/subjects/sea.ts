import { drawSprite } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addWater } from '../parts/water.ts';
import { paint } from '../planes.ts';
import { band, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';
import { hits, type Lexicon, normalise } from '../words.ts';

/** Open water to the horizon, the light of the sky in it. */
export const sea: Subject = {
  name: 'sea',
  words: {
    en: 'sea ocean waves wave coast shore bay seascape beach beaches',
    pl: 'morze morza morzu morzem morsk* ocean* fal fale wybrzez* plaz*',
    nl: 'zee oceaan golven kust baai strand*',
  },
  role: 'place',
  weight: 2,
  prefers: { time: 'golden' },
  build(stage) {
    const { width: w, height: h } = stage;
    const horizon = h * 0.5;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    openWater(stage, horizon, stage.weather === 'storm' ? 1 : 0.6);
    if (hits(SHORE, normalise(stage.prompt)) > 0) addShore(stage, h * 0.8);
    stage.perch = { x: w * 0.45, y: h * 0.94, size: h * 0.13, depth: 0.9 };
    sound(stage, 'waves', 0.9);
    sound(stage, 'gulls', stage.palette.light > 0.4 ? 0.3 : 0);
    sound(stage, 'wind', 0.25);
  },
};

const SHORE: Lexicon = {
  en: 'beach shore sand sandy coast',
  pl: 'plaz* brzeg* wybrzez*',
  nl: 'strand* kust oever',
};

/** Wet sand in front, and the last of each wave that runs up and draws back with a rim of foam. */
function addShore(stage: Stage, line: number): void {
  const { width: w, height: h, palette: p, unit, margin } = stage;
  const rng = stage.rng.fork('shore');
  const edge = curve(rng, 4, 0.45);
  const sand = (x: number): number => line + h * 0.035 * edge(x / (w * 0.35));
  addGround(stage, sand, h + margin, 0.7, {
    label: 'sand',
    colour: p.sand,
    patch: mix(p.sand, p.rock, 0.4),
    patches: -0.3,
    grain: h * 0.02,
    relief: 0.35,
    strata: 3.5,
    rim: 0,
    foot: -0.2,
  });
  for (let run = 0; run < 2; run++) {
    const rim = curve(rng, 5, 0.55);
    const reach = h * (0.11 - 0.03 * run);
    const foot = (x: number): number => line + reach + h * 0.022 * rim(x / (w * 0.2) + run * 9);
    const box = band(stage, line - h * 0.12, line + reach + h * 0.06);
    const sprite = paint(box, (ctx) => {
      const from = box.x;
      const to = box.x + box.width;
      const film = ctx.createLinearGradient(0, box.y, 0, line + reach);
      film.addColorStop(0, css(mix(p.water, p.skyLow, 0.5), 0));
      film.addColorStop(0.5, css(mix(p.water, p.skyLow, 0.4), 0.72));
      film.addColorStop(1, css(mix(p.water, p.skyLow, 0.5), 0.55));
      ctx.beginPath();
      ctx.moveTo(from, box.y);
      for (let x = from; x <= to; x += 3) ctx.lineTo(x, foot(x));
      ctx.lineTo(to, box.y);
      ctx.fillStyle = film;
      ctx.fill();
      for (let x = from; x <= to; x += 2.2 * unit) {
        for (let k = 0; k < 3; k++) {
          const y = foot(x) - rng.next() ** 2.2 * h * 0.03;
          ctx.fillStyle = css(mix(p.cloudLit, [255, 255, 255], 0.6), rng.between(0.15, 0.75));
          ctx.beginPath();
          ctx.ellipse(x, y, unit * rng.between(1, 4), unit * rng.between(0.6, 1.7), 0, 0, Math.PI * 2);
          ctx.fill();
        }
      }
    });
    stage.elements.push((frame, now) => {
      const life = (now.seconds / 4.9 + run * 0.5) % 1;
      const up =
        life < 0.42
          ? Math.sin((life / 0.42) * (Math.PI / 2))
          : Math.cos(((life - 0.42) / 0.58) * (Math.PI / 2));
      const at = now.project(sprite.x, sprite.yTop - reach * 1.1 * (1 - up), 0.68);
      const seen = Math.min(1, life * 6, (1 - life) * 3.5);
      drawSprite(frame, sprite, at.x, at.y, at.scale, seen);
    });
  }
}

function openWater(stage: Stage, horizon: number, chop: number): void {
  const { palette: p } = stage;
  addWater(stage, {
    top: horizon,
    depth: 0.05,
    near: mix(p.water, p.skyTop, 0.35),
    chop,
    mirror: 0.75,
    glitter: 1,
  });
}
