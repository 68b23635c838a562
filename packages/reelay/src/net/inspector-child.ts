import { MediaFault, type MediaProblem } from '../core/ports/net.ts';
import { inspectFilm } from './film.ts';
import type { Finding, Question } from './inspector.ts';
import { inspectPicture, writeJpeg } from './picture.ts';
import { inspectSound } from './sound.ts';

/** The process that opens strangers' files. It answers questions from its parent and goes when the parent does. */
process.on('message', async (question: Question) => {
  process.send?.(await findingOn(question));
});
process.on('disconnect', () => process.exit());
// A terminal interrupts all its processes; this one goes with its parent, which may be waiting for a finding.
process.on('SIGINT', () => {});
process.send?.({ about: 'ready' } satisfies Finding);

async function findingOn(question: Question): Promise<Finding> {
  try {
    if (question.about === 'film') return { about: 'film', film: await inspectFilm(question.path) };
    if (question.about === 'sound') return { about: 'sound', sound: await inspectSound(question.path) };
    if (question.about === 'jpeg') {
      return { about: 'jpeg', bytes: await writeJpeg(question.path, question.into) };
    }
    return { about: 'picture', picture: await inspectPicture(question.path, question.mimeTypes) };
  } catch (error) {
    if (error instanceof MediaFault) return fault(error.problem, error.message);
    return fault('broken', 'The file is broken');
  }
}

function fault(problem: MediaProblem, message: string): Finding {
  return { about: 'fault', problem, message };
}
