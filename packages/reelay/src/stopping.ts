/** Two signals within this time are one: a terminal and our parent may both pass the same Ctrl-C on. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Resolves with the reason when the process is asked to end: Ctrl-C, SIGTERM, or the parent that watched over it is
 * gone. Asked again later, it ends at once.
 */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    let settled = false;
    const stop = (reason: string) => {
      if (asked) {
        if (settled) process.exit(130);
        return;
      }
      asked = true;
      setTimeout(() => {
        settled = true;
      }, SAME_SIGNAL_MS).unref();
      resolve(reason);
    };
    process.on('SIGINT', () => stop('SIGINT'));
    process.on('SIGTERM', () => stop('SIGTERM'));
    // Started by `scripts/run.mjs`, which holds an IPC channel: it closes when that process dies, however it dies.
    if (process.connected) {
      process.on('disconnect', () => stop('the parent is gone'));
      process.channel?.unref();
    }
  });
}
