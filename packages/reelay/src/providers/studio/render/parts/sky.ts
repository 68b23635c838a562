import { drawLight, drawSprite } from '../blend.ts';
import { css, mix, type Rgb } from '../colour.ts';
import { curve, fractalTile, sample } from '../noise.ts';
import { paint, paintLight, paintPixels } from '../planes.ts';
import { band, layer, type Stage } from '../stage.ts';

/** The vault of the sky down to `horizon`, with the sun or moon, stars, and clouds as the weather has them. */
export function addSky(stage: Stage, horizon: number, clouds = true): void {
  const { palette: p, height } = stage;
  const noise = stage.rng.fork('sky');
  const grain = Float32Array.from({ length: 4096 }, () => noise.next() - 0.5);
  const box = band(stage, -stage.margin, horizon + height * 0.12);
  const sun = stage.sun;
  const reach = Math.max(stage.width, height) * 0.75;
  const glow = mix(p.skyLow, p.sun, 0.7);
  let i = 0;
  const sky = paintPixels(box, 1, (x, y, out) => {
    const t = Math.min(1, Math.max(0, (y + stage.margin * 0.4) / (horizon + stage.margin * 0.4)));
    const k = t < 0.62 ? t / 0.62 : (t - 0.62) / 0.38;
    const from = t < 0.62 ? p.skyTop : p.skyMid;
    const to = t < 0.62 ? p.skyMid : p.skyLow;
    const near = Math.max(0, 1 - Math.hypot(x - sun.x, (y - sun.y) * 1.25) / reach);
    const warm = near * near * 0.62 * (0.25 + 0.75 * t);
    i = (i * 5 + 7919) & 4095;
    const g = (grain[i] ?? 0) * 1.6;
    for (let c = 0; c < 3; c++) {
      const base = (from[c] ?? 0) + ((to[c] ?? 0) - (from[c] ?? 0)) * k;
      out[c] = base + ((glow[c] ?? 0) - base) * warm + g;
    }
    out[3] = 255;
  });
  stage.elements.push(layer(sky, 0));
  if (p.stars > 0.05) addStars(stage, horizon);
  addSun(stage);
  if (clouds) addClouds(stage, horizon);
}

/** The sun or moon: a soft disc in a wide glow. */
function addSun(stage: Stage): void {
  const { palette: p, unit, time } = stage;
  const veiled = stage.weather === 'rain' || stage.weather === 'storm' || stage.weather === 'snow';
  const night = time === 'night';
  const disc = unit * (night ? 30 : time === 'day' ? 34 : 48);
  const size = Math.ceil(unit * 640);
  const core: Rgb = mix(p.sun, [255, 255, 255], night ? 0.5 : 0.35);
  const halo = paintLight(size / 4, size / 4, (ctx) => {
    ctx.scale(0.25, 0.25);
    const g = ctx.createRadialGradient(size / 2, size / 2, disc * 0.4, size / 2, size / 2, size / 2);
    g.addColorStop(0, css(p.sun, night ? 0.26 : 0.4));
    g.addColorStop(0.12, css(p.sun, night ? 0.13 : 0.24));
    g.addColorStop(0.4, css(p.sun, night ? 0.04 : 0.1));
    g.addColorStop(1, css(p.sun, 0));
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, size, size);
  });
  const box = { x: stage.sun.x - disc * 1.5, y: stage.sun.y - disc * 1.5, width: disc * 3, height: disc * 3 };
  const face = paint(box, (ctx) => {
    const g = ctx.createRadialGradient(stage.sun.x, stage.sun.y, 0, stage.sun.x, stage.sun.y, disc * 1.15);
    g.addColorStop(0, css(core, 1));
    g.addColorStop(0.82, css(core, 1));
    g.addColorStop(0.93, css(core, 0.5));
    g.addColorStop(1, css(core, 0));
    ctx.fillStyle = g;
    ctx.fillRect(box.x, box.y, box.width, box.height);
    if (night) paintMoonFace(ctx, stage, disc);
  });
  stage.elements.push((frame, now) => {
    const at = now.project(stage.sun.x, stage.sun.y, 0.02);
    const half = (size / 2) * at.scale;
    if (!veiled)
      drawSprite(frame, face, at.x - disc * 1.5 * at.scale, at.y - disc * 1.5 * at.scale, at.scale);
    drawLight(frame, halo, at.x - half, at.y - half, 4 * at.scale, veiled ? 0.35 : 1);
  });
}

function paintMoonFace(ctx: Parameters<Parameters<typeof paint>[1]>[0], stage: Stage, disc: number): void {
  const rng = stage.rng.fork('moon');
  for (let i = 0; i < 9; i++) {
    const a = rng.next() * Math.PI * 2;
    const r = Math.sqrt(rng.next()) * disc * 0.62;
    const x = stage.sun.x + Math.cos(a) * r;
    const y = stage.sun.y + Math.sin(a) * r;
    const s = disc * rng.between(0.14, 0.38);
    const g = ctx.createRadialGradient(x, y, 0, x, y, s);
    g.addColorStop(0, 'rgba(120,140,180,0.28)');
    g.addColorStop(1, 'rgba(120,140,180,0)');
    ctx.fillStyle = g;
    ctx.fillRect(x - s, y - s, s * 2, s * 2);
  }
}

/** Stars in a fixed field, the bright ones breathing, with a faint galaxy behind them. */
export function addStars(stage: Stage, horizon: number): void {
  const { palette: p, unit } = stage;
  const rng = stage.rng.fork('stars');
  const box = band(stage, -stage.margin, horizon);
  const tile = fractalTile(rng, 256, 3, 5);
  const lean = rng.between(-0.5, 0.5);
  const galaxy = paintPixels(
    box,
    0.25,
    (x, y, out) => {
      const across = (y - box.height * 0.35 - (x - stage.width / 2) * lean) / (stage.height * 0.34);
      const n = 0.5 + 0.5 * sample(tile, x * 0.22, y * 0.22);
      const strength = Math.exp(-across * across * 2.4) * n * n * (1 - Math.max(0, y / horizon) ** 3);
      out[3] = strength * 109 * p.stars - 4;
    },
    [150, 170, 225],
  );
  stage.elements.push(layer(galaxy, 0, 4));
  const field = paint(box, (ctx) => {
    for (let i = 0; i < box.width * box.height * 0.0011 * p.stars; i++) {
      const x = box.x + rng.next() * box.width;
      const y = box.y + rng.next() * box.height;
      const fade = 1 - Math.max(0, y / horizon) ** 4;
      ctx.fillStyle = `rgba(${215 + rng.next() * 40},${225 + rng.next() * 20},255,${rng.between(0.15, 0.75) * fade})`;
      ctx.beginPath();
      ctx.arc(x, y, unit * rng.between(0.45, 1.15), 0, Math.PI * 2);
      ctx.fill();
    }
  });
  stage.elements.push(layer(field, 0, 1));
  addTwinkle(stage, horizon);
}

function addTwinkle(stage: Stage, horizon: number): void {
  const { unit } = stage;
  const rng = stage.rng.fork('twinkle');
  const size = Math.ceil(unit * 18);
  const star = paintLight(size, size, (ctx) => {
    const c = size / 2;
    const g = ctx.createRadialGradient(c, c, 0, c, c, c);
    g.addColorStop(0, 'rgba(255,255,255,0.95)');
    g.addColorStop(0.16, 'rgba(225,235,255,0.6)');
    g.addColorStop(0.4, 'rgba(180,205,255,0.12)');
    g.addColorStop(1, 'rgba(160,190,255,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, size, size);
  });
  const stars = Array.from({ length: Math.round(46 * stage.palette.stars) }, () => ({
    x: rng.between(-stage.margin, stage.width + stage.margin),
    y: rng.between(-stage.margin, horizon * 0.86),
    size: rng.between(0.35, 1.1),
    breath: curve(rng, 2),
    rate: rng.between(0.5, 1.3),
  }));
  stage.elements.push((frame, now) => {
    for (const s of stars) {
      const at = now.project(s.x, s.y, 0);
      const gain = 0.75 + 0.35 * s.breath(now.seconds * s.rate);
      drawLight(frame, star, at.x - (size / 2) * s.size, at.y - (size / 2) * s.size, s.size, gain);
    }
  });
}

const COVER: { readonly [weather in Stage['weather']]: number } = {
  clear: 0.36,
  wind: 0.5,
  cloudy: 0.72,
  rain: 0.9,
  storm: 0.95,
  snow: 0.8,
  fog: 0.45,
};

/** Two decks of clouds in perspective, lit from the sun's side, drifting at their own speeds. */
export function addClouds(stage: Stage, horizon: number, share = 1): void {
  const cover = COVER[stage.weather] * share;
  const rng = stage.rng.fork('clouds');
  const way = rng.next() < 0.5 ? -1 : 1;
  for (let deck = 0; deck < 2; deck++) {
    const tile = fractalTile(rng, 512, 5, 6);
    const roll = stage.margin * 0.8;
    const box = {
      x: -stage.margin - roll,
      y: -stage.margin,
      width: stage.width + 2 * (stage.margin + roll),
      height: horizon + stage.margin,
    };
    const sprite = cloudDeck(stage, box, horizon, tile, cover, deck);
    const speed =
      way *
      stage.unit *
      (deck === 0 ? 3.5 : 7) *
      (stage.weather === 'wind' || stage.weather === 'storm' ? 2.6 : 1);
    stage.elements.push((frame, now) => {
      const drift = Math.max(-roll, Math.min(roll, speed * (now.seconds - 2.5)));
      const at = now.project(sprite.x + drift, sprite.yTop, 0.03 + 0.03 * deck);
      drawSprite(frame, sprite, at.x, at.y, at.scale * 4, 1);
    });
  }
}

function cloudDeck(
  stage: Stage,
  box: { x: number; y: number; width: number; height: number },
  horizon: number,
  tile: ReturnType<typeof fractalTile>,
  cover: number,
  deck: number,
): ReturnType<typeof paintPixels> {
  const { palette: p, sun } = stage;
  const cx = stage.width / 2;
  const depth = stage.height * 0.3;
  return paintPixels(box, 0.25, (x, y, out) => {
    const k = depth / (horizon - y + depth * 0.28);
    const u = (x - cx) * k * 0.36 + deck * 177;
    const v = k * 150 + deck * 90;
    const n = sample(tile, u, v);
    const density = n * 0.9 + cover * 1.1 - 0.62 + deck * -0.06;
    if (density <= 0) return;
    const lean = Math.max(-1, Math.min(1, (sun.x - x) / (stage.width * 0.2))) * 5;
    const lit =
      n - sample(tile, u + lean, v - 6 * Math.max(-1, Math.min(1, (y - sun.y) / (stage.height * 0.2))));
    const near = Math.max(0, 1 - Math.hypot(x - sun.x, y - sun.y) / (stage.width * 0.6));
    const t = Math.min(1, Math.max(0, 0.46 + lit * 1.5 + near * 0.3 - density * 0.35));
    const edge = Math.min(1, density * 2.4);
    const low = Math.min(1, Math.max(0, (horizon - y) / (stage.height * 0.16)));
    for (let c = 0; c < 3; c++) {
      const shade = p.cloudShade[c] ?? 0;
      out[c] = shade + ((p.cloudLit[c] ?? 0) - shade) * t;
    }
    out[3] = 235 * edge * edge * (3 - 2 * edge) * (0.35 + 0.65 * low) * (deck === 0 ? 0.8 : 0.92);
  });
}
