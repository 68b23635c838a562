import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBrief } from '../../src/providers/studio/render/brief.ts';
import { composeScene } from '../../src/providers/studio/render/scene.ts';
import { SUBJECTS } from '../../src/providers/studio/render/subjects/all.ts';

const built = (prompt: string): readonly string[] => composeScene(prompt, 1, 160, 90, 5).subjects;

const PROMPTS: readonly (readonly [prompt: string, ...subjects: string[]])[] = [
  ['a serene waterfall in the forest with birds chirping', 'waterfall', 'forest', 'birds'],
  ['wodospad w lesie', 'waterfall', 'forest'],
  ['een waterval in het bos', 'waterfall', 'forest'],
  ['a cat on a roof under the stars', 'rooftop', 'cat'],
  ['kot na dachu', 'rooftop', 'cat'],
  ['een kat op het dak', 'rooftop', 'cat'],
  ['zachód słońca nad morzem', 'sea'],
  ['zonsondergang boven zee', 'sea'],
  ['neon street in the rain', 'neon'],
  ['samochód na drodze przez pustynię', 'road', 'desert'],
  ['een paard in de weide', 'meadow', 'horse'],
  ['a goldfish', 'underwater', 'fish'],
  ['A planet in outer space', 'space'],
  ['campfire by the lake', 'fire'],
  ['a snowy village in winter', 'snow'],
  ['a cup of coffee by the window while it rains', 'room'],
];

for (const [prompt, ...subjects] of PROMPTS) {
  test(`"${prompt}" shows ${subjects.join(', ')}`, () => {
    const shown = built(prompt);
    assert.equal(shown[0], subjects[0]);
    for (const subject of subjects.slice(1)) assert.ok(shown.includes(subject), `${shown} lacks ${subject}`);
  });
}

test('time, weather, season, mood, camera and pace are read in all three languages', () => {
  const read = (prompt: string): ReturnType<typeof readBrief> => readBrief(prompt, SUBJECTS);
  assert.equal(read('at dawn').time, 'dawn');
  assert.equal(read('o świcie').time, 'dawn');
  assert.equal(read('bij zonsopgang').time, 'dawn');
  assert.equal(read('burza z piorunami').weather, 'storm');
  assert.equal(read('in de mist').weather, 'fog');
  assert.equal(read('jesienny las').season, 'autumn');
  assert.equal(read('een herfstbos').season, 'autumn');
  assert.equal(read('a melancholic evening').mood, 'melancholic');
  assert.equal(read('tajemnicza noc').mood, 'mysterious');
  assert.deepEqual(read('aerial drone shot, slow motion').camera, ['aerial']);
  assert.equal(read('aerial drone shot, slow motion').pace, 0.45);
  assert.deepEqual(read('camera pans left').camera, ['pan-left']);
  assert.deepEqual(read('no camera word').camera, ['drift']);
});

test('every subject is built in every ratio and has words in every language', () => {
  for (const subject of SUBJECTS) {
    for (const language of ['en', 'pl', 'nl'] as const)
      assert.ok(subject.words[language].trim(), `${subject.name} ${language}`);
    const word = subject.words.en.split(' ')[0]?.replaceAll('_', ' ').replace('*', '') ?? '';
    for (const [width, height] of [
      [160, 90],
      [90, 160],
      [120, 120],
    ] as const) {
      assert.ok(
        composeScene(word, 1, width, height, 5).subjects.includes(subject.name),
        `${subject.name} by "${word}"`,
      );
    }
  }
});
