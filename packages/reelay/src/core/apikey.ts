import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECK_LENGTH = 6;
const SHAPE = /^rly_(live|test)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

/**
 * A new API key: `rly_live_` or `rly_test_`, 30 base62 characters (178 bits), 6 more of their CRC-32, so that junk and
 * typing errors are known without asking the database.
 */
export function makeKey(sandbox: boolean): string {
  let random = '';
  for (let index = 0; index < RANDOM_LENGTH; index += 1) random += ALPHABET[randomInt(ALPHABET.length)];
  return `rly_${sandbox ? 'test' : 'live'}_${random}${checksum(random)}`;
}

/** Whether this can be a key at all: its shape and its checksum. */
export function isKey(text: string): boolean {
  const match = SHAPE.exec(text);
  return match !== null && checksum(match[2] ?? '') === match[3];
}

/** What is stored of a key. A fast hash is enough: a key is random, not chosen by a person. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** What may be shown of a key afterwards. */
export function keyHint(key: string): { readonly prefix: string; readonly last4: string } {
  return { prefix: key.slice(0, 'rly_test_'.length + 4), last4: key.slice(-4) };
}

function checksum(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let index = 0; index < CHECK_LENGTH; index += 1) {
    text = ALPHABET[rest % ALPHABET.length] + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}
