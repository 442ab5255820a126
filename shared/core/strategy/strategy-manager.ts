/**
 * Runs the strategies: life cycle, warm-up, dispatch of candles, netting of what they want into one
 * decision. Places nothing and knows no account beyond the equity it is told.
 */
import type { DecisionRecord } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { Candle } from '../market/candle.ts';
import { broken, type Lots, type Money, type Ticks, type TimeMs } from '../units.ts';
import { type Sizing, sizeInLots } from './sizing.ts';
import type { Signal, Strategy } from './strategy.ts';

/** `waiting` until warm; a paused strategy keeps its indicators current and its last target, but decides nothing. */
export type StrategyStatus = 'waiting' | 'running' | 'paused';

interface Entry {
  readonly strategy: Strategy;
  readonly sizing: Sizing;
  isPaused: boolean;
  target: Lots;
}

export interface StrategySignal extends Signal {
  readonly strategy: string;
}

/** What one candle led to: the signals given and, where there were any, the decision they make. */
export interface CandleOutcome {
  readonly signals: readonly StrategySignal[];
  readonly decision: DecisionRecord | null;
}

/** What a signal is made a target by. */
export interface DecisionBasis {
  readonly equity: Money;
  readonly instrument: Instrument;
  readonly nowMs: TimeMs;
}

const NO_SIGNALS: readonly StrategySignal[] = [];
const NOTHING: CandleOutcome = { signals: NO_SIGNALS, decision: null };

export class StrategyManager {
  readonly #entries: Entry[] = [];
  readonly #intervalMs: number;
  /** Open time of the newest candle any strategy has taken; -1 before the first. */
  #newestMs = -1;
  #gaps = 0;
  #signals: readonly StrategySignal[] = NO_SIGNALS;
  /** Candles since the last gap, until all strategies are warm again: what history is put in front of. */
  #sinceGap: Candle[] = [];

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** What the last candle asked about made the strategies say, followed or not. */
  get signals(): readonly StrategySignal[] {
    return this.#signals;
  }

  /** Times a gap in the candles made the strategies start over. */
  get gaps(): number {
    return this.#gaps;
  }

  /** Candles the slowest strategy still needs; 0 when all are warm. */
  get candlesMissing(): number {
    let missing = 0;
    for (const { strategy } of this.#entries) {
      missing = Math.max(missing, strategy.warmUpCandles - strategy.candlesSeen);
    }
    return missing;
  }

  get warmUpCandles(): number {
    let most = 0;
    for (const { strategy } of this.#entries) {
      most = Math.max(most, strategy.warmUpCandles);
    }
    return most;
  }

  /** Open time of the newest candle taken; null before the first. */
  get newestMs(): TimeMs | null {
    return this.#newestMs < 0 ? null : (this.#newestMs as TimeMs);
  }

  /** Adds a strategy under its name, waiting. Broken where the name is taken. */
  add(strategy: Strategy, sizing: Sizing): void {
    if (this.#find(strategy.name)) broken(`strategy added twice: ${strategy.name}`);
    this.#entries.push({ strategy, sizing, isPaused: false, target: 0 as Lots });
  }

  /** Takes a strategy out; what it wanted is no longer part of the next decision. */
  remove(name: string): void {
    this.#entries.splice(this.#entries.indexOf(this.#entry(name)), 1);
  }

  pause(name: string): void {
    this.#entry(name).isPaused = true;
  }

  start(name: string): void {
    this.#entry(name).isPaused = false;
  }

  status(name: string): StrategyStatus {
    const { isPaused, strategy } = this.#entry(name);
    if (isPaused) return 'paused';
    return strategy.isWarm ? 'running' : 'waiting';
  }

  /** Restores what each strategy last wanted, after a restart. Unknown names are dropped. */
  restore(decision: DecisionRecord): void {
    for (const { strategy, target } of decision.contributions) {
      const entry = this.#find(strategy);
      if (entry) entry.target = target;
    }
  }

  /**
   * Feeds past candles, oldest first; signals they give are history and decide nothing. Where strategies
   * have started over at a gap, history takes its place before it. Returns how many were new.
   */
  warmUp(candles: readonly Candle[]): number {
    const [first] = this.#sinceGap;
    const before = first ? candles.filter(({ openMs }) => openMs < first.openMs) : [];
    const reachesGap = before.at(-1)?.openMs === (first?.openMs ?? 0) - this.#intervalMs;
    if (!first || !reachesGap || this.candlesMissing <= 0) return this.#feed(candles);
    const after = this.#sinceGap;
    this.#sinceGap = [];
    this.#newestMs = -1;
    for (const { strategy } of this.#entries) strategy.reset();
    return this.#feed([...before, ...after, ...candles]) - after.length;
  }

  #feed(candles: readonly Candle[]): number {
    let taken = 0;
    for (const candle of candles) {
      if (!this.#follows(candle)) continue;
      for (const entry of this.#entries) entry.strategy.update(candle);
      taken += 1;
    }
    return taken;
  }

  /**
   * Feeds a live candle to every strategy, then nets their targets once. `basis` is asked only where there
   * is a signal to size.
   */
  onCandle(candle: Candle, basis: () => DecisionBasis): CandleOutcome {
    this.#signals = NO_SIGNALS;
    if (!this.#follows(candle)) return NOTHING;
    let signals: StrategySignal[] | null = null;
    const entries = this.#entries;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      const signal = entry.strategy.update(candle);
      if (signal === null || entry.isPaused) continue;
      signals ??= [];
      signals.push(this.#aim(entry, signal, candle, basis()));
    }
    if (signals === null) return NOTHING;
    this.#signals = signals;
    const decisionId = `d-${this.#intervalMs}-${candle.openMs}`;
    return { signals, decision: this.#decide(signals, { nowMs: basis().nowMs, decisionId }) };
  }

  /** Makes a signal the target of its strategy. */
  #aim(
    entry: Entry,
    { direction, reason }: Signal,
    candle: Candle,
    { equity, instrument }: DecisionBasis,
  ): StrategySignal {
    const price = Math.floor(candle.close / 2) as Ticks;
    const size = sizeInLots(entry.sizing, { price, equity, instrument });
    // `|| 0` because -1 × 0 lots would be the number -0.
    entry.target = (direction * size || 0) as Lots;
    return { direction, reason, strategy: entry.strategy.name };
  }

  #decide(
    signals: readonly StrategySignal[],
    { nowMs, decisionId }: { nowMs: TimeMs; decisionId: string },
  ): DecisionRecord {
    const contributions = this.#entries.map(({ strategy, target }) => ({
      strategy: strategy.name,
      target,
    }));
    return {
      decisionId,
      target: contributions.reduce((sum, c) => sum + c.target, 0) as Lots,
      reason: signals.map((s) => `${s.strategy}: ${s.reason}`).join('; '),
      contributions,
      decidedMs: nowMs,
      intervalMs: this.#intervalMs,
    };
  }

  /** False for a candle already taken. A missing candle before this one makes every strategy start over. */
  #follows(candle: Candle): boolean {
    if (candle.intervalMs !== this.#intervalMs) broken('candle of another interval');
    if (candle.openMs <= this.#newestMs) return false;
    if (this.#newestMs >= 0 && candle.openMs !== this.#newestMs + this.#intervalMs) {
      this.#startOver();
    }
    this.#newestMs = candle.openMs;
    if (this.#gaps > 0) this.#keepSinceGap(candle);
    return true;
  }

  #startOver(): void {
    this.#gaps += 1;
    this.#sinceGap = [];
    for (const { strategy } of this.#entries) strategy.reset();
  }

  #keepSinceGap(candle: Candle): void {
    if (this.#sinceGap.length < this.warmUpCandles) this.#sinceGap.push(candle);
  }

  #find(name: string): Entry | undefined {
    return this.#entries.find(({ strategy }) => strategy.name === name);
  }

  #entry(name: string): Entry {
    const entry = this.#find(name);
    if (!entry) broken(`no such strategy: ${name}`);
    return entry;
  }
}
