/**
 * What lies between clients and the exchange: latency, and for participants of the shared clock the
 * rule that nothing reaches them but by a grant. Outside clients (without a participant header) are
 * served at once.
 */

import type { Participants } from './participants.ts';
import type { Timeline } from './timeline.ts';

/** Whoever sent a request or opened a socket. */
export interface Caller {
  /** null for an outside client. */
  readonly participant: number | null;
}

export class Wire {
  readonly #timeline: Timeline;
  readonly #participants: Participants;
  readonly #latencyMs: number;
  readonly #outsideLatencyMs: number;
  readonly #afterStep: () => void;
  /** For outside clients, until what they tell of is kept. */
  #outbox: (() => void)[] = [];

  constructor(options: {
    timeline: Timeline;
    participants: Participants;
    latencyMs: number;
    /** Virtual latency of outside clients, each way. */
    outsideLatencyMs: number;
    /** Runs after a request that was served at once. */
    afterStep: () => void;
  }) {
    this.#timeline = options.timeline;
    this.#participants = options.participants;
    this.#latencyMs = options.latencyMs;
    this.#outsideLatencyMs = options.outsideLatencyMs;
    this.#afterStep = options.afterStep;
  }

  get nowMs() {
    return this.#timeline.nowMs;
  }

  /** The caller a participant header names; an unknown or old number is an outside client. */
  caller(header: string | string[] | undefined): Caller {
    const participant = Number(header);
    return { participant: this.#participants.has(participant) ? participant : null };
  }

  /** Lets a request reach the exchange. `socket` is "" for HTTP, else what orders sockets. */
  arrive(caller: Caller, order: { socket: string; sequence: number }, run: () => void): void {
    if (caller.participant !== null && this.#participants.has(caller.participant)) {
      this.#participants.arrived({ participant: caller.participant, ...order }, run);
      return;
    }
    this.#timeline.catchUp();
    if (this.#outsideLatencyMs > 0) {
      this.#timeline.act(this.nowMs + this.#outsideLatencyMs, run);
      return;
    }
    run();
    this.#afterStep();
  }

  /** Lets a request that has arrived go on only after `ms`. */
  later(ms: number, run: () => void): void {
    this.#timeline.act(this.nowMs + ms, run);
  }

  /** When an answer or a private event of this instant reaches `caller`. */
  answerMs(caller: Caller): number {
    const isOutside = caller.participant === null;
    return this.nowMs + (isOutside ? this.#outsideLatencyMs : this.#latencyMs);
  }

  /**
   * Sends at `timeMs`; to an outside client, where that is now, with the next `flush`. `emit` returns
   * how many things it sent.
   */
  send({ participant }: Caller, timeMs: number, emit: () => number): void {
    if (participant === null && timeMs <= this.nowMs) this.#outbox.push(emit);
    else this.#timeline.deliver(participant, timeMs, emit);
  }

  /** Sends what waits for outside clients. Called once the exchange's state is safe. */
  flush(): void {
    while (this.#outbox.length > 0) {
      const outbox = this.#outbox;
      this.#outbox = [];
      for (const emit of outbox) emit();
    }
  }
}
