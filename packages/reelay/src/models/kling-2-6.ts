import type { Model } from '../core/model.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Kling 2.6, as the seeds describe it (seeds 000, 001: APIXO; 003: Rivya). */
export const kling26: Model = {
  id: 'kling-2-6',
  displayName: 'Kling 2.6',
  description: 'Video from text or from an image, with matching ambient sound and music.',
  category: 'video',
  modes: ['text-to-video', 'image-to-video'],
  prompt: { min: 1, max: 1000 },
  params: [
    {
      key: 'duration',
      type: 'integer',
      options: [5, 10],
      default: 5,
      description: 'Length of the clip in seconds',
    },
    {
      key: 'sound',
      type: 'boolean',
      options: [false, true],
      default: false,
      description: 'true: auto-generates matching ambient sounds and background music; false: a silent video',
    },
    {
      key: 'aspect_ratio',
      type: 'string',
      options: ['1:1', '16:9', '9:16'],
      default: '1:1',
      description:
        '1:1 square, for social media; 16:9 landscape; 9:16 portrait. In image-to-video the film follows the picture.',
    },
  ],
  media: {
    images: { 'text-to-video': { min: 0, max: 0 }, 'image-to-video': { min: 1, max: 2 } },
    maxBytes: 10 * 1024 * 1024,
    mimeTypes: ['image/jpeg', 'image/png', 'image/webp'],
    minSidePixels: 300,
    maxRatio: 2.5,
  },
  billing: 'FIXED',
  price: 55,
  attemptsMax: 5,
  retentionMs: 15 * day,
  deadlines: { queueMs: day, attemptMs: 15 * minute, storingMs: 50 * minute, unknownMs: day },
  usual: [
    { durationSeconds: 5, minMs: 50 * second, maxMs: 70 * second },
    { durationSeconds: 10, minMs: 80 * second, maxMs: 100 * second },
  ],
  polling: { firstMs: 50 * second, thenMs: 5 * second },
  tips: [
    'Submit the task, wait 50 seconds, then poll every 5 seconds.',
    'Describe both visual and audio effects in the prompt for better audio-video synchronization (e.g. “birds chirping”, “water flowing”).',
    'Video generation takes longer than images: use callback mode for production workloads.',
    'Result URLs are valid for 15 days: download important outputs promptly.',
    'Prompts must comply with content safety guidelines.',
  ],
};
