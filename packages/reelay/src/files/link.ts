import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Links } from '../core/ports/files.ts';
import type { StoredFile } from '../core/task.ts';
import { Bug, type Instant } from '../core/values.ts';

/** A signing key of result links; `kid` names it in the link. */
export interface LinkKey {
  readonly kid: string;
  readonly secret: string;
  /** Since when it signs no more; null: it signs. */
  readonly retiredAt: Instant | null;
}

/** How a browser is to treat the file. */
export type Disposition = 'inline' | 'attachment';

/** `expired` is said of genuine links only: a forged one learns nothing. */
export type LinkVerdict =
  | { readonly is: 'ok'; readonly disposition: Disposition }
  | { readonly is: 'expired' }
  | { readonly is: 'forged' };

export interface SignedLinks extends Links {
  /** The link of a file until it expires, whole seconds, rounded down. */
  url(file: Pick<StoredFile, 'id' | 'expiresAt'>, disposition?: Disposition): string;
  /** Judges the id of a path `/f/{id}` with its query, at a moment. */
  judge(id: string, query: URLSearchParams, now: Instant): LinkVerdict;
}

/** Longer than any link lives (15 days): past it, nothing that a retired key signed can still be valid. */
const RETIRED_KEY_MS = 16 * 86_400_000;
const FORGED: LinkVerdict = { is: 'forged' };

/**
 * Result links `/f/{id}?exp=&kid=&sig=`, below `publicUrl`. HMAC-SHA256 over path, expiry and disposition. The first
 * key that is not retired signs; throws a `Bug` where there is none.
 */
export function signedLinks(publicUrl: string, keys: readonly LinkKey[]): SignedLinks {
  const base = publicUrl.replace(/\/+$/, '');
  const current = keys.find(({ retiredAt }) => retiredAt === null);
  if (!current) throw new Bug('No key signs result links');
  return {
    url: ({ id, expiresAt }, disposition = 'inline') => {
      const exp = Math.floor(expiresAt / 1000).toString();
      const query = new URLSearchParams({ exp, kid: current.kid, sig: sign(current, id, exp, disposition) });
      if (disposition === 'attachment') query.set('disposition', disposition);
      return `${base}/f/${id}?${query}`;
    },
    judge: (id, query, now) => {
      const disposition = query.get('disposition') ?? 'inline';
      const exp = query.get('exp') ?? '';
      const key = keys.find(({ kid }) => kid === query.get('kid'));
      if (!key || !/^\d{1,12}$/.test(exp) || !isDisposition(disposition)) return FORGED;
      if (!isSame(query.get('sig') ?? '', sign(key, id, exp, disposition))) return FORGED;
      const expiresAt = Number(exp) * 1000;
      // A key that leaked after it was retired makes no link of its own.
      if (key.retiredAt !== null && expiresAt > key.retiredAt + RETIRED_KEY_MS) return FORGED;
      return now < expiresAt ? { is: 'ok', disposition } : { is: 'expired' };
    },
  };
}

function sign(key: LinkKey, id: string, exp: string, disposition: Disposition): string {
  return createHmac('sha256', key.secret).update(`/f/${id}\n${exp}\n${disposition}`).digest('base64url');
}

function isDisposition(text: string): text is Disposition {
  return text === 'inline' || text === 'attachment';
}

/** Compared as text, so that no other spelling of the same signature passes; in constant time. */
function isSame(given: string, wanted: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}
