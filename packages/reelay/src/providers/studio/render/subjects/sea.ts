import { mix } from '../colour.ts';
import { addSky } from '../parts/sky.ts';
import { addWater } from '../parts/water.ts';
import { type Stage, sound } from '../stage.ts';
import type { Subject } from '../subject.ts';

/** Open water to the horizon, the light of the sky in it. */
export const sea: Subject = {
  name: 'sea',
  words: {
    en: 'sea ocean waves wave coast shore bay seascape',
    pl: 'morze morza morzu morzem morsk* ocean* fal fale wybrzez*',
    nl: 'zee oceaan golven kust baai',
  },
  role: 'place',
  weight: 2,
  prefers: { time: 'golden' },
  build(stage) {
    const horizon = stage.height * 0.5;
    addSky(stage, horizon);
    openWater(stage, horizon, stage.weather === 'storm' ? 1 : 0.6);
    stage.perch = { x: stage.width * 0.5, y: stage.height * 0.8, size: stage.height * 0.12, depth: 0.7 };
    sound(stage, 'waves', 0.9);
    sound(stage, 'gulls', stage.palette.light > 0.4 ? 0.3 : 0);
    sound(stage, 'wind', 0.25);
  },
};

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
