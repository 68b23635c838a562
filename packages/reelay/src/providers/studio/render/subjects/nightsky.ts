import { drawLight } from '../blend.ts';
import { mix, toYuv } from '../colour.ts';
import { curve } from '../noise.ts';
import { addMist, addRidge, crests, hills } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { paintLight } from '../planes.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** The vault of stars over dark hills: meteors, and northern lights. */
export const nightsky: Subject = {
  name: 'nightsky',
  words: {
    en: 'night_sky stars starry starlight milky_way aurora northern_lights meteor meteors constellation constellations moon moonlight shooting_star',
    pl: 'gwiazd* gwiezdz* nocne_niebo zorza zorzy droga_mleczna ksiezyc* meteor*',
    nl: 'sterren* nachthemel* sterrenhemel noorderlicht melkweg maan* meteoor* vallende_ster',
  },
  role: 'place',
  weight: 2.2,
  prefers: { time: 'night' },
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const horizon = h * 0.78;
    addSky(stage, horizon);
    aurora(stage, horizon);
    meteors(stage);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    else
      addRidge(
        stage,
        crests(stage, 'back', horizon + h * 0.02, h * 0.2, w * 0.3),
        h * 0.9,
        0.14,
        mix(p.rock, p.ink, 0.3),
      );
    addMist(stage, h * 0.66, h * 0.86, 0.2, 0.4);
    const mid = hills(stage, 'mid', h * 0.88, h * 0.09, w * 0.35);
    addTreeline(stage, mid, {
      label: 'mid',
      depth: 0.4,
      height: h * 0.09,
      density: 3.6,
      kind: 'conifer',
      bottom: h,
    });
    const near = hills(stage, 'near', h * 1.0, h * 0.1, w * 0.5);
    addTreeline(stage, near, {
      label: 'near',
      depth: 0.8,
      height: h * 0.22,
      density: 2,
      kind: 'conifer',
      bottom: h * 1.05,
    });
    stage.perch = { x: w * 0.5, y: h * 0.92, size: h * 0.12, depth: 0.75 };
    sound(stage, 'crickets', stage.season === 'winter' ? 0 : 0.7);
    sound(stage, 'wind', 0.3);
  },
};

/** Curtains of light whose folds wander; every column is a ray. */
function aurora(stage: Stage, horizon: number): void {
  const { palette: p } = stage;
  if (p.stars < 0.2) return;
  const rng = stage.rng.fork('aurora');
  const folds = Array.from({ length: 2 }, () => ({
    line: curve(rng, 3),
    rays: curve(rng, 4, 0.7),
    glow: curve(rng, 2),
    y: rng.between(0.4, 0.62),
  }));
  const green = toYuv([70, 255, 160]);
  const violet = toYuv([170, 80, 255]);
  stage.elements.push((frame, now) => {
    const { width, height, y: luma, u, v } = frame;
    const offset = now.project(0, 0, 0);
    for (const fold of folds) {
      for (let x = 0; x < width; x += 2) {
        const k = (x - offset.x) / width;
        const t = now.seconds;
        const foot = offset.y + horizon * (fold.y + 0.16 * fold.line(k * 2.2 + t * 0.05));
        const ray = 0.5 + 0.5 * fold.rays(k * 16 + t * 0.35);
        const strength = Math.max(0, 0.35 + 0.8 * fold.glow(k * 2 - t * 0.08)) * ray;
        const reach = height * (0.2 + 0.22 * ray);
        for (let y = Math.max(0, Math.floor(foot - reach)); y < foot && y < height; y++) {
          const up = (foot - y) / reach;
          const a = strength * Math.min(1, (foot - y) / (height * 0.025)) * Math.max(0, 1 - up) ** 1.6;
          const i = y * width + x;
          luma[i] = (luma[i] as number) + a * 82;
          luma[i + 1] = (luma[i + 1] as number) + a * 82;
          if ((y & 1) === 0) {
            const c = (y >> 1) * (width >> 1) + (x >> 1);
            const m = Math.min(1, up * 1.5);
            u[c] = (u[c] as number) + (green[1] + (violet[1] - green[1]) * m - 128) * a * 0.7;
            v[c] = (v[c] as number) + (green[2] + (violet[2] - green[2]) * m - 128) * a * 0.7;
          }
        }
      }
    }
  });
}

/** Two or three streaks over the film, each gone in under a second. */
function meteors(stage: Stage): void {
  const { unit, width, height } = stage;
  const rng = stage.rng.fork('meteors');
  const long = Math.ceil(unit * 190);
  const all = Array.from({ length: 4 }, (_, i) => ({
    at: 0.9 + i * 2.4 + rng.between(-0.3, 0.5),
    x: rng.between(0.2, 0.85) * width,
    y: rng.between(0.04, 0.3) * height,
  }));
  const trail = paintLight(long, long / 2, (ctx) => {
    const g = ctx.createLinearGradient(long, 0, 0, long / 2);
    g.addColorStop(0, 'rgba(255,255,255,0)');
    g.addColorStop(0.85, 'rgba(200,220,255,0.55)');
    g.addColorStop(1, 'rgba(255,255,255,1)');
    ctx.strokeStyle = g;
    ctx.lineCap = 'round';
    for (const thick of [4.5, 2]) {
      ctx.lineWidth = thick * unit;
      ctx.beginPath();
      ctx.moveTo(long - 4, 4);
      ctx.lineTo(6, long / 2 - 6);
      ctx.stroke();
    }
  });
  stage.elements.push((frame, now) => {
    for (const one of all) {
      const life = (now.seconds - one.at) / 0.7;
      if (life < 0 || life > 1) continue;
      const go = life * unit * 420;
      drawLight(frame, trail, one.x - go, one.y + go / 2, 1, Math.sin(Math.PI * life) ** 0.8);
    }
  });
}
