import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** The keys of one namespace. Each is made when it is first needed. */
export interface Signer {
  /** `whsec_…` of Kling, Replicate, Rivya. */
  standardSecret(): string;
  /** kie.ai's webhookHmacKey. */
  kieKey(): string;
  /** fal's public key as its JWKS carries it. */
  falJwk(): { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
  falPrivateKey(): KeyObject;
}

/** Fresh keys. */
export function createSigner(): Signer {
  let secret = '';
  let kie = '';
  let pair: { publicKey: KeyObject; privateKey: KeyObject } | null = null;
  const falPair = () => {
    pair ??= generateKeyPairSync('ed25519');
    return pair;
  };
  return {
    standardSecret() {
      secret ||= newSecret();
      return secret;
    },
    kieKey() {
      kie ||= randomBytes(24).toString('hex');
      return kie;
    },
    falJwk: () => ({
      kty: 'OKP',
      crv: 'Ed25519',
      x: falPair().publicKey.export({ format: 'jwk' }).x ?? '',
    }),
    falPrivateKey: () => falPair().privateKey,
  };
}

/** A new Standard Webhooks secret. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Standard Webhooks headers (Kling, Replicate, Rivya): HMAC-SHA256 over `id.seconds.body`. */
export function standardHeaders(
  secret: string,
  messageId: string,
  raw: string,
  atMs: number,
): Readonly<Record<string, string>> {
  const seconds = Math.floor(atMs / 1000).toString();
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const digest = createHmac('sha256', key).update(`${messageId}.${seconds}.${raw}`).digest('base64');
  return { 'webhook-id': messageId, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${digest}` };
}

/** fal's headers: hex Ed25519 over the request, the user, the time and the hash of the body, a line each. */
export function falHeaders(
  key: KeyObject,
  requestId: string,
  raw: string,
  atMs: number,
): Readonly<Record<string, string>> {
  const user = 'sim_user';
  const seconds = Math.floor(atMs / 1000).toString();
  const bodyHash = createHash('sha256').update(raw).digest('hex');
  const text = Buffer.from([requestId, user, seconds, bodyHash].join('\n'));
  return {
    'x-fal-webhook-request-id': requestId,
    'x-fal-webhook-user-id': user,
    'x-fal-webhook-timestamp': seconds,
    'x-fal-webhook-signature': sign(null, text, key).toString('hex'),
  };
}

/** kie.ai's headers: the task and the time are signed, the body is not. */
export function kieHeaders(key: string, taskId: string, atMs: number): Readonly<Record<string, string>> {
  const seconds = Math.floor(atMs / 1000).toString();
  const digest = createHmac('sha256', key).update(`${taskId}.${seconds}`).digest('base64');
  return { 'x-webhook-timestamp': seconds, 'x-webhook-signature': digest };
}

/** Whether a JSON Web Token is a sound HS256 one: returns its claims, or why not. */
export function readJwt(
  token: string,
  secret: string | null,
  nowMs: number,
): { readonly issuer: string } | 'invalid' | 'early' | 'expired' {
  const [head = '', body = '', signature = ''] = token.split('.');
  const header = jsonOf(head);
  const claims = jsonOf(body);
  if (header?.alg !== 'HS256' || typeof claims?.iss !== 'string' || claims.iss === '') return 'invalid';
  if (typeof claims.exp !== 'number' || typeof claims.nbf !== 'number') return 'invalid';
  if (secret !== null) {
    const wanted = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url');
    if (wanted !== signature) return 'invalid';
  }
  if (claims.nbf * 1000 > nowMs) return 'early';
  if (claims.exp * 1000 <= nowMs) return 'expired';
  return { issuer: claims.iss };
}

function jsonOf(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
