-- The tables of a create, as the gateway has them, for pgbench to write to: same columns, checks and indexes.
create schema peer;
create table peer.accounts (like public.accounts including all);
create table peer.keys (like public.keys including all);
create table peer.tasks (like public.tasks including all);
create table peer.orders (like public.orders including all);
create table peer.transfers (like public.transfers including all);

insert into peer.accounts (id, name, sandbox, wallet, created_at, balance)
select 'acc_' || n, 'peer ' || n, true, 'acc_' || n, 0, 1000000000000 from generate_series(1, 1000) n;

insert into peer.keys (id, account, wallet, hash, prefix, last4, name, sandbox, scopes, strategy, requests_per_minute,
  unfinished_tasks, created_at, callback_secrets)
select 'key_' || n, 'acc_' || n, 'acc_' || n, 'hash ' || n, '', '', '', true, '{}', 'auto', 1000000, 1000000000, 0, '{}'
from generate_series(1, 1000) n;
