import { Trouble } from '../core/failure.ts';
import type { Order } from '../core/order.ts';
import type { Provider } from '../core/ports/provider.ts';
import type { Ability } from '../core/routing.ts';
import type { UsdMicros } from '../core/values.ts';

/** What everyone who sells Kling 2.6 can do of it; each seller adds what it cannot or does not. */
export const KLING_26 = {
  model: 'kling-2-6',
  modes: ['text-to-video', 'image-to-video'],
  durationsSeconds: [5, 10],
  sound: true,
  aspectRatios: ['16:9', '9:16', '1:1'],
} as const satisfies Partial<Ability>;

/** It takes 50 to 70 s for 5 s of film, 80 to 100 s for 10 s (seed 000). */
export const KLING_26_LOOKS: Provider['looks'] = {
  firstMs: (order) => (order.durationSeconds > 5 ? 80_000 : 50_000),
  thenMs: 5_000,
};

/** Kling decodes JPEG and PNG only. */
export const KLING_PICTURES: readonly string[] = ['image/jpeg', 'image/png'];

/** The official list price of the 1080p film (`pro`), which most sellers ask too: $0.07 a second silent, $0.14 with sound. */
export function proPrice(order: Order): UsdMicros {
  return order.durationSeconds * (order.sound ? 140_000 : 70_000);
}

/** Kling's own list price: $0.042 a second at 720p; 1080p and sound as everywhere (contract 1.7). */
export function klingPrice(order: Order): UsdMicros {
  return needsPro(order) ? proPrice(order) : order.durationSeconds * 42_000;
}

/** Sound and a last frame exist at 1080p only; without either the cheaper 720p is what is meant (contract 1.2, 1.3). */
export function needsPro(order: Order): boolean {
  return order.sound || order.resolution === '1080p' || endsOnPicture(order);
}

export function endsOnPicture(order: Order): boolean {
  return order.media.some((media) => media.role === 'last_frame');
}

/** Kling 2.6 makes no film that has both sound and a last frame (contract 1.3): never sent, another route may try. */
export function refuseSoundWithLastFrame(order: Order): void {
  if (order.sound && endsOnPicture(order)) {
    throw new Trouble('internal', 'cannot end on a picture with sound');
  }
}
