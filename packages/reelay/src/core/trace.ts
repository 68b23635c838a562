import type { TaskEvent } from './lifecycle.ts';
import type { Task } from './task.ts';
import { attemptOf } from './task.ts';
import type { Json } from './values.ts';

/** What the timeline keeps of an event: never prompts, links or handles' secrets. */
export function trace(task: Task, event: TaskEvent): Json {
  switch (event.is) {
    case 'attempted': {
      const { number, route, provider, tier, reference, costMicros } = event.attempt;
      const { passedOver = [] } = event;
      const made = { attempt: number, route, provider, tier, reference, costMicros };
      return passedOver.length === 0 ? made : { ...made, passedOver: passedOver.map((one) => ({ ...one })) };
    }
    case 'submitted':
    case 'found':
      return { attempt: attemptOf(task.state).number, handle: event.handle };
    case 'absent':
      return { attempt: attemptOf(task.state).number, evidence: event.evidence };
    case 'deferred':
    case 'doubted':
    case 'rerouted':
      return { reason: event.reason };
    case 'progressed':
      return { progress: event.progress };
    case 'rendered':
      return { outputs: event.outputs.length, costMicros: event.usage.costMicros };
    case 'stored':
      return { files: event.files.map((file) => file.id) };
    case 'failed':
      return { code: event.failure.code };
    case 'prepared':
      return { files: event.files.map((file) => file.id) };
    default:
      return {};
  }
}
