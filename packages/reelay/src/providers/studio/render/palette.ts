import type { Mood, Season, TimeOfDay, Weather } from './brief.ts';
import { hex, mix, type Rgb, tone } from './colour.ts';

/** The colours of one film: sky, light, and what the land is made of, all under the same light. */
export interface Palette {
  readonly skyTop: Rgb;
  readonly skyMid: Rgb;
  readonly skyLow: Rgb;
  /** What distance fades into. */
  readonly haze: Rgb;
  /** The colour of the light itself. */
  readonly sun: Rgb;
  readonly cloudLit: Rgb;
  readonly cloudShade: Rgb;
  /** The darkest near silhouettes. */
  readonly ink: Rgb;
  readonly leaf: Rgb;
  readonly leafLit: Rgb;
  readonly grass: Rgb;
  readonly rock: Rgb;
  readonly sand: Rgb;
  readonly water: Rgb;
  readonly snow: Rgb;
  readonly accent: Rgb;
  /** 0..1: how many stars are seen. */
  readonly stars: number;
  /** 0..1: how much distance is veiled. */
  readonly veil: number;
  /** 0 dark night .. 1 full day. */
  readonly light: number;
}

interface Sky {
  readonly top: string;
  readonly mid: string;
  readonly low: string;
  readonly haze: string;
  readonly sun: string;
  readonly ink: string;
  /** What all local colours are pulled towards, and how far. */
  readonly cast: string;
  readonly pull: number;
  /** Added lightness of local colours. */
  readonly key: number;
  readonly light: number;
}

const SKIES: { readonly [name in TimeOfDay]: Sky } = {
  dawn: {
    top: '#5b7fb4',
    mid: '#c9b3c8',
    low: '#ffd9b0',
    haze: '#efc6b8',
    sun: '#ffe2b8',
    ink: '#1d2438',
    cast: '#d9a7a8',
    pull: 0.22,
    key: -0.05,
    light: 0.75,
  },
  day: {
    top: '#2f78c4',
    mid: '#7fb7e6',
    low: '#d6ecf5',
    haze: '#c3ddeb',
    sun: '#fff6dc',
    ink: '#16302c',
    cast: '#a9cde4',
    pull: 0.08,
    key: 0.03,
    light: 1,
  },
  golden: {
    top: '#4d7fae',
    mid: '#e2b98a',
    low: '#ffd489',
    haze: '#f0c48d',
    sun: '#ffd98a',
    ink: '#2b2118',
    cast: '#f0b25e',
    pull: 0.24,
    key: 0,
    light: 0.85,
  },
  sunset: {
    top: '#33396f',
    mid: '#c2577a',
    low: '#ffa25a',
    haze: '#e58a72',
    sun: '#ffc271',
    ink: '#1a1228',
    cast: '#b84e63',
    pull: 0.36,
    key: -0.13,
    light: 0.55,
  },
  dusk: {
    top: '#161f4a',
    mid: '#4d4f8c',
    low: '#c98aa0',
    haze: '#6d6a9c',
    sun: '#ffb59c',
    ink: '#0d1024',
    cast: '#4a4a86',
    pull: 0.48,
    key: -0.2,
    light: 0.35,
  },
  night: {
    top: '#050a1f',
    mid: '#0f2148',
    low: '#2a4a78',
    haze: '#1f3a66',
    sun: '#dfe8ff',
    ink: '#040813',
    cast: '#16305e',
    pull: 0.62,
    key: -0.3,
    light: 0.16,
  },
};

const LEAVES: {
  readonly [name in Season]: readonly [leaf: string, lit: string, grass: string, accent: string];
} = {
  spring: ['#4e8a4a', '#a5cf6a', '#76a94f', '#f2a7c3'],
  summer: ['#2f6b3e', '#86b552', '#5f9440', '#f4c542'],
  autumn: ['#a4562a', '#eda23c', '#a3863f', '#d8572a'],
  winter: ['#3c5a5c', '#9fb8bd', '#c9d8de', '#b8d4e8'],
};

const WEATHER_GREY: { readonly [name in Weather]: readonly [grey: number, veil: number, dim: number] } = {
  clear: [0, 0.2, 0],
  wind: [0.1, 0.25, 0],
  cloudy: [0.4, 0.35, 0.03],
  rain: [0.62, 0.55, 0.09],
  storm: [0.75, 0.5, 0.17],
  snow: [0.5, 0.6, 0],
  fog: [0.55, 0.95, 0.02],
};

const MOOD: { readonly [name in Mood]: readonly [chroma: number, lightness: number] } = {
  serene: [1, 0],
  dramatic: [1.08, -0.05],
  joyful: [1.22, 0.02],
  melancholic: [0.66, -0.02],
  mysterious: [0.85, -0.06],
  romantic: [1.1, 0],
  epic: [1.12, -0.02],
};

/** Composes the colours for a time of day, weather, season and mood. */
export function palette(time: TimeOfDay, weather: Weather, season: Season, mood: Mood): Palette {
  const sky = SKIES[time];
  const [grey, veil, dim] = WEATHER_GREY[weather];
  const [chroma, lift] = MOOD[mood];
  const overcast = mix(hex('#b9c2cc'), hex(sky.mid), 0.35);
  const dark = time === 'night' ? 0.3 : time === 'dusk' ? 0.18 : 0;
  const air = (c: Rgb, share: number): Rgb =>
    tone(mix(c, tone(overcast, -dark * 1.4 - dim), grey * share), lift - dim * 0.5, chroma);
  const [leaf, lit, grass, accent] = LEAVES[season];
  const local = (c: string, pull = sky.pull): Rgb =>
    tone(mix(tone(hex(c), sky.key), hex(sky.cast), pull), lift - dim, chroma * (1 - grey * 0.35));
  const sun = tone(mix(hex(sky.sun), overcast, grey * 0.4), 0, chroma);
  return {
    skyTop: air(hex(sky.top), 0.75),
    skyMid: air(hex(sky.mid), 0.9),
    skyLow: air(hex(sky.low), 0.85),
    haze: air(hex(sky.haze), 0.85),
    sun,
    cloudLit: tone(mix(air(hex(sky.low), 0.7), hex('#ffffff'), 0.55 * sky.light + 0.1), 0, 0.9),
    cloudShade: air(mix(hex(sky.mid), hex(sky.top), 0.35), 1),
    ink: tone(hex(sky.ink), lift * 0.5),
    leaf: local(leaf),
    leafLit: local(lit, sky.pull * 0.8),
    grass: local(grass),
    rock: local('#6f7480'),
    sand: local('#d9b884'),
    water: mix(local('#2f6f8f'), air(hex(sky.mid), 0.9), 0.35),
    snow: mix(local('#eef4fa', sky.pull * 0.75), air(hex(sky.low), 0.5), 0.2),
    accent: local(accent, sky.pull * 0.6),
    stars: Math.max(0, (time === 'night' ? 1 : time === 'dusk' ? 0.4 : 0) - grey * 1.1),
    veil,
    light: sky.light * (1 - grey * 0.3),
  };
}
