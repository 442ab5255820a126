/** Waits, a turn of the event loop at a time, for something that sockets bring about. No clock is involved. */
import { setImmediate as nextTurn } from 'node:timers/promises';

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Lets what is already on its way over loopback arrive. */
export async function settle(turns = 50): Promise<void> {
  for (let i = 0; i < turns; i++) await nextTurn();
}
