import { writeFile } from 'node:fs/promises';
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { toRgba } from '../../src/providers/studio/render/encode/still.ts';
import { frame } from '../../src/providers/studio/render/planes.ts';
import { composeScene } from '../../src/providers/studio/render/scene.ts';
import { filmSize } from '../../src/providers/studio/render/size.ts';

// Draws one moment of every subject in the three ratios into one picture, for eyes to judge. Run by hand:
// node packages/reelay/test/studio/contact-sheet.ts docs/studio/contact-sheet.jpg

const PROMPTS = [
  'a serene waterfall in the forest',
  'a sunlit forest',
  'a calm sea at sunset',
  'mountains at dawn',
  'a meadow with wildflowers and mountains',
  'desert dunes',
  'a lake in the mountains in autumn',
  'a city at night',
  'a city by day',
  'a neon street in the rain',
  'aurora in the night sky',
  'a snowy cabin in winter',
  'a campfire by night',
  'an underwater reef with fish',
  'a planet in space',
  'sunset over the horizon',
  'a car on the road',
  'a rainy window in a cozy room',
  'a cat on a roof under the stars',
  'a horse galloping through a meadow',
  'birds over foggy mountains',
  'a thunderstorm over the sea',
  'a dramatic winter lake',
  'words that nobody knows',
];
const RATIOS = ['16:9', '1:1', '9:16'];
const TALL = 168;
const GAP = 6;
const LABEL = 20;
const COLUMNS = 3;
const SECONDS = 2.6;

const widths = RATIOS.map((ratio) => Math.round((filmSize(ratio).width / filmSize(ratio).height) * TALL));
const cellWide = widths.reduce((sum, w) => sum + w + GAP, 0) + GAP;
const cellTall = TALL + LABEL + GAP;

function drawCell(ctx: SKRSContext2D, prompt: string, left: number, top: number): void {
  ctx.fillStyle = '#e8e6e1';
  ctx.font = '13px sans-serif';
  ctx.fillText(prompt, left, top + 14);
  let x = left;
  for (const [i, ratio] of RATIOS.entries()) {
    const { width, height } = filmSize(ratio);
    const picture = frame(width, height);
    composeScene(prompt, 1, width, height, 5).draw(picture, SECONDS);
    const canvas = createCanvas(width, height);
    const image = canvas.getContext('2d').createImageData(width, height);
    image.data.set(toRgba(picture));
    canvas.getContext('2d').putImageData(image, 0, 0);
    ctx.imageSmoothingQuality = 'high';
    ctx.drawImage(canvas, x, top + LABEL, widths[i] ?? 0, TALL);
    x += (widths[i] ?? 0) + GAP;
  }
}

const rows = Math.ceil(PROMPTS.length / COLUMNS);
const sheet = createCanvas(cellWide * COLUMNS + GAP, cellTall * rows + GAP);
const ctx = sheet.getContext('2d');
ctx.fillStyle = '#16161a';
ctx.fillRect(0, 0, sheet.width, sheet.height);
for (const [i, prompt] of PROMPTS.entries()) {
  drawCell(ctx, prompt, GAP * 2 + (i % COLUMNS) * cellWide, GAP + Math.floor(i / COLUMNS) * cellTall);
}
await writeFile(process.argv[2] ?? 'contact-sheet.jpg', await sheet.encode('jpeg', 82));
