import type { Command } from 'commander';
import { Option } from 'commander';
import type { TaskSummary } from '../core/task.ts';
import { isOver, shownFailure } from '../core/task.ts';
import type { TaskId } from '../core/values.ts';
import { cancel } from '../flow/cancel.ts';
import { wholeNumber } from './arguments.ts';
import type { Cli, House } from './context.ts';
import { accountNamed, CommandFailed, within } from './context.ts';
import { moment, print, printJson, table } from './output.ts';

const STATES = [
  'queued',
  'submitting',
  'unknown',
  'running',
  'storing',
  'succeeded',
  'failed',
  'canceled',
] as const;

/** `reelay tasks list|show|cancel`. */
export function addTasks(program: Command, cli: Cli): void {
  const tasks = program.command('tasks').description('look at tasks, cancel them');
  tasks
    .command('list', { isDefault: true })
    .description('the newest tasks')
    .option('--account <name>', 'only of this account')
    .addOption(new Option('--state <name>', 'only in this state').choices(STATES))
    .option('--limit <n>', 'how many, up to 100', wholeNumber(1), 20)
    .option('--cursor <text>', 'where the page before ended')
    .option('--json', 'print JSON')
    .action((options: ListOptions) => within(cli, (house) => list(house, options)));
  tasks
    .command('show <task-id>')
    .description('one task with its timeline and its callbacks')
    .option('--json', 'print JSON')
    .action((id: TaskId, options: { json?: boolean }) => within(cli, (house) => show(house, id, options)));
  tasks
    .command('cancel <task-id>')
    .description('cancel a task; what it holds goes back unless the film is there already')
    .option('--json', 'print JSON')
    .action((id: TaskId, options: { json?: boolean }) => within(cli, (house) => stop(house, id, options)));
}

interface ListOptions {
  account?: string;
  state?: (typeof STATES)[number];
  limit: number;
  cursor?: string;
  json?: boolean;
}

async function list(house: House, options: ListOptions): Promise<void> {
  const page = await house.store.list({
    account: options.account === undefined ? undefined : (await accountNamed(house, options.account)).id,
    state: options.state === undefined ? undefined : [options.state],
    limit: Math.min(options.limit, 100),
    cursor: options.cursor,
  });
  if (options.json) return printJson(page);
  const rows = page.tasks.map((task) => [
    task.id,
    task.model,
    standing(task),
    task.price,
    moment(task.createdAt),
  ]);
  print(table(['TASK', 'MODEL', 'STATE', 'CREDITS', 'CREATED'], rows));
  if (page.nextCursor) print(`\nMore: --cursor ${page.nextCursor}`);
}

function standing(task: TaskSummary): string {
  const failure = shownFailure(task);
  if (failure) return `${task.state.name} ${failure.code}`;
  if (task.state.name === 'running' && task.state.progress !== null) return `running ${task.state.progress}%`;
  return task.state.name;
}

async function show(house: House, id: TaskId, options: { json?: boolean }): Promise<void> {
  const task = await house.store.task(id);
  if (!task) throw new CommandFailed(`There is no task ${id}.`);
  const timeline = await house.store.timeline(id);
  const deliveries = await house.store.deliveries(id);
  if (options.json) return printJson({ task, timeline, deliveries });
  print(`${task.id}  ${task.model}  ${standing(task)}  ${task.price} credits`);
  print(
    `${task.order.mode}, ${task.order.durationSeconds} s, sound ${task.order.sound ? 'on' : 'off'}, ${task.order.strategy}`,
  );
  print(
    `\n${table(
      ['WHEN', 'WHAT', 'DETAIL'],
      timeline.map((one) => [moment(one.at), one.event, JSON.stringify(one.detail)]),
    )}`,
  );
  for (const letter of deliveries) {
    print(`\n${letter.letter} → ${new URL(letter.url).origin}: ${letter.state}`);
    for (const one of letter.attempts) {
      print(
        `  ${moment(one.at)}  attempt ${one.number}  ${one.error ?? `HTTP ${one.status}`}  ${one.durationMs} ms`,
      );
    }
  }
}

async function stop(house: House, id: TaskId, options: { json?: boolean }): Promise<void> {
  const { outcome, task } = await cancel(house, id);
  if (outcome === 'not_found') throw new CommandFailed(`There is no task ${id}.`);
  if (options.json) return printJson({ id, outcome, state: task?.state.name });
  const said = {
    before_start: 'Canceled before it began; its credits are back.',
    requested: 'Canceling: it is stopped where its provider can stop it.',
    too_late:
      task && isOver(task.state) ? 'Too late: it is over.' : 'Too late: the film is there and being stored.',
  };
  print(said[outcome]);
}
