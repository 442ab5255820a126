/**
 * The ledger of many combinations in plain TypeScript: one record of doubles a combination. Equity at a
 * price is cash + quantity × price; a fill changes both, so no average entry price is needed.
 */
import type { Columns } from './columns.ts';
import type { DayBook } from './day-book.ts';
import type { LedgerRules, Outcome } from './ledger-rules.ts';
import type { Tile } from './timeline.ts';

/** Fields of a record. */
const CASH = 0;
const QUANTITY = 1;
const PEAK = 2;
/** The smallest share of its peak that equity fell to. */
const KEPT = 3;
const FEES = 4;
const SIGNALS = 5;
/** 1 long, -1 short, 0 none since the start or the last gap. */
const SIDE = 6;
/** At the last bar stepped, before the fill it may have led to. */
const EQUITY = 7;
const RECORD = 8;

export class LedgerLanes {
  readonly #columns: Columns;
  readonly #rules: LedgerRules;
  readonly #state: Float64Array;
  readonly #fills: Float64Array;

  constructor(columns: Columns, rules: LedgerRules, count: number) {
    this.#columns = columns;
    this.#rules = rules;
    this.#state = new Float64Array(count * RECORD);
    this.#fills = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      for (const field of [CASH, PEAK, KEPT]) this.#state[i * RECORD + field] = 1;
    }
  }

  /** After a gap no combination has a side until its means exist again; the position stays. */
  forgetSide(index: number): void {
    this.#state[index * RECORD + SIDE] = 0;
  }

  /** Steps one combination through a tile, long while `fast` is above `slow`; both hold at least a tile's bars. */
  stepMeans(index: number, tile: Tile, fast: Float64Array, slow: Float64Array): void {
    const { close, open, length } = this.#columns;
    const { size, feeRate } = this.#rules;
    const { first, count } = tile;
    const state = this.#state;
    const at = index * RECORD;
    if (first === length - 1) this.#fills[index] = state[at + SIGNALS] as number;
    let cash = state[at] as number;
    let quantity = state[at + QUANTITY] as number;
    let peak = state[at + PEAK] as number;
    let kept = state[at + KEPT] as number;
    let floor = peak * kept;
    let side = state[at + SIDE] as number;
    let equity = cash;
    for (let i = 0; i < count; i++) {
      const price = close[first + i] as number;
      equity = cash + quantity * price;
      if (equity > peak) {
        peak = equity;
        floor = peak * kept;
      } else if (equity < floor) {
        kept = equity / peak;
        floor = equity;
      }
      const slowMean = slow[i] as number;
      const wanted = (fast[i] as number) > slowMean ? 1 : -1;
      // NaN is a mean that does not exist yet.
      if (wanted === side || Number.isNaN(slowMean)) continue;
      side = wanted;
      const target = equity > 0 ? (side * equity * size) / price : 0;
      const fill = open[first + i + 1] as number;
      const fee = Math.abs(target - quantity) * fill * feeRate;
      cash = cash - (target - quantity) * fill - fee;
      quantity = target;
      state[at + FEES] = (state[at + FEES] as number) + fee;
      state[at + SIGNALS] = (state[at + SIGNALS] as number) + 1;
    }
    state[at] = cash;
    state[at + QUANTITY] = quantity;
    state[at + PEAK] = peak;
    state[at + KEPT] = kept;
    state[at + SIDE] = side;
    state[at + EQUITY] = equity;
  }

  /** Steps one combination through a tile by the signals of its bars: 1, -1, or 0 for none. */
  stepSignals(index: number, tile: Tile, signals: Int8Array): void {
    const { close, open, length } = this.#columns;
    const { size, feeRate } = this.#rules;
    const { first, count } = tile;
    const state = this.#state;
    const at = index * RECORD;
    if (first === length - 1) this.#fills[index] = state[at + SIGNALS] as number;
    let cash = state[at] as number;
    let quantity = state[at + QUANTITY] as number;
    let peak = state[at + PEAK] as number;
    let kept = state[at + KEPT] as number;
    let floor = peak * kept;
    let equity = cash;
    for (let i = first; i < first + count; i++) {
      const price = close[i] as number;
      equity = cash + quantity * price;
      if (equity > peak) {
        peak = equity;
        floor = peak * kept;
      } else if (equity < floor) {
        kept = equity / peak;
        floor = equity;
      }
      const direction = signals[i] as number;
      if (direction === 0) continue;
      const target = equity > 0 ? (direction * equity * size) / price : 0;
      const fill = open[i + 1] as number;
      const fee = Math.abs(target - quantity) * fill * feeRate;
      cash = cash - (target - quantity) * fill - fee;
      quantity = target;
      state[at + FEES] = (state[at + FEES] as number) + fee;
      state[at + SIGNALS] = (state[at + SIGNALS] as number) + 1;
    }
    state[at] = cash;
    state[at + QUANTITY] = quantity;
    state[at + PEAK] = peak;
    state[at + KEPT] = kept;
    state[at + EQUITY] = equity;
  }

  closeDay(days: DayBook, daysDone: number): void {
    for (let i = 0; i < this.#fills.length; i++) days.closeDay(i, daysDone, this.#equity(i));
  }

  outcome(index: number, days: DayBook): Outcome {
    const field = (offset: number) => this.#state[index * RECORD + offset] as number;
    return {
      equityMultiple: field(EQUITY),
      maxDrawdown: 1 - field(KEPT),
      fees: field(FEES),
      signals: field(SIGNALS),
      fills: this.#fills[index] as number,
      marks: days.marksOf(index),
    };
  }

  #equity(index: number): number {
    return this.#state[index * RECORD + EQUITY] as number;
  }
}
