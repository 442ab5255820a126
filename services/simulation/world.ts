/**
 * Virtual time for a whole system in one process: what is due happens in order of (time, order of
 * asking), and before time moves every promise that can settle has settled. Nothing real is waited for.
 */
import { createHash } from 'node:crypto';
import { Heap } from '../../shared/adapters/clock/heap.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { Random } from '../../shared/simulation/random.ts';

interface Due {
  readonly atMs: number;
  readonly sequence: number;
  readonly action: () => void;
}

/** Events between two turns of Node's own loop, in which it tells of unhandled rejections. */
const TURN_EVERY = 256;
const SETTLED = Promise.resolve();
/** Events remembered for whoever looks into a failure. */
const REMEMBERED = 200;

export class World {
  readonly random: Random;
  readonly #due = new Heap<Due>(
    (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence),
  );
  readonly #trace = createHash('sha256');
  readonly #newest: string[] = [];
  #sequence = 0;
  #nowMs: number;
  #events = 0;

  constructor(seed: number, startMs: number) {
    this.random = new Random(seed);
    this.#nowMs = startMs;
  }

  /** True time, which no process knows exactly. */
  get nowMs(): TimeMs {
    return this.#nowMs as TimeMs;
  }

  /** Things that have happened. */
  get events(): number {
    return this.#events;
  }

  at(atMs: number, action: () => void): void {
    this.#sequence += 1;
    this.#due.push({ atMs: Math.max(atMs, this.#nowMs), sequence: this.#sequence, action });
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.#nowMs + delayMs, action);
  }

  /** Lets everything up to and including `untilMs` happen; ends early where `isOver`. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    while (this.#isNext(untilMs) && !isOver()) {
      await this.#runMany(untilMs, isOver);
      await turned();
    }
    if (!isOver()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #isNext(untilMs: number): boolean {
    return (this.#due.peek()?.atMs ?? Number.POSITIVE_INFINITY) <= untilMs;
  }

  /**
   * Before the next event every promise that can settle without one has: what a microtask asks for as
   * the next tick comes after all microtasks. Many times cheaper than a turn of the loop, and without
   * a promise of its own for each event.
   */
  #runMany(untilMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = TURN_EVERY;
      const next = () => {
        if (left === 0 || !this.#isNext(untilMs) || isOver()) return resolve();
        left -= 1;
        try {
          this.#happen();
        } catch (error) {
          return reject(error);
        }
        void SETTLED.then(settled);
      };
      const settled = () => process.nextTick(next);
      next();
    });
  }

  #happen(): void {
    const { atMs, action } = this.#due.pop() as Due;
    this.#nowMs = atMs;
    this.#events += 1;
    action();
  }

  /** Writes down something that happened: the same seed must write the same. */
  note(text: string): void {
    const line = `${this.#nowMs} ${text}`;
    this.#trace.update(line).update('\n');
    this.#newest.push(line);
    if (this.#newest.length > 2 * REMEMBERED) this.#newest.splice(0, REMEMBERED);
  }

  /** What was noted last, oldest first. */
  get newest(): readonly string[] {
    return this.#newest.slice(-REMEMBERED);
  }

  /** SHA-256 of all notes. Ends the trace. */
  digest(): string {
    return this.#trace.digest('hex');
  }
}

function turned(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
