import { drawLight } from '../blend.ts';
import { css, mix, type Rgb } from '../colour.ts';
import { curve } from '../noise.ts';
import { addMotes } from '../parts/air.ts';
import { addMist, addRidge, hills } from '../parts/land.ts';
import { addSky } from '../parts/sky.ts';
import { addTreeline } from '../parts/trees.ts';
import { addWeather } from '../parts/weather.ts';
import { addCurtains, addDrops, addSill } from '../parts/window.ts';
import { lightOf, paintLight } from '../planes.ts';
import { addLayer, type Box, band, type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** A quiet room: a window with the weather in it, curtains, a cup that steams. */
export const room: Subject = {
  name: 'room',
  words: {
    en: 'room window indoors interior bedroom kitchen cafe coffee desk curtain curtains library office home tea',
    pl: 'pokoj* pokoju okno okna oknie wnetrz* kuchni* kawiarn* kaw* herbat* biurk* dom domu',
    nl: 'kamer raam ramen binnen slaapkamer keuken cafe koffie gordijn* bibliotheek kantoor thee huis',
  },
  role: 'place',
  weight: 2.8,
  build(stage) {
    const { width: w, height: h, palette: p } = stage;
    const tall = w < h;
    const pane: Box = tall
      ? { x: w * 0.14, y: h * 0.17, width: w * 0.72, height: h * 0.47 }
      : { x: w * 0.25, y: h * 0.08, width: w * 0.5, height: h * 0.63 };
    const horizon = pane.y + pane.height * 0.72;
    addSky(stage, horizon);
    if (stage.backdrop?.far) stage.backdrop.far(stage, horizon);
    else
      addRidge(
        stage,
        hills(stage, 'back', horizon, h * 0.1, w * 0.25, 0.5),
        pane.y + pane.height,
        0.12,
        mix(p.leaf, p.rock, 0.4),
      );
    addMist(stage, horizon - h * 0.1, horizon + h * 0.08, 0.13, 0.4);
    const trees = hills(stage, 'trees', horizon + h * 0.06, h * 0.04, w * 0.2);
    addTreeline(stage, trees, {
      label: 'garden',
      depth: 0.24,
      height: h * 0.11,
      density: 3,
      kind: 'broadleaf',
      bottom: pane.y + pane.height + h * 0.04,
    });
    stage.indoors = true;
    addWeather(stage);
    if (stage.weather === 'rain' || stage.weather === 'storm') addDrops(stage, pane);
    const wall = mix(mix([190, 160, 134], p.skyLow, 0.2 * p.light), p.ink, 0.5 + 0.3 * (1 - p.light));
    walls(stage, pane, wall);
    daylight(stage, pane);
    if (p.light < 0.8) lamp(stage, pane);
    addCurtains(stage, pane, mix(wall, [236, 220, 200], 0.5));
    addSill(stage, pane, wall);
    addMotes(stage, {
      count: 24,
      top: h * 0.2,
      bottom: h * 0.9,
      colour: [255, 236, 200],
      size: 1.8,
      rise: 4,
      depth: 0.7,
    });
    stage.perch = {
      x: pane.x + pane.width * 0.26,
      y: pane.y + pane.height + h * 0.012,
      size: h * 0.2,
      depth: 0.5,
    };
    stage.skyline = pane.y + pane.height * 0.3;
    sound(stage, 'wind', 0.12);
    sound(stage, 'birds', p.light > 0.4 && stage.weather === 'clear' ? 0.25 : 0);
  },
};

/** The wall with the opening left out, and the frame of the window with its bars. */
function walls(stage: Stage, pane: Box, wall: Rgb): void {
  const { height: h, palette: p, unit } = stage;
  const cx = pane.x + pane.width / 2;
  addLayer(stage, band(stage, -stage.margin, h + stage.margin), 0.45, (ctx) => {
    const g = ctx.createRadialGradient(
      cx,
      pane.y + pane.height * 0.6,
      pane.height * 0.3,
      cx,
      pane.y + pane.height * 0.6,
      stage.width * 0.75,
    );
    g.addColorStop(0, css(mix(wall, p.sun, 0.12 * p.light)));
    g.addColorStop(1, css(mix(wall, p.ink, 0.6)));
    ctx.fillStyle = g;
    ctx.fillRect(-stage.margin, -stage.margin, stage.width + 2 * stage.margin, h + 2 * stage.margin);
    const floorTop = pane.y + pane.height + h * 0.17;
    const f = ctx.createLinearGradient(0, floorTop, 0, h);
    f.addColorStop(0, css(mix(mix([120, 82, 56], wall, 0.3), p.ink, 0.45)));
    f.addColorStop(1, css(mix([60, 40, 30], p.ink, 0.5)));
    ctx.fillStyle = f;
    ctx.fillRect(-stage.margin, floorTop, stage.width + 2 * stage.margin, h);
    ctx.fillStyle = css(mix(wall, p.ink, 0.35));
    ctx.fillRect(-stage.margin, floorTop - unit * 12, stage.width + 2 * stage.margin, unit * 12);
    ctx.globalCompositeOperation = 'destination-out';
    ctx.fillStyle = '#000';
    ctx.fillRect(pane.x, pane.y, pane.width, pane.height);
    ctx.globalCompositeOperation = 'source-over';
    const wood = mix(mix([226, 214, 198], wall, 0.4), p.ink, 0.25);
    const bar = unit * 13;
    ctx.fillStyle = css(wood);
    ctx.fillRect(pane.x - bar, pane.y - bar, pane.width + 2 * bar, bar * 1.4);
    ctx.fillRect(pane.x - bar, pane.y, bar * 1.4, pane.height);
    ctx.fillRect(pane.x + pane.width - bar * 0.4, pane.y, bar * 1.4, pane.height);
    ctx.fillRect(cx - bar * 0.45, pane.y, bar * 0.9, pane.height);
    ctx.fillRect(pane.x, pane.y + pane.height * 0.4, pane.width, bar * 0.75);
    ctx.fillRect(pane.x, pane.y + pane.height - bar * 0.5, pane.width, bar);
  });
}

/** A warm lamp beside the window where the day is dim. */
function lamp(stage: Stage, pane: Box): void {
  const { width: w, height: h } = stage;
  const x = Math.min(w * 0.93, pane.x + pane.width + w * 0.13);
  const y = h * 0.5;
  const glow = lightOf(w, h, 8, [255, 168, 84], (px, py) => {
    const d = Math.hypot(px - x, (py - y) * 0.9) / (Math.max(w, h) * 0.42);
    return 0.62 * Math.exp(-d * d * 4.2) + 0.12 * Math.exp(-d * 2);
  });
  stage.elements.push((frame, now) => {
    const at = now.project(0, 0, 0.45);
    drawLight(frame, glow, at.x, at.y, 8.1 * at.scale, 0.75 - 0.4 * stage.palette.light);
  });
}

/** Light from the window on the floor and in the air. */
function daylight(stage: Stage, pane: Box): void {
  const { width: w, height: h, palette: p } = stage;
  const side = stage.sun.x > w / 2 ? -1 : 1;
  const light = paintLight(w / 8, h / 8, (ctx) => {
    ctx.scale(0.125, 0.125);
    const c = mix(p.sun, p.skyLow, 0.4);
    for (let soft = 0; soft < 8; soft++) {
      const grow = (soft - 4) * h * 0.008;
      const shift = side * w * 0.14;
      ctx.fillStyle = css(c, 0.03 * p.light + 0.008);
      ctx.beginPath();
      ctx.moveTo(pane.x + shift - grow, h * 0.84 - grow);
      ctx.lineTo(pane.x + pane.width + shift + grow, h * 0.84 - grow);
      ctx.lineTo(pane.x + pane.width * 1.12 + shift * 1.7 + grow, h * 1.04);
      ctx.lineTo(pane.x - pane.width * 0.12 + shift * 1.7 - grow, h * 1.04);
      ctx.fill();
    }
    const g = ctx.createRadialGradient(
      w / 2,
      pane.y + pane.height / 2,
      0,
      w / 2,
      pane.y + pane.height / 2,
      w * 0.55,
    );
    g.addColorStop(0, css(c, 0.16 * p.light + 0.03));
    g.addColorStop(1, css(c, 0));
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, w, h);
  });
  const breath = curve(stage.rng.fork('daylight'), 2);
  stage.elements.push((frame, now) =>
    drawLight(frame, light, 0, 0, 8.1, 1 + 0.12 * breath(now.seconds * 0.5)),
  );
}
