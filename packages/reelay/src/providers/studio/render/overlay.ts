import type { Brief } from './brief.ts';
import { OVERLAYS } from './lexicon.ts';
import { palette } from './palette.ts';
import { addMotes, addRays } from './parts/air.ts';
import { addMist } from './parts/land.ts';
import { addClouds } from './parts/sky.ts';
import { addLightning } from './parts/storm.ts';
import { addRain, addSnow } from './parts/weather.ts';
import type { Random } from './random.ts';
import { type Stage, worldMargin } from './stage.ts';
import { hits, normalise } from './words.ts';

/** What a prompt wants laid over a picture. */
export interface Overlay {
  readonly stage: Stage;
  /** Whether water in the picture's lower part should ripple. */
  readonly ripples: boolean;
}

/** Builds what the words name over a picture of a mean lightness (0..1): weather, light, things adrift. */
export function composeOverlay(
  prompt: string,
  brief: Brief,
  rng: Random,
  width: number,
  height: number,
  lightness: number,
): Overlay {
  const text = normalise(prompt);
  const wants = (name: keyof typeof OVERLAYS): boolean => hits(OVERLAYS[name], text) > 0;
  const weather = brief.weather ?? 'clear';
  const time = lightness < 0.25 ? 'night' : lightness < 0.4 ? 'dusk' : 'day';
  const stage: Stage = {
    width,
    height,
    margin: worldMargin(width, height),
    unit: Math.sqrt(width * height) / 960,
    rng,
    prompt,
    palette: palette(time, 'clear', brief.season ?? 'summer', brief.mood),
    brief,
    time,
    weather,
    season: brief.season ?? 'summer',
    sun: { x: width * (rng.fork('sun').next() < 0.5 ? 0.25 : 0.75), y: height * 0.1 },
    elements: [],
    paintings: [],
    sounds: new Map(),
    backdrop: null,
    indoors: false,
    perch: { x: width / 2, y: height * 0.85, size: height * 0.15, depth: 0.8 },
    skyline: height * 0.3,
  };
  if (wants('clouds')) addClouds(stage, height * 0.5, 0.62);
  if (weather === 'fog') {
    addMist(stage, height * 0.3, height * 0.85, 0.4, 0.5);
    addMist(stage, height * 0.55, height * 1.1, 0.8, 0.55);
  }
  if (wants('rays')) addRays(stage, 0.8);
  if (weather === 'rain' || weather === 'storm') addRain(stage, 1.1);
  if (weather === 'storm') addLightning(stage);
  if (weather === 'snow') addSnow(stage, 1);
  addDrifting(stage, wants);
  return { stage, ripples: wants('ripples') };
}

function addDrifting(stage: Stage, wants: (name: keyof typeof OVERLAYS) => boolean): void {
  const { height } = stage;
  const field = { count: 44, top: height * 0.1, bottom: height * 1.02, depth: 0.8 };
  if (wants('fireflies')) addMotes(stage, { ...field, colour: [200, 255, 120], size: 3.2, rise: 8 });
  else if (wants('embers')) addMotes(stage, { ...field, colour: [255, 140, 50], size: 2.2, rise: 80 });
  else if (wants('motes')) addMotes(stage, { ...field, colour: [255, 240, 205], size: 2.8, rise: 10 });
}
