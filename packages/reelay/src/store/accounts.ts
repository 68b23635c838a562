import type { AccountVerdict } from '../core/ledger.ts';
import type { Account, AccountStore, LedgerLine } from '../core/ports/accounts.ts';
import type { Credits } from '../core/values.ts';
import type { Session, Statement } from './session.ts';

const ACCOUNT_COLUMNS = 'id, name, sandbox, wallet, cap, created_at as "createdAt"';
const CREATE_ACCOUNT: Statement = {
  name: 'create_account',
  text: `insert into accounts (id, name, sandbox, wallet, cap, created_at) values ($1, $2, $3, $4, $5, $6)
    on conflict (name) do nothing returning id`,
};
const ACCOUNT_BY_NAME: Statement = {
  name: 'account_by_name',
  text: `select ${ACCOUNT_COLUMNS} from accounts where name = $1`,
};
const ACCOUNTS: Statement = {
  name: 'accounts',
  text: `select ${ACCOUNT_COLUMNS} from accounts order by created_at, id`,
};
const COMMIT_ACCOUNT: Statement = {
  name: 'commit_account',
  text: 'select commit_account($1, $2, $3, $4, $5) as verdict',
};
const BALANCE: Statement = {
  name: 'balance',
  text: 'select balance as available, held from accounts where id = $1',
};
const LEDGER: Statement = {
  name: 'ledger',
  text: 'select id, kind, amount, task, reason, at from transfers where wallet = $1 order by position desc limit $2',
};
type AccountsAndCredits = Pick<
  AccountStore,
  'createAccount' | 'accountByName' | 'accounts' | 'commitAccount' | 'balance' | 'ledger'
>;

/** Accounts and their credits. */
export function accountStore(session: Session): AccountsAndCredits {
  return {
    async createAccount({ id, name, sandbox, wallet, cap, createdAt }) {
      const made = await session.query(CREATE_ACCOUNT, [id, name, sandbox, wallet, cap, createdAt]);
      return made.length > 0 ? 'created' : 'duplicate';
    },
    async accountByName(name) {
      return (await session.query<Account>(ACCOUNT_BY_NAME, [name]))[0] ?? null;
    },
    accounts: () => session.query<Account>(ACCOUNTS, []),
    async commitAccount({ account, reference, reason, kind, amount }) {
      const values = [account, reference, reason, kind, amount];
      const [row] = await session.query<{ verdict: AccountVerdict }>(COMMIT_ACCOUNT, values);
      return row?.verdict ?? 'no_such_account';
    },
    async balance(wallet) {
      const [row] = await session.query<{ available: Credits; held: Credits }>(BALANCE, [wallet]);
      return row ?? { available: 0, held: 0 };
    },
    ledger: (wallet, limit) => session.query<LedgerLine>(LEDGER, [wallet, limit]),
  };
}
