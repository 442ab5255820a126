/**
 * The person who answers for the trader: halts it, closes its position, and lets it go on. Through the
 * bot as far as it answers, or from the command line, straight at the store.
 */
import { requestFlatten, resumeTrading, tightenTrading } from '../../shared/operation/steer.ts';
import type { Store } from '../../shared/ports/store.ts';
import type { Random } from '../../shared/simulation/random.ts';
import type { CommitLog } from './simulated-store.ts';
import type { ShownMessage, SimulatedTelegram } from './telegram.ts';
import type { World } from './world.ts';

/** Halted for so long; what the trader stopped by itself is looked at after so long. */
const HALTED_MS = 120_000;
const FLATTENED_MS = 300_000;
const RESUME_AFTER_MS = 600_000;
/** Buttons live 30 s. */
const PRESS_MS = [2_000, 8_000] as const;
const PRESS_TOO_LATE_MS = 40_000;

export interface OperatorParts {
  readonly world: World;
  readonly store: Store;
  readonly log: CommitLog;
  /** Null for one who uses the command line. */
  readonly telegram: SimulatedTelegram | null;
}

export class Operator {
  readonly #world: World;
  readonly #store: Store;
  readonly #log: CommitLog;
  readonly #telegram: SimulatedTelegram | null;
  readonly #random: Random;

  constructor({ world, store, log, telegram }: OperatorParts) {
    this.#world = world;
    this.#store = store;
    this.#log = log;
    this.#telegram = telegram;
    this.#random = world.random.split('operator');
    telegram?.onShown((message) => this.#read(message));
  }

  async halt(): Promise<void> {
    if (!this.#telegram) return this.haltAtOnce();
    this.#world.after(HALTED_MS, () => void this.#resume());
    return this.#telegram.write('/halt');
  }

  /** From the command line, whoever else uses the bot. */
  async haltAtOnce(): Promise<void> {
    this.#world.after(HALTED_MS, () => void this.#resume());
    const nowMs = this.#world.nowMs;
    const change = { state: 'halted', reason: 'by the operator', by: 'operator', nowMs } as const;
    this.#log.tradingState(await tightenTrading(this.#store, change), nowMs);
  }

  async flatten(): Promise<void> {
    this.#world.after(FLATTENED_MS, () => void this.#resume());
    if (this.#telegram) return this.#telegram.write('/flatten');
    const nowMs = this.#world.nowMs;
    const asked = { by: 'operator', nowMs, id: `flatten-${this.#world.events}` };
    this.#log.tradingState(await requestFlatten(this.#store, asked), nowMs);
  }

  /** Looks at what stands still for long, and lets it go on. */
  async lookAfter(): Promise<void> {
    const { state, sinceMs } = await this.#store.tradingState();
    if (state !== 'active' && this.#world.nowMs - sinceMs > RESUME_AFTER_MS) await this.#resume();
  }

  async #resume(): Promise<void> {
    const { state, version } = await this.#store.tradingState();
    if (state === 'active') return;
    if (this.#telegram) return this.#telegram.write('/resume');
    const nowMs = this.#world.nowMs;
    const change = { seenVersion: version, reason: 'by the operator', by: 'operator', nowMs };
    const { isResumed, record } = await resumeTrading(this.#store, change);
    if (isResumed) this.#log.tradingState(record, nowMs);
  }

  /** Presses the button he is shown: mostly in time, sometimes twice. */
  #read({ button }: ShownMessage): void {
    if (button === null) return;
    const press = (afterMs: number) =>
      this.#world.after(afterMs, () => this.#telegram?.press(button));
    const afterMs = this.#random.chance(100)
      ? PRESS_TOO_LATE_MS
      : this.#random.between(...PRESS_MS);
    press(afterMs);
    if (this.#random.chance(100)) press(afterMs + this.#random.between(0, 1_000));
  }
}
