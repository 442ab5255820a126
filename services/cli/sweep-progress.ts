/** How far a sweep is and how long it will take, on one line of a terminal that is written over. */

const WIDTH = 30;

export interface ProgressBar {
  show(done: number): void;
  end(): void;
}

/** What a checkpoint gave is shown as done, but says nothing about the speed. */
export function progressBar(terminal: NodeJS.WritableStream, total: number): ProgressBar {
  const startMs = performance.now();
  let before: number | null = null;
  return {
    show: (done) => {
      before ??= done;
      const filled = Math.floor((done / total) * WIDTH);
      const bar = '='.repeat(filled).padEnd(WIDTH, '.');
      const left = timeLeft(performance.now() - startMs, done - before, total - done);
      terminal.write(`\r[${bar}] ${done} of ${total} combinations, ${left}\u001b[K`);
    },
    end: () => {
      terminal.write('\r\u001b[K');
    },
  };
}

/** "1:05 left", from what `done` took. */
export function timeLeft(elapsedMs: number, done: number, remaining: number): string {
  if (done <= 0) return 'time left unknown';
  const seconds = Math.ceil(((elapsedMs / done) * remaining) / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
}
