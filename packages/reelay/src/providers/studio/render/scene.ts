import { type Brief, readBrief, type Season, type TimeOfDay, type Weather } from './brief.ts';
import { cameraPath } from './camera.ts';
import { toYuv } from './colour.ts';
import { palette } from './palette.ts';
import { vignette } from './parts/air.ts';
import { flashAt, strikes } from './parts/storm.ts';
import { addWeather } from './parts/weather.ts';
import type { Frame } from './planes.ts';
import { hash32, type Random, random } from './random.ts';
import type { SoundName } from './sound/names.ts';
import { type Moment, projection, type Stage, sound, worldMargin } from './stage.ts';
import type { Subject } from './subject.ts';
import { FALLBACK, SUBJECTS } from './subjects/all.ts';

/** A film that can be drawn frame by frame, and what it should sound like. */
export interface Scene {
  /** The names of what was built, for metadata and tests. */
  readonly subjects: readonly string[];
  readonly sounds: ReadonlyMap<SoundName, number>;
  readonly brief: Brief;
  /** Seconds of the film at which lightning strikes. */
  readonly strikes: readonly number[];
  /** What is to be painted before the first frame, in order; `draw` does what is left of it. */
  readonly paintings: (() => void)[];
  /** Draws the frame at a time of the film, in seconds. The same time draws the same frame. */
  draw(frame: Frame, seconds: number): void;
}

interface Cast {
  readonly place: Subject;
  readonly backdrop: Subject | null;
  readonly figures: readonly Subject[];
}

/** Chooses what is built: the weightiest place, one more at its horizon, and up to three figures. */
function cast(brief: Brief, known: readonly Subject[]): Cast {
  const wanted = brief.subjects
    .map((name) => known.find((one) => one.name === name))
    .filter((one) => one !== undefined);
  const places = wanted.filter((one) => one.role === 'place').sort((a, b) => b.weight - a.weight);
  const figures = wanted.filter((one) => one.role === 'figure').slice(0, 3);
  const home = figures.map((one) => one.home).find((name) => name !== undefined);
  const place = places[0] ?? known.find((one) => one.name === home) ?? FALLBACK;
  const backdrop = places.slice(1).find((one) => one.far) ?? null;
  return { place, backdrop, figures };
}

/** Lets the place's own best light fill what the prompt leaves open. */
function conditions(
  brief: Brief,
  parts: Cast,
  rng: Random,
): { time: TimeOfDay; weather: Weather; season: Season } {
  const likes = [parts.place, ...parts.figures].map((one) => one.prefers ?? {});
  const said = <K extends 'time' | 'weather' | 'season'>(key: K): (typeof likes)[number][K] =>
    likes.map((one) => one[key]).find((value) => value !== undefined);
  const moodTime: TimeOfDay | null =
    brief.mood === 'romantic'
      ? 'sunset'
      : brief.mood === 'mysterious'
        ? 'dusk'
        : brief.mood === 'epic'
          ? 'golden'
          : null;
  const time =
    brief.time ??
    (brief.weather === 'storm' ? 'dusk' : null) ??
    said('time') ??
    moodTime ??
    (['day', 'golden', 'day', 'dawn'] as const)[Math.floor(rng.next() * 4)] ??
    'day';
  const weather = brief.weather ?? said('weather') ?? (brief.mood === 'melancholic' ? 'cloudy' : 'clear');
  const season = brief.season ?? said('season') ?? (weather === 'snow' ? 'winter' : 'summer');
  return { time, weather, season };
}

/** Where the sun or moon stands: low and aside at the ends of the day. */
function sunPlace(time: TimeOfDay, rng: Random, width: number, height: number): { x: number; y: number } {
  const side = rng.next() < 0.5 ? rng.between(0.2, 0.36) : rng.between(0.64, 0.8);
  const up: { readonly [time in TimeOfDay]: number } = {
    dawn: 0.4,
    day: 0.1,
    golden: 0.33,
    sunset: 0.43,
    dusk: 0.47,
    night: 0.17,
  };
  return { x: width * side, y: height * (up[time] + rng.between(-0.02, 0.02)) };
}

/** Composes the film of a prompt. The same prompt, seed and size is the same film. */
export function composeScene(
  prompt: string,
  seed: number,
  width: number,
  height: number,
  seconds: number,
): Scene {
  const brief = readBrief(prompt, SUBJECTS);
  const rng = random(hash32(`${seed}\n${prompt}`));
  const parts = cast(brief, SUBJECTS);
  const { time, weather, season } = conditions(brief, parts, rng.fork('conditions'));
  const stage: Stage = {
    width,
    height,
    margin: worldMargin(width, height),
    unit: Math.sqrt(width * height) / 960,
    rng,
    prompt,
    palette: palette(time, weather, season, brief.mood),
    brief,
    time,
    weather,
    season,
    sun: sunPlace(time, rng.fork('sun'), width, height),
    elements: [],
    paintings: [],
    sounds: new Map(),
    backdrop: parts.backdrop,
    indoors: false,
    perch: { x: width / 2, y: height * 0.85, size: height * 0.15, depth: 0.8 },
    skyline: height * 0.3,
  };
  parts.place.build(stage);
  for (const figure of parts.figures) figure.build(stage);
  if (!stage.indoors) addWeather(stage);
  wantSounds(stage);
  const times = weather === 'storm' ? strikes(stage, seconds) : [];
  return {
    subjects: [parts.place, ...(parts.backdrop ? [parts.backdrop] : []), ...parts.figures].map(
      (one) => one.name,
    ),
    sounds: stage.sounds,
    brief,
    strikes: times,
    paintings: stage.paintings,
    draw: drawing(stage, seconds, times),
  };
}

function drawing(stage: Stage, seconds: number, times: readonly number[]): Scene['draw'] {
  const { width, height } = stage;
  const camera = cameraPath(stage.brief.camera, stage.rng.fork('camera'), Math.max(width, height));
  const finish = vignette(width, height);
  const [y, u, v] = toYuv(stage.palette.haze);
  return (frame, at) => {
    while (stage.paintings.length > 0) stage.paintings.shift()?.();
    const share = Math.min(1, at / seconds);
    const project = projection(camera(share, at), width, height);
    const now: Moment = { seconds: at * stage.brief.pace, share, flash: flashAt(times, at), project };
    // Air lies behind everything: where no layer reaches, it shows, never the frame before.
    frame.y.fill(y);
    frame.u.fill(u);
    frame.v.fill(v);
    for (const element of stage.elements) element(frame, now);
    finish(frame);
  };
}

/** Sounds that the words name, and those that the weather brings. */
function wantSounds(stage: Stage): void {
  const { weather, brief, palette: p } = stage;
  if (weather === 'rain' || weather === 'storm') sound(stage, 'rain', 0.8);
  if (weather === 'storm') sound(stage, 'thunder', 1);
  if (weather === 'wind' || weather === 'snow') sound(stage, 'wind', 0.7);
  if (p.light < 0.3 && stage.season === 'summer' && weather === 'clear') sound(stage, 'crickets', 0.3);
  for (const name of brief.sounds) sound(stage, name, 0.9);
  sound(stage, 'music', 0.7);
}
