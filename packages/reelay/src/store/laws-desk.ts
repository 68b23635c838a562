import type { Law } from './laws.ts';

/** Everything that must hold of endpoints, feeds and uploads at any moment. */
export const DESK_LAWS: readonly Law[] = [
  {
    law: 'a feed has no gaps',
    detail:
      'an event has a position that its feed has not given, or one that was given is neither kept nor past its time',
    text: `select f.account as id from feeds f where f.position - f.removed_to <> (
        select count(*) from events e where e.account = f.account and e.position > f.removed_to)
      union
      select e.account from events e left join feeds f on f.account = e.account where e.position > coalesce(f.position, 0)`,
  },
  {
    law: 'told by letter ⇒ told by feed',
    detail:
      'an endpoint was written of the end of a task that the feed says nothing of, although it is not past its time',
    text: `select l.id from letters l join tasks t on t.id = l.task where l.kind = 'endpoint'
      and not exists (select from events e where e.subject = l.task and e.type = l.type)
      and not exists (select from feeds f where f.account = l.account and f.removed_to > 0)`,
  },
  {
    law: 'a letter goes to its own account',
    detail: 'a letter names an endpoint that is not there or not the account’s',
    text: `select l.id from letters l where l.endpoint is not null
      and not exists (select from endpoints e where e.id = l.endpoint and e.account = l.account)`,
  },
  {
    law: 'a file is a task’s or a customer’s',
    detail: 'a file of no task was not uploaded, or an upload is a task’s file',
    text: 'select f.id from files f where (f.task is null) <> exists (select from uploads u where u.file = f.id)',
  },
  {
    law: 'a quota counts the uploads that are kept',
    detail: 'the counter of an account’s bytes differs from its uploads',
    text: `select a.id from accounts a left join upload_totals t on t.account = a.id left join (
        select u.account, sum(f.bytes) as bytes from uploads u join files f on f.id = u.file where not f.removed group by u.account
      ) u on u.account = a.id where coalesce(t.bytes, 0) <> coalesce(u.bytes, 0)`,
  },
];
