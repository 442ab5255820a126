/**
 * How long the event loop of this process stood still: real time, whatever clock a session runs on. Not
 * perf_hooks' histogram, which after each reset overlooks a standstill that begins at once.
 */

export interface LoopLag {
  /** The longest standstill in ms since this was asked last. */
  takeMs(): number;
  stop(): void;
}

/** How often the loop is asked to come by. */
const EVERY_MS = 50;

export function measureLoopLag(): LoopLag {
  let seenMs = performance.now();
  let mostMs = 0;
  const look = () => {
    const nowMs = performance.now();
    mostMs = Math.max(mostMs, nowMs - seenMs - EVERY_MS);
    seenMs = nowMs;
  };
  const timer = setInterval(look, EVERY_MS).unref();
  return {
    takeMs() {
      look();
      const takenMs = Math.max(0, mostMs);
      mostMs = 0;
      return takenMs;
    },
    stop: () => clearInterval(timer),
  };
}
