import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from './values.ts';

/**
 * Standard Webhooks 1.0.0 headers for one attempt at delivering a message.
 * @param secrets `whsec_` + base64; two during a rotation, then both signatures are sent
 * @param at this attempt's time; the id stays the same over all attempts
 */
export function signWebhook(
  id: string,
  body: string,
  secrets: readonly string[],
  at: Instant,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(at / 1000).toString();
  const signatures = secrets.map((secret) => `v1,${digest(secret, `${id}.${timestamp}.${body}`)}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
  };
}

/** Whether a Standard Webhooks message is genuine and at most `toleranceMs` old or early. */
export function verifyWebhook(
  message: { id: string; timestamp: string; signature: string; body: string },
  secret: string,
  now: Instant,
  toleranceMs = 300_000,
): boolean {
  if (!/^\d{1,12}$/.test(message.timestamp)) return false;
  if (Math.abs(now - Number(message.timestamp) * 1000) > toleranceMs) return false;
  const wanted = Buffer.from(digest(secret, `${message.id}.${message.timestamp}.${message.body}`));
  return message.signature.split(' ').some((entry) => {
    const given = Buffer.from(entry.startsWith('v1,') ? entry.slice(3) : '');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function digest(secret: string, text: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(text).digest('base64');
}
