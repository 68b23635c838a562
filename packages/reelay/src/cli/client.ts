import * as z from 'zod';
import { CommandFailed } from './context.ts';

const envelope = <Data extends z.ZodType>(data: Data) =>
  z.object({ code: z.number(), message: z.string(), data: data.nullable() });

const created = envelope(z.object({ taskId: z.string() }));

const status = envelope(
  z.object({
    taskId: z.string(),
    state: z.enum(['pending', 'processing', 'success', 'failed']),
    resultJson: z.string().optional(),
    failCode: z.string().optional(),
    failMsg: z.string().optional(),
    createTime: z.number(),
    completeTime: z.number().optional(),
    costTime: z.number().optional(),
  }),
);

export type Status = NonNullable<z.output<typeof status>['data']>;

/** Sends and receives, over real HTTP. The one that commands are given goes through the house's own door. */
export interface Http {
  json(method: 'GET' | 'POST', url: string, key: string, body?: object): Promise<unknown>;
  save(url: string, path: string): Promise<number>;
}

/** A client of the gateway's first surface, as a customer would write one. */
export class ApixoClient {
  readonly #http: Http;
  readonly #base: string;
  readonly #key: string;

  constructor(http: Http, base: string, key: string) {
    this.#http = http;
    this.#base = `${base}/api/v1`;
    this.#key = key;
  }

  /** @returns the task's id. @throws CommandFailed with the gateway's own words when it is refused */
  async generate(model: string, body: object): Promise<string> {
    const reply = created.parse(
      await this.#http.json('POST', `${this.#base}/generateTask/${model}`, this.#key, body),
    );
    if (!reply.data) throw new CommandFailed(`Refused (${reply.code}): ${reply.message}`);
    return reply.data.taskId;
  }

  /** With `waitMs` the gateway holds its answer until something changes. */
  async status(model: string, task: string, waitSeconds = 0): Promise<Status> {
    const query = new URLSearchParams({
      taskId: task,
      ...(waitSeconds > 0 ? { wait: String(waitSeconds) } : {}),
    });
    const url = `${this.#base}/statusTask/${model}?${query}`;
    const reply = status.parse(await this.#http.json('GET', url, this.#key));
    if (!reply.data) throw new CommandFailed(`${reply.message} (${reply.code})`);
    return reply.data;
  }

  /** The first result's link; throws where the task failed. */
  resultUrl(done: Status): string {
    if (done.state !== 'success') throw new CommandFailed(`${done.taskId} ${done.failCode}: ${done.failMsg}`);
    const { resultUrls } = z
      .object({ resultUrls: z.array(z.string()).min(1) })
      .parse(JSON.parse(done.resultJson ?? '{}'));
    return resultUrls[0] ?? '';
  }

  async save(url: string, path: string): Promise<number> {
    return this.#http.save(url, path);
  }
}
