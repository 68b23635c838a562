import type { AccountStore, ApiKey } from '../core/ports/accounts.ts';
import type { Vault } from '../core/ports/world.ts';
import type { Session, Statement } from './session.ts';

const KEY_COLUMNS = `id, account, wallet, hash, prefix, last4, name, sandbox, scopes, strategy,
  requests_per_minute as "requestsPerMinute", unfinished_tasks as "unfinishedTasks", cap, created_at as "createdAt",
  expires_at as "expiresAt", revoked_at as "revokedAt", callback_secrets as "callbackSecrets"`;

const CREATE_KEY: Statement = {
  name: 'create_key',
  text: `insert into keys (id, account, wallet, hash, prefix, last4, name, sandbox, scopes, strategy, requests_per_minute,
      unfinished_tasks, cap, created_at, expires_at, revoked_at, callback_secrets)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
};
const KEY_BY_HASH: Statement = {
  name: 'key_by_hash',
  text: `select ${KEY_COLUMNS} from keys where hash = $1`,
};
const KEY_BY_ID: Statement = { name: 'key_by_id', text: `select ${KEY_COLUMNS} from keys where id = $1` };
const KEYS: Statement = {
  name: 'keys',
  text: `select ${KEY_COLUMNS} from keys where $1::text is null or account = $1 order by created_at, id`,
};
const REVOKE_KEY: Statement = {
  name: 'revoke_key',
  text: 'update keys set revoked_at = $2 where id = $1 and revoked_at is null returning id',
};
const REPLACE_SECRETS: Statement = {
  name: 'replace_secrets',
  text: 'update keys set callback_secrets = $2 where id = $1',
};
type Keys = Pick<
  AccountStore,
  'createKey' | 'keyByHash' | 'keyById' | 'keys' | 'revokeKey' | 'replaceCallbackSecrets'
>;

/** API keys. Their callback secrets are sealed in the database. */
export function keyStore(session: Session, vault: Vault): Keys {
  const seal = (secrets: readonly string[]) => secrets.map((secret) => vault.seal(secret));
  const opened = (key: ApiKey): ApiKey => ({
    ...key,
    callbackSecrets: key.callbackSecrets.map((secret) => vault.open(secret)),
  });
  const find = async (statement: Statement, value: string | null) =>
    (await session.query<ApiKey>(statement, [value])).map(opened);
  return {
    async createKey(key) {
      const what = [key.id, key.account, key.wallet, key.hash, key.prefix, key.last4, key.name, key.sandbox];
      const limits = [key.scopes, key.strategy, key.requestsPerMinute, key.unfinishedTasks, key.cap];
      const times = [key.createdAt, key.expiresAt, key.revokedAt];
      await session.query(CREATE_KEY, [...what, ...limits, ...times, seal(key.callbackSecrets)]);
    },
    keyByHash: async (hash) => (await find(KEY_BY_HASH, hash))[0] ?? null,
    keyById: async (id) => (await find(KEY_BY_ID, id))[0] ?? null,
    keys: (account) => find(KEYS, account),
    revokeKey: async (id, at) => (await session.query(REVOKE_KEY, [id, at])).length > 0,
    async replaceCallbackSecrets(id, secrets) {
      await session.query(REPLACE_SECRETS, [id, seal(secrets)]);
    },
  };
}
