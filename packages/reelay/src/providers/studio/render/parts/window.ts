import { drawSprite } from '../blend.ts';
import { css, mix, type Rgb, tone } from '../colour.ts';
import { paint } from '../planes.ts';
import { addLayer, type Box, type Stage } from '../stage.ts';
import { addPuffs } from './fall.ts';
import { addSwaying } from './land.ts';

/** Two curtains that breathe with the air. */
export function addCurtains(stage: Stage, pane: Box, cloth: Rgb): void {
  const { palette: p, height: h } = stage;
  for (const side of [-1, 1]) {
    const wide = pane.width * 0.3;
    const x = side < 0 ? pane.x - wide * 0.72 : pane.x + pane.width - wide * 0.28;
    const box = {
      x: x - wide * 0.2,
      y: pane.y - h * 0.05,
      width: wide * 1.4,
      height: pane.height + h * 0.16,
    };
    const sprite = paint(box, (ctx) => {
      const folds = 7;
      for (let i = 0; i < folds; i++) {
        const fx = x + (i / folds) * wide;
        const g = ctx.createLinearGradient(fx, 0, fx + wide / folds, 0);
        g.addColorStop(0, css(mix(cloth, p.ink, 0.45), 0.93));
        g.addColorStop(0.45, css(mix(cloth, p.sun, 0.25 * p.light), 0.86));
        g.addColorStop(1, css(mix(cloth, p.ink, 0.4), 0.93));
        ctx.fillStyle = g;
        ctx.beginPath();
        ctx.moveTo(fx, box.y);
        ctx.lineTo(fx + wide / folds + 1, box.y);
        ctx.lineTo(fx + wide / folds + 1 + side * 3, box.y + box.height - 8 - 5 * Math.sin(i * 2));
        ctx.lineTo(fx + side * 3, box.y + box.height - 8 - 5 * Math.sin(i * 2 + 2));
        ctx.fill();
      }
    });
    stage.elements.push((frame, now) => {
      const at = now.project(sprite.x, sprite.yTop, 0.5);
      const t = now.seconds;
      const swing = stage.unit * 9 * (0.6 + 0.4 * Math.sin(t * 0.7));
      drawSprite(
        frame,
        sprite,
        at.x,
        at.y,
        at.scale,
        1,
        (share) => swing * share * share * Math.sin(t * 1.1 + share * 2.4 + side),
      );
    });
  }
}

/** The sill with a plant and a steaming cup. */
export function addSill(stage: Stage, pane: Box, wall: Rgb): void {
  const { palette: p, height: h, unit } = stage;
  const y = pane.y + pane.height;
  const rng = stage.rng.fork('plant');
  const depth = 0.5;
  addLayer(
    stage,
    { x: pane.x - pane.width * 0.14, y: y - unit * 4, width: pane.width * 1.28, height: h * 0.05 },
    depth,
    (ctx) => {
      const g = ctx.createLinearGradient(0, y, 0, y + h * 0.035);
      g.addColorStop(0, css(mix([236, 222, 204], wall, 0.35)));
      g.addColorStop(1, css(mix(wall, p.ink, 0.5)));
      ctx.fillStyle = g;
      ctx.fillRect(pane.x - pane.width * 0.13, y, pane.width * 1.26, h * 0.035);
    },
  );
  const px = pane.x + pane.width * 0.83;
  const pot = h * 0.1;
  addSwaying(
    stage,
    { x: px - pot * 1.5, y: y - pot * 3, width: pot * 3, height: pot * 3 },
    depth,
    { amount: unit * 3, rate: 0.8, phase: 1 },
    (ctx) => {
      for (let i = 0; i < 24; i++) {
        const a = -Math.PI / 2 + rng.between(-1.1, 1.1);
        const l = pot * rng.between(1, 1.9);
        const ex = px + Math.cos(a) * l * 0.75;
        const ey = y - pot * 0.85 + Math.sin(a) * l;
        ctx.fillStyle = css(
          mix(mix(p.leaf, [60, 130, 70], 0.5), i % 3 ? p.ink : p.leafLit, i % 3 ? 0.35 : 0.4),
        );
        ctx.beginPath();
        ctx.moveTo(px, y - pot * 0.8);
        ctx.quadraticCurveTo(px + (ex - px) * 0.2 - pot * 0.16, ey, ex, ey);
        ctx.quadraticCurveTo(px + (ex - px) * 0.7 + pot * 0.1, ey + l * 0.3, px + 3, y - pot * 0.8);
        ctx.fill();
      }
      ctx.fillStyle = css(mix([188, 96, 62], p.ink, 0.35));
      ctx.beginPath();
      ctx.moveTo(px - pot * 0.5, y - pot * 0.95);
      ctx.lineTo(px + pot * 0.5, y - pot * 0.95);
      ctx.lineTo(px + pot * 0.36, y);
      ctx.lineTo(px - pot * 0.36, y);
      ctx.fill();
    },
  );
  const cx = pane.x + pane.width * 0.58;
  const cup = h * 0.055;
  addLayer(stage, { x: cx - cup, y: y - cup * 1.2, width: cup * 2.2, height: cup * 1.3 }, depth, (ctx) => {
    const g = ctx.createLinearGradient(cx - cup * 0.6, 0, cx + cup * 0.6, 0);
    g.addColorStop(0, css(mix([240, 234, 224], p.ink, 0.5)));
    g.addColorStop(0.6, css(tone(mix([240, 234, 224], p.sun, 0.2), -0.08)));
    g.addColorStop(1, css(mix([240, 234, 224], p.ink, 0.4)));
    ctx.strokeStyle = css(mix([240, 234, 224], p.ink, 0.45));
    ctx.lineWidth = cup * 0.13;
    ctx.beginPath();
    ctx.arc(cx + cup * 0.62, y - cup * 0.52, cup * 0.26, 0, Math.PI * 2);
    ctx.stroke();
    ctx.fillStyle = g;
    ctx.beginPath();
    ctx.roundRect(cx - cup * 0.6, y - cup * 0.98, cup * 1.2, cup * 0.98, [
      cup * 0.06,
      cup * 0.06,
      cup * 0.34,
      cup * 0.34,
    ]);
    ctx.fill();
  });
  addPuffs(stage, {
    label: 'steam',
    x: cx,
    y: y - cup,
    width: cup * 0.6,
    rise: cup * 3.2,
    size: cup * 0.5,
    count: 12,
    colour: mix([255, 255, 255], p.skyLow, 0.3),
    strength: 0.28,
    rate: 0.3,
    depth,
  });
}

/** Drops on the glass: they sit, swell and run. */
export function addDrops(stage: Stage, pane: Box): void {
  const { unit } = stage;
  const rng = stage.rng.fork('drops');
  const size = Math.ceil(unit * 22);
  const bead = paint({ x: 0, y: 0, width: size, height: size }, (ctx) => {
    const c = size / 2;
    const g = ctx.createRadialGradient(c, c * 0.8, 0, c, c, c * 0.9);
    g.addColorStop(0, 'rgba(235,245,255,0.32)');
    g.addColorStop(0.6, 'rgba(190,210,230,0.2)');
    g.addColorStop(0.86, 'rgba(20,30,45,0.34)');
    g.addColorStop(1, 'rgba(20,30,45,0)');
    ctx.fillStyle = g;
    ctx.fillRect(0, 0, size, size);
    ctx.fillStyle = 'rgba(255,255,255,0.7)';
    ctx.beginPath();
    ctx.arc(c * 0.75, c * 0.65, c * 0.13, 0, Math.PI * 2);
    ctx.fill();
  });
  const all = Array.from({ length: 130 }, (_, i) => ({
    x: rng.next(),
    y: rng.next(),
    scale: rng.between(0.16, 0.75),
    runs: i % 7 === 0 ? rng.between(0.06, 0.2) : 0,
    wave: rng.next() * 6,
  }));
  stage.elements.push((frame, now) => {
    for (const d of all) {
      const y = (d.y + d.runs * now.seconds * (0.6 + 0.4 * Math.sin(now.seconds * 2 + d.wave))) % 1;
      const at = now.project(pane.x + d.x * pane.width, pane.y + y * pane.height, 0.44);
      drawSprite(
        frame,
        bead,
        at.x - (size / 2) * d.scale,
        at.y - (size / 2) * d.scale,
        d.scale * at.scale,
        Math.min(1, (1 - y) * 8, y * 8 + (d.runs ? 0 : 1)),
      );
    }
  });
}
