-- Who holds a lease: what a node that is gone has claimed is free at once, instead of when the lease runs out.
-- `leased_by` is what the last claim wrote, and means something only while `leased` is true; null: a process without a name.

alter table tasks add column leased_by text collate "C";
create index tasks_leased on tasks (leased_by) where leased;

alter table letters add column leased_by text collate "C";
create index letters_leased on letters (leased_by) where leased;

-- Makes due now what nodes have claimed that are not alive. Safe also where one of them is alive after all: the version
-- of a task is its fence. A task that is being submitted waits for its time: nobody else may ask while it can be sent.
create function release_leases() returns integer language plpgsql as $$
declare
  freed_tasks integer;
  freed_letters integer;
begin
  update tasks t set due_at = now_ms(), leased = false
  from (
    select id from tasks
    where leased and state in ('queued', 'unknown', 'running', 'storing')
      and leased_by is not null and leased_by not in (select name from nodes where alive_until > now_ms())
    for no key update skip locked
  ) left_behind
  where t.id = left_behind.id;
  get diagnostics freed_tasks = row_count;

  update letters l set due_at = now_ms(), leased = false
  from (
    select id from letters
    where leased and state = 'pending'
      and leased_by is not null and leased_by not in (select name from nodes where alive_until > now_ms())
    for no key update skip locked
  ) left_behind
  where l.id = left_behind.id;
  get diagnostics freed_letters = row_count;
  return freed_tasks + freed_letters;
end $$;
