/**
 * The order in which everything happens: market events, requests, deliveries and the participants'
 * timers, one at a time, by (time, kind, order of scheduling). It knows no protocol.
 */

import { Heap } from '../../../shared/adapters/clock/heap.ts';
import type { FrameSupply } from '../../../shared/adapters/recording/frame-supply.ts';
import type { TimeMs } from '../../../shared/core/units.ts';
import type { Venue } from '../../../shared/simulation/venue.ts';
import type { Pace } from './pace.ts';
import type { Participants } from './participants.ts';

interface Item {
  readonly timeMs: TimeMs;
  /** At one instant actions come before deliveries, so that all frames of the instant go together. */
  readonly rank: 0 | 1;
  readonly sequence: number;
  readonly run: () => void;
}

interface Step {
  readonly timeMs: TimeMs;
  readonly isMarket?: boolean;
  readonly run: () => void;
}

/** How long a stretch without deliveries may hold the event loop. */
const SLICE_MS = 10;

function isBefore(a: Item, b: Item): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.sequence < b.sequence;
}

export class Timeline {
  readonly #venue: Venue;
  readonly #participants: Participants;
  readonly #pace: Pace;
  readonly #supply: FrameSupply | null;
  readonly #latencyMs: number;
  readonly #afterStep: () => void;
  /** Requests and deliveries. */
  readonly #due = new Heap<Item>(isBefore);
  /** The exchange's housekeeping, which ends with the market. */
  readonly #background = new Heap<Item>(isBefore);
  #nowMs: TimeMs;
  #sequence = 0;
  #isWoken = false;
  #isOver = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  /** `afterStep` runs after each event and request, before anything of it can be seen. */
  constructor(options: {
    venue: Venue;
    participants: Participants;
    pace: Pace;
    supply: FrameSupply | null;
    startMs: TimeMs;
    latencyMs: number;
    afterStep: () => void;
  }) {
    this.#venue = options.venue;
    this.#participants = options.participants;
    this.#pace = options.pace;
    this.#supply = options.supply;
    this.#nowMs = options.startMs;
    this.#latencyMs = options.latencyMs;
    this.#afterStep = options.afterStep;
  }

  get nowMs(): TimeMs {
    return this.#nowMs;
  }

  /** Lets `run` happen at `timeMs`. */
  act(timeMs: number, run: () => void): void {
    this.#due.push(this.#item(timeMs, 0, run));
    this.wake();
  }

  /** As `act`, but not once a recording is used up. */
  inBackground(timeMs: number, run: () => void): void {
    this.#background.push(this.#item(timeMs, 0, run));
    this.wake();
  }

  /** Sends at `timeMs`; `emit` returns how many things the participant will see, 0 where it is gone. */
  deliver(participant: number | null, timeMs: number, emit: () => number): void {
    const run = () => {
      const deliveries = emit();
      if (participant !== null && deliveries > 0) {
        this.#participants.grant(participant, this.#nowMs, deliveries);
      }
    };
    this.#due.push(this.#item(timeMs, 1, run));
    this.wake();
  }

  /**
   * Looks, after a turn of the event loop, whether time can move. The turn matters: what a client
   * wrote to other sockets before it said it was idle is read in the same turn.
   */
  wake(): void {
    if (this.#isWoken || this.#isClosed) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      this.#turn();
    });
  }

  /** With no participant to wait for: brings time up to now. For requests of outside clients. */
  catchUp(): void {
    if (this.#participants.count > 0 || this.#isFrozen()) return;
    const targetMs = this.#pace.nowMs(this.#nowMs);
    if (targetMs === null) return;
    for (let step = this.#next(); step && step.timeMs <= targetMs; step = this.#next()) {
      if (this.#supply?.isReady === false) return;
      this.#perform(step);
    }
    if (targetMs > this.#nowMs) this.#advance(targetMs);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #item(timeMs: number, rank: 0 | 1, run: () => void): Item {
    this.#sequence += 1;
    return { timeMs: timeMs as TimeMs, rank, sequence: this.#sequence, run };
  }

  #turn(): void {
    const startedMs = performance.now();
    while (!this.#isClosed && this.#participants.areQuiet()) {
      for (const { run } of this.#participants.takeArrivals()) {
        this.act(this.#nowMs + this.#latencyMs, run);
      }
      if (this.#isFrozen()) return this.#pace.pause();
      if (this.#supply?.isReady === false) return this.#supply.whenReady(() => this.wake());
      const step = this.#next();
      if (!step) {
        if (!this.#endMarket()) return;
        continue;
      }
      const waitMs = this.#pace.waitMs(this.#nowMs, step.timeMs);
      if (waitMs > 0) return this.#rest(waitMs);
      this.#perform(step);
      if (performance.now() - startedMs > SLICE_MS) return this.wake();
    }
  }

  #isFrozen(): boolean {
    return this.#pace.isFrozen(this.#participants.count > 0, this.#participants.hasEverJoined);
  }

  #rest(waitMs: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), waitMs);
  }

  /** The earliest thing to happen; at one instant the market, then requests, then timers. */
  #next(): Step | null {
    const due = this.#due.peek();
    if (this.#isOver) return due ? this.#popping(this.#due, due) : null;
    let next: Step | null = null;
    const marketMs = this.#venue.nextEventMs();
    if (marketMs !== null) next = { timeMs: marketMs, isMarket: true, run: () => undefined };
    const isEarlier = (timeMs: TimeMs) => !next || timeMs < next.timeMs;
    if (due && isEarlier(due.timeMs)) next = this.#popping(this.#due, due);
    if (marketMs === null && this.#isMarketOver(due)) return null;
    const background = this.#background.peek();
    if (background && isEarlier(background.timeMs)) {
      next = this.#popping(this.#background, background);
    }
    const timer = this.#participants.nextTimer();
    if (timer && isEarlier(timer.timeMs)) {
      const { participant, timeMs } = timer;
      next = { timeMs, run: () => this.#participants.grant(participant, this.#nowMs, 0) };
    }
    return next;
  }

  /** A recording is used up and nothing of it is still on its way. */
  #isMarketOver(due: Item | undefined): boolean {
    return this.#venue.isRecorded && !this.#pace.isWall && due === undefined;
  }

  /** Says that the market is over; false where there is nothing to say. */
  #endMarket(): boolean {
    if (this.#isOver || this.#venue.nextEventMs() !== null || !this.#venue.isRecorded) return false;
    if (this.#pace.isWall) return false;
    this.#isOver = true;
    this.#participants.end(this.#nowMs);
    return true;
  }

  #popping(heap: Heap<Item>, item: Item): Step {
    return {
      timeMs: item.timeMs,
      run: () => {
        heap.pop();
        item.run();
      },
    };
  }

  #perform(step: Step): void {
    if (step.isMarket || step.timeMs > this.#nowMs) {
      this.#advance(Math.max(step.timeMs, this.#nowMs) as TimeMs);
    }
    step.run();
    this.#afterStep();
  }

  #advance(timeMs: TimeMs): void {
    this.#nowMs = timeMs;
    this.#venue.advanceTo(timeMs);
  }
}
