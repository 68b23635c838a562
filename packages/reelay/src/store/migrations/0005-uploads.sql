-- Files that customers upload: in the same book as results and inputs, but of no task.

alter table files alter column task drop not null;

create table uploads (
  file text collate "C" primary key references files (id),
  account text collate "C" not null references accounts (id),
  kind text not null,
  name text not null,
  duration_ms bigint,
  client_request_id text,
  created_at bigint not null
);
create index uploads_account on uploads (account);

-- What an account keeps, against its quota.
create table upload_totals (
  account text collate "C" primary key references accounts (id),
  bytes bigint not null check (bytes >= 0)
);

-- Whether the account has room for it under its quota; where it has none, nothing is recorded.
create function record_upload(
  file_id text, account_id text, kind_given text, name_given text, mime_type_given text, bytes_given bigint, sha256_given text,
  duration bigint, request_id text, created bigint, expires bigint, quota_bytes bigint
) returns boolean language plpgsql set lock_timeout = '2s' as $$
begin
  insert into upload_totals (account, bytes) values (account_id, 0) on conflict do nothing;
  update upload_totals set bytes = bytes + bytes_given where account = account_id and bytes + bytes_given <= quota_bytes;
  if not found then return false; end if;
  insert into files (id, kind, mime_type, bytes, sha256, expires_at)
  values (file_id, 'input', mime_type_given, bytes_given, sha256_given, expires);
  insert into uploads (file, account, kind, name, duration_ms, client_request_id, created_at)
  values (file_id, account_id, kind_given, name_given, duration, request_id, created);
  return true;
end $$;

-- Marks files as removed, once; uploads no longer count against their account's quota.
create function remove_files(file_ids text[]) returns void language plpgsql set lock_timeout = '2s' as $$
declare
  left_now text[] := array(select id from files where id = any (file_ids) and not removed order by id for no key update);
begin
  update files set removed = true where id = any (left_now);
  perform from upload_totals where account in (select account from uploads where file = any (left_now))
  order by account for no key update;
  update upload_totals t set bytes = t.bytes - d.bytes
  from (
    select u.account, sum(f.bytes)::bigint as bytes from uploads u join files f on f.id = u.file
    where u.file = any (left_now) group by u.account
  ) d
  where t.account = d.account;
end $$;
