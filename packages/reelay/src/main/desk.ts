import { randomBytes } from 'node:crypto';
import { isoTime } from '../clock.ts';
import type { Endpoint } from '../core/ports/endpoints.ts';
import type { Inspector } from '../core/ports/net.ts';
import type { FileId, Instant, LetterId } from '../core/values.ts';
import type { UploadDesk } from '../http/gateway.ts';
import { event } from '../surfaces/rivya.webhooks.ts';
import { endpointBody } from '../surfaces/rivya.webhooks.wire.ts';
import type { Opened } from './house.ts';

/** What uploads take. The key of their tokens lives in the database, sealed, so that every process signs alike. */
export async function openUploadDesk({ store, vault }: Opened, inspector: Inspector): Promise<UploadDesk> {
  const initial = vault.seal(randomBytes(32).toString('base64url'));
  const tokenKey = vault.open(await store.setting('upload_token_key', initial));
  return { store, inspector, tokenKey };
}

/**
 * Reads URLs in orders that name a file of ours. The signature is the permission, as for everybody who has the link; it
 * counts as of the moment the order was taken.
 */
export function ownFiles({ place, links }: Pick<Opened, 'place' | 'links'>) {
  return (url: string, at: Instant): FileId | 'unusable' | null => {
    const wanted = URL.parse(url);
    const base = new URL(place.address);
    const prefix = `${base.pathname.replace(/\/+$/, '')}/f/`;
    if (wanted?.origin !== base.origin || !wanted.pathname.startsWith(prefix)) return null;
    const id = wanted.pathname.slice(prefix.length);
    return isFileId(id) && links.judge(id, wanted.searchParams, at).is === 'ok' ? id : 'unusable';
  };
}

/** The event of an endpoint that the house gave up, in the dialect that has endpoints. */
export function disabledNews(
  endpoint: Endpoint,
  id: LetterId,
): { readonly type: string; readonly body: string } {
  const type = 'webhook_endpoint.disabled';
  const at = isoTime(endpoint.disabledAt ?? endpoint.updatedAt);
  return { type, body: JSON.stringify(event(id, type, at, endpointBody(endpoint))) };
}

function isFileId(text: string): text is FileId {
  return /^file_[A-Za-z0-9_-]{1,64}$/.test(text);
}
