/** Goal: an event runs once, runs do not overlap, a failed one leaves no trace. Method: a store in memory, runs held open. */
import { describe, expect, it } from 'vitest';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { guardedRun, TimeLimitError } from '../../shared/operation/guarded-run.ts';
import { ManualClock } from '../support/manual-clock.ts';

const LIMIT_MS = 30_000;

function place() {
  const control = createMemoryControlStore();
  const clock = new ManualClock();
  const run = (eventId: string, work: (count: number) => Promise<number>) =>
    guardedRun<number, number>(
      control,
      { name: 'counter', eventId, timeLimitMs: LIMIT_MS, clock },
      async (state, runs) => ({ state: await work(state ?? 0), result: runs }),
    );
  return { clock, run };
}
const next = async (count: number) => count + 1;

describe('a guarded run', () => {
  it('gives each run the state of the one before, and runs an event once', async () => {
    const { run } = place();
    expect(await run('a', next)).toEqual({ kind: 'done', result: 0 });
    expect(await run('a', next)).toEqual({ kind: 'duplicate' });
    const seen: number[] = [];
    await run('b', async (count) => seen.push(count));
    expect(seen).toEqual([1]);
  });

  it('leaves state and number of runs as they were where it fails, and runs the event again', async () => {
    const { run } = place();
    await run('a', next);
    await expect(run('b', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    const seen: number[] = [];
    expect(await run('b', async (count) => seen.push(count))).toEqual({ kind: 'done', result: 1 });
    expect(seen).toEqual([1]);
  });

  it('lets no other run while one is at work, until that one must be dead', async () => {
    const { clock, run } = place();
    const held = Promise.withResolvers<number>();
    const first = run('a', () => held.promise);
    await new Promise(setImmediate);
    expect(await run('b', next)).toEqual({ kind: 'busy' });
    // Time passes without the first noticing, as where its process was frozen.
    clock.jump(LIMIT_MS + 5_000);
    expect(await run('c', next)).toEqual({ kind: 'done', result: 0 });
    held.resolve(100);
    expect(await first).toEqual({ kind: 'overtaken' });
    const seen: number[] = [];
    await run('d', async (count) => seen.push(count));
    expect(seen).toEqual([1]);
  });

  it('gives up at its time limit', async () => {
    const { clock, run } = place();
    const first = run('a', () => new Promise(() => undefined));
    const failed = expect(first).rejects.toThrow(TimeLimitError);
    await new Promise(setImmediate);
    clock.advance(LIMIT_MS);
    await failed;
    expect(await run('a', next)).toEqual({ kind: 'done', result: 0 });
  });
});
