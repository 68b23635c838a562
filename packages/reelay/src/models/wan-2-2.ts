import type { Model } from '../core/model.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Wan 2.2 on an operator's own engine (providers `openai-videos` and `comfyui`). Not in the catalogue: an operator who
 * has such an engine adds its line there, and sets the price.
 */
export const wan22: Model = {
  id: 'wan-2-2',
  displayName: 'Wan 2.2',
  description: 'Silent video from text or from an image, made on hardware of your own.',
  category: 'video',
  modes: ['text-to-video', 'image-to-video'],
  prompt: { min: 1, max: 2500 },
  params: [
    {
      key: 'duration',
      type: 'integer',
      options: [5],
      default: 5,
      description: 'Length of the clip in seconds',
    },
    { key: 'sound', type: 'boolean', options: [false], default: false, description: 'The film is silent' },
    {
      key: 'aspect_ratio',
      type: 'string',
      options: ['16:9', '9:16', '1:1'],
      default: '16:9',
      description:
        '16:9 landscape; 9:16 portrait; 1:1 square. In image-to-video the film follows the picture.',
    },
  ],
  media: {
    images: { 'text-to-video': { min: 0, max: 0 }, 'image-to-video': { min: 1, max: 1 } },
    maxBytes: 10 * 1024 * 1024,
    mimeTypes: ['image/jpeg', 'image/png', 'image/webp'],
    minSidePixels: 256,
    maxRatio: 2.5,
  },
  billing: 'FIXED',
  price: 10,
  attemptsMax: 3,
  retentionMs: 15 * day,
  deadlines: { queueMs: day, attemptMs: 30 * minute, storingMs: 50 * minute, unknownMs: day },
  usual: [{ durationSeconds: 5, minMs: 60 * second, maxMs: 600 * second }],
  polling: { firstMs: 60 * second, thenMs: 10 * second },
  tips: ['How long it takes is a matter of your hardware.'],
};
