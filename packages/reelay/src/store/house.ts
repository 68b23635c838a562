import type { FileStore, LimitStore, NodeStore, Store } from '../core/ports/store.ts';
import type { StoredFile } from '../core/task.ts';
import type { FileId, TaskId } from '../core/values.ts';
import type { Session, Statement } from './session.ts';

const LEASE_ALLOWANCE: Statement = {
  name: 'lease_allowance',
  text: 'select granted, retry_after_ms as "retryAfterMs" from lease_allowance($1, $2, $3)',
};
const EXPIRED_FILES: Statement = {
  name: 'expired_files',
  // What was uploaded outlives its link by a day: an order that was taken in time may still be waiting to use it.
  text: `select f.id from files f where not f.removed and f.expires_at <= now_ms()
      and (f.task is not null or f.expires_at <= now_ms() - 86400000)
      and not exists (select from tasks t where t.id = f.task and t.due_at is not null)
    order by f.expires_at limit $1`,
};
const FILES_REMOVED: Statement = {
  name: 'files_removed',
  text: 'select remove_files($1)',
};
const FILE: Statement = {
  name: 'file',
  text: `select id, kind, mime_type as "mimeType", bytes, sha256, expires_at as "expiresAt", task, removed
    from files where id = $1 and task is not null`,
};
const KNOWN: Statement = {
  name: 'known_files',
  text: 'select id from files where id = any ($1) and not removed',
};
const BEAT: Statement = {
  name: 'beat',
  text: `with gone as (delete from nodes where name <> $1 and alive_until < now_ms() - 86400000)
    insert into nodes (name, alive_until) values ($1, now_ms() + $2)
    on conflict (name) do update set alive_until = excluded.alive_until`,
};
const IS_ALIVE: Statement = {
  name: 'is_alive',
  text: 'select from nodes where name = $1 and alive_until > now_ms()',
};
const SETTING: Statement = {
  name: 'setting',
  text: `with made as (insert into settings (name, value) values ($1, $2) on conflict do nothing returning value)
    select value from made union all select value from settings where name = $1 limit 1`,
};

interface Allowance {
  readonly granted: number;
  readonly retryAfterMs: number;
}

type FileRow = StoredFile & { readonly task: TaskId; readonly removed: boolean };

type House = FileStore & LimitStore & NodeStore & Pick<Store, 'setting'>;

/** What belongs to no task's moves: files, allowances, nodes, settings. */
export function houseStore(session: Session): House {
  const ids = async (statement: Statement, values: readonly unknown[]) =>
    (await session.query<{ id: FileId }>(statement, values)).map((row) => row.id);
  return {
    async leaseAllowance(key, wanted, perMinute) {
      const [row] = await session.query<Allowance>(LEASE_ALLOWANCE, [key, wanted, perMinute]);
      return row ?? { granted: 0, retryAfterMs: 1_000 };
    },
    expiredFiles: (limit) => ids(EXPIRED_FILES, [limit]),
    async filesRemoved(removed) {
      await session.query(FILES_REMOVED, [removed]);
    },
    file: async (id) => (await session.query<FileRow>(FILE, [id]))[0] ?? null,
    known: async (wanted) => new Set(await ids(KNOWN, [wanted])),
    async beat(node, leaseMs) {
      await session.query(BEAT, [node, leaseMs]);
    },
    isAlive: async (node) => (await session.query(IS_ALIVE, [node])).length > 0,
    async setting(name, initial) {
      const [row] = await session.query<{ value: string }>(SETTING, [name, initial]);
      // Somebody else set it at the same moment: it was not there when we began to look.
      return row ? row.value : this.setting(name, initial);
    },
  };
}
