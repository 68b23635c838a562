-- Providers as operators set them up. The credential is sealed.
create table routes (
  name text collate "C" primary key,
  provider text collate "C" not null,
  credential text not null,
  enabled boolean not null,
  weight double precision not null,
  concurrency integer check (concurrency > 0),
  price json,
  created_at bigint not null,
  updated_at bigint not null
);

-- How a route is doing. Whoever decides on it holds its row.
create table route_health (
  route text collate "C" primary key references routes (name) on delete cascade,
  health json
) with (fillfactor = 50);

-- Slots of routes that take so many jobs at a time. A row counts while its task has an attempt on the route, or is about to.
create table route_slots (
  route text collate "C" not null references routes (name) on delete cascade,
  task text collate "C" not null,
  until bigint not null,
  primary key (route, task)
);

create function route_slots_live(route_name text) returns bigint language sql stable as $$
  select count(*) from route_slots s join tasks t on t.id = s.task
  where s.route = route_name and (
    t.state in ('submitting', 'unknown', 'running') and t.state_data -> 'attempt' ->> 'route' = route_name
    or t.state = 'queued' and s.until > now_ms())
$$;

create table route_scores (
  route text collate "C" not null references routes (name) on delete cascade,
  hour bigint not null,
  succeeded bigint not null,
  failed bigint not null,
  refused bigint not null,
  latency_ms bigint not null,
  primary key (route, hour)
) with (fillfactor = 50);

-- Whose an upstream's job is: two tasks never share one.
create table route_jobs (
  route text collate "C" not null,
  job text collate "C" not null,
  task text collate "C" not null,
  at bigint not null,
  primary key (route, job)
);
create index route_jobs_at on route_jobs (at);

-- What was tried on real upstreams, and what came of it.
create table route_evidence (
  id bigint generated always as identity primary key,
  route text collate "C" not null,
  provider text collate "C" not null,
  operation text not null,
  ok boolean not null,
  detail text not null,
  at bigint not null
);
create index route_evidence_latest on route_evidence (route, operation, id);
