import { drawLight } from '../blend.ts';
import { css, mix } from '../colour.ts';
import { curve } from '../noise.ts';
import { addPuffs } from '../parts/fall.ts';
import { addMist, hills } from '../parts/land.ts';
import { addGround } from '../parts/rock.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { paintLight } from '../planes.ts';
import { addLayer, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A snowed-in valley with a cabin, its window lit, smoke over its roof. */
export const snow: Subject = {
  name: 'snow',
  words: {
    en: 'snow snowy snowfall winter snowstorm blizzard cabin christmas ice icy',
    pl: 'snieg* sniez* zima zimow* zimy zimie chatk* swiatecz*',
    nl: 'sneeuw* winter* ijs ijzig hut kerst*',
  },
  role: 'place',
  weight: 1.5,
  prefers: { season: 'winter', weather: 'snow', time: 'dusk' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.5;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    for (let i = 0; i < 3; i++) {
      const base = horizon + h * (0.07 + 0.14 * i);
      const line = hills(stage, `hill${i}`, base, h * (0.09 + 0.02 * i), w * (0.35 + 0.1 * i));
      addTreeline(stage, line, {
        label: `firs${i}`,
        depth: 0.15 + 0.15 * i,
        height: h * (0.07 + 0.045 * i),
        density: 3.2 - 0.4 * i,
        kind: 'conifer',
        bottom: base + h * 0.2,
      });
      addMist(stage, base - h * 0.1, base + h * 0.08, 0.17 + 0.15 * i, 0.4);
    }
    const place = {
      x: w * (0.5 + stage.rng.fork('cabin').between(-0.16, 0.16)),
      y: h * 0.83,
      size: Math.min(h * 0.17, w * 0.2),
    };
    const field = hills(stage, 'field', h * 0.86, h * 0.07, w * 0.5, 0.25);
    addGround(stage, field, h + stage.margin, 0.62, {
      label: 'field',
      colour: p.snow,
      patch: mix(p.snow, p.skyMid, 0.3),
      patches: -0.2,
      grain: h * 0.06,
      relief: 0.35,
      strata: 3,
      rim: 0.6,
      foot: 0,
    });
    cabin(stage, { ...place, y: field(place.x) + h * 0.03 });
    stage.perch = { x: w * 0.26, y: h * 0.9, size: h * 0.12, depth: 0.7 };
    sound(stage, 'wind', 0.6);
  },
};

function cabin(stage: Stage, at: { x: number; y: number; size: number }): void {
  const { palette: p, unit } = stage;
  const s = at.size;
  const wood = mix([74, 50, 38], p.ink, 0.45);
  const depth = 0.63;
  addLayer(stage, { x: at.x - s, y: at.y - s * 1.25, width: s * 2, height: s * 1.4 }, depth, (ctx) => {
    ctx.fillStyle = css(mix(wood, p.ink, 0.3));
    ctx.fillRect(at.x + s * 0.22, at.y - s * 1.06, s * 0.14, s * 0.4);
    ctx.fillStyle = css(wood);
    ctx.fillRect(at.x - s * 0.6, at.y - s * 0.5, s * 1.2, s * 0.52);
    ctx.fillStyle = css(mix(wood, p.ink, 0.35));
    for (let i = 1; i < 5; i++)
      ctx.fillRect(at.x - s * 0.6, at.y - s * 0.5 + i * s * 0.1, s * 1.2, unit * 1.5);
    const roof = ctx.createLinearGradient(0, at.y - s, 0, at.y - s * 0.42);
    roof.addColorStop(0, css(mix(p.snow, p.sun, 0.25)));
    roof.addColorStop(1, css(mix(p.snow, p.skyMid, 0.35)));
    ctx.fillStyle = roof;
    ctx.beginPath();
    ctx.moveTo(at.x - s * 0.78, at.y - s * 0.44);
    ctx.quadraticCurveTo(at.x - s * 0.4, at.y - s * 0.72, at.x - s * 0.04, at.y - s * 0.98);
    ctx.quadraticCurveTo(at.x, at.y - s, at.x + s * 0.04, at.y - s * 0.98);
    ctx.quadraticCurveTo(at.x + s * 0.4, at.y - s * 0.72, at.x + s * 0.78, at.y - s * 0.44);
    ctx.quadraticCurveTo(at.x + s * 0.74, at.y - s * 0.37, at.x + s * 0.66, at.y - s * 0.4);
    ctx.quadraticCurveTo(at.x, at.y - s * 0.82, at.x - s * 0.66, at.y - s * 0.4);
    ctx.quadraticCurveTo(at.x - s * 0.74, at.y - s * 0.37, at.x - s * 0.78, at.y - s * 0.44);
    ctx.fill();
    for (const wx of [-0.38, 0.2]) {
      ctx.fillStyle = css([255, 205, 120]);
      ctx.fillRect(at.x + wx * s, at.y - s * 0.36, s * 0.2, s * 0.2);
      ctx.fillStyle = css(wood);
      ctx.fillRect(at.x + (wx + 0.09) * s, at.y - s * 0.36, s * 0.02, s * 0.2);
      ctx.fillRect(at.x + wx * s, at.y - s * 0.27, s * 0.2, s * 0.02);
    }
    ctx.fillStyle = css(mix(wood, p.ink, 0.5));
    ctx.fillRect(at.x - s * 0.09, at.y - s * 0.38, s * 0.19, s * 0.4);
    const drift = ctx.createLinearGradient(0, at.y - s * 0.1, 0, at.y + s * 0.1);
    drift.addColorStop(0, css(p.snow, 0));
    drift.addColorStop(0.7, css(p.snow, 1));
    ctx.fillStyle = drift;
    ctx.fillRect(at.x - s * 0.75, at.y - s * 0.1, s * 1.5, s * 0.2);
  });
  const glowSize = Math.ceil(s * 2.6);
  const glow = paintLight(glowSize / 4, glowSize / 4, (ctx) => {
    const c = glowSize / 8;
    const g = ctx.createRadialGradient(c, c, 0, c, c, c);
    g.addColorStop(0, 'rgba(255,170,80,0.36)');
    g.addColorStop(1, 'rgba(255,150,60,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, c * 2, c * 2);
  });
  const flicker = curve(stage.rng.fork('hearth'), 2);
  stage.elements.push((frame, now) => {
    const q = now.project(at.x - glowSize / 2, at.y - s * 0.2 - glowSize / 2, depth);
    drawLight(
      frame,
      glow,
      q.x,
      q.y,
      4 * q.scale,
      (1 - 0.5 * p.light) * (0.9 + 0.12 * flicker(now.seconds * 3)),
    );
  });
  addPuffs(stage, {
    label: 'chimney',
    x: at.x + s * 0.29,
    y: at.y - s * 1.05,
    width: s * 0.06,
    rise: s * 1.5,
    size: s * 0.13,
    count: 16,
    colour: mix(p.haze, p.cloudLit, 0.5),
    strength: 0.5,
    rate: 0.16,
    depth,
    lean: 0.35,
  });
}
