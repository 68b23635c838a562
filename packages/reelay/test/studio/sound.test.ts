import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBrief } from '../../src/providers/studio/render/brief.ts';
import { SAMPLE_RATE, soundSamples } from '../../src/providers/studio/render/encode/mux.ts';
import { loudness, truePeak } from '../../src/providers/studio/render/sound/loudness.ts';
import type { SoundName } from '../../src/providers/studio/render/sound/names.ts';
import { composeSound, type Score } from '../../src/providers/studio/render/sound/score.ts';

function score(levels: Partial<Record<SoundName, number>>, given: Partial<Score> = {}): Score {
  const brief = readBrief('a test', []);
  const wanted = new Map(Object.entries(levels) as [SoundName, number][]);
  return { prompt: 'a test', seed: 1, seconds: 5, levels: wanted, strikes: [], brief, ...given };
}

const sine = (hertz: number, peak: number): Float32Array =>
  Float32Array.from(
    { length: SAMPLE_RATE * 3 },
    (_, i) => peak * Math.sin((2 * Math.PI * hertz * i) / SAMPLE_RATE),
  );

test('the meter agrees with the standard: a 997 Hz sine at full scale on one side is −3.01 LUFS', () => {
  const left = sine(997, 1);
  const right = new Float32Array(left.length);
  assert.ok(Math.abs(loudness({ left, right }) + 3.01) < 0.1);
  assert.ok(Math.abs(truePeak({ left, right })) < 0.1);
});

test('the true peak is found between the samples', () => {
  const left = Float32Array.from({ length: 4800 }, (_, i) => Math.sin((Math.PI / 2) * i + Math.PI / 4));
  assert.ok(Math.max(...left) < 0.71);
  assert.ok(Math.abs(truePeak({ left, right: left })) < 0.3);
});

const MIXES: readonly Partial<Record<SoundName, number>>[] = [
  { water: 0.9, birds: 0.35, music: 0.7 },
  { rain: 0.8, thunder: 1, wind: 0.7, music: 0.7 },
  { waves: 0.9, gulls: 0.3, music: 0.7 },
  { fire: 1, crickets: 0.3, music: 0.7 },
  { city: 0.8, footsteps: 0.9, crowd: 0.9, engine: 0.5, music: 0.7 },
  { space: 0.9, bubbles: 0.9, hooves: 0.9, purr: 0.4, river: 0.5 },
];

for (const mix of MIXES) {
  test(`${Object.keys(mix).join(', ')}: near −20 LUFS, true peak under −1 dBFS, soft ends, whole`, () => {
    const sound = composeSound(score(mix, { strikes: [1.1, 3.2] }));
    assert.equal(sound.left.length, soundSamples(5));
    assert.ok([...sound.left, ...sound.right].every(Number.isFinite));
    const lufs = loudness(sound);
    assert.ok(lufs > -22 && lufs < -18.5, `${lufs} LUFS`);
    assert.ok(truePeak(sound) < -1, `${truePeak(sound)} dBFS`);
    for (const channel of [sound.left, sound.right]) {
      assert.ok(Math.abs(channel[0] ?? 1) < 0.001 && Math.abs(channel.at(-1) ?? 1) < 0.001);
    }
  });
}

test('the same score is the same sound, another seed another', () => {
  const one = composeSound(score({ birds: 1, music: 1 }));
  assert.deepEqual(composeSound(score({ birds: 1, music: 1 })).left, one.left);
  assert.notDeepEqual(composeSound(score({ birds: 1, music: 1 }, { seed: 2 })).left, one.left);
});

test('thunder follows its lightning', () => {
  const energy = (sound: { left: Float32Array }, from: number, to: number): number =>
    sound.left.slice(from * SAMPLE_RATE, to * SAMPLE_RATE).reduce((sum, v) => sum + v * v, 0);
  const sound = composeSound(score({ thunder: 1 }, { strikes: [3] }));
  assert.ok(energy(sound, 3.1, 4.3) > 20 * energy(sound, 1, 2.9));
});

test('a film of either length never has a sound longer than itself', () => {
  for (const seconds of [5, 10]) {
    // The encoder adds one frame of 1024 samples before them.
    assert.ok((soundSamples(seconds) + 1024) / SAMPLE_RATE <= seconds);
    assert.ok((soundSamples(seconds) + 2 * 1024) / SAMPLE_RATE > seconds - 0.03);
  }
});
