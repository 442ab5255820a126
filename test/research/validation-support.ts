/** Strategies with one fault each, and the data on which a fault must show. */
import type { Bars } from '../../research/data/bars.ts';
import { registeredPair, type StrategyPair } from '../../research/validation/strategy-pair.ts';
import { validate } from '../../research/validation/validate.ts';
import type { Candle } from '../../shared/core/market/candle.ts';
import { type Signal, Strategy } from '../../shared/core/strategy/strategy.ts';
import type { HalfTicks } from '../../shared/core/units.ts';
import { SmaCrossoverInflection } from '../../shared/strategies/sma-crossover-inflection.ts';
import { barsOf } from './vectorized-support.ts';

const WINDOWS = { shortWindow: 3, longWindow: 12, smoothingWindow: 3 };

export const honest = registeredPair('SmaCrossoverInflection', WINDOWS);

/** Bars of a slow seeded walk, which often leaves two sums alike or one tick apart. */
export function quietBars(length = 1_500, seed = 1): Bars {
  let state = seed;
  let price = 300_000;
  const draw = (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) % bound;
  };
  return barsOf(
    Array.from({ length }, () => {
      const open = price;
      price += draw(5) - 2;
      const high = Math.max(open, price) + draw(3);
      return { open, close: price, high, low: Math.min(open, price) - draw(3) };
    }),
    { startMs: 1_700_000_100_000 },
  );
}

/** The checks that a pair of forms fails on `bars`. */
export function failing(pair: StrategyPair, bars = quietBars()) {
  const nothing = { funding: null, recording: null, journal: null };
  const { checks } = validate({ bars, pairs: [pair], seed: 1, ...nothing });
  return checks.filter((check) => check.differences > 0);
}

/** Vectorised faults. */
export const VECTORIZED_FAULTS: Readonly<Record<string, (bars: Bars) => Int8Array>> = {
  'one-bar shift later': (bars) => {
    const late = new Int8Array(bars.length);
    late.set(honest.vectorized(bars).subarray(0, bars.length - 1), 1);
    return late;
  },
  'one-bar shift earlier': (bars) => {
    const early = new Int8Array(bars.length);
    early.set(honest.vectorized(bars).subarray(1));
    return early;
  },
  'back-fill': (bars) => {
    const filled = honest.vectorized(bars).slice();
    filled[0] = filled.find((signal) => signal !== 0) ?? 0;
    return filled;
  },
  'float tolerance': (bars) => {
    const strategy = new Tolerant();
    let beforeMs = bars.openMs[0]! - bars.intervalMs;
    return Int8Array.from(bars.openMs, (openMs, i) => {
      if (openMs !== beforeMs + bars.intervalMs) strategy.reset();
      beforeMs = openMs;
      const close = (2 * bars.close[i]!) as HalfTicks;
      return strategy.update({ close } as Candle)?.direction ?? 0;
    });
  },
  'dropped gap': (bars) =>
    honest.vectorized({
      ...bars,
      openMs: bars.openMs.map((_, i) => bars.openMs[0]! + i * bars.intervalMs),
    }),
  'row too few': (bars) => honest.vectorized(bars).slice(0, bars.length - 1),
};

abstract class Faulty extends Strategy {
  readonly name = 'SmaCrossoverInflection';
  warmUpCandles = 16;
  protected readonly inner = new SmaCrossoverInflection(WINDOWS);

  protected onCandle(candle: Candle): Signal | null {
    return this.inner.update(candle);
  }

  protected onReset(): void {
    this.inner.reset();
  }
}

class Shifted extends Faulty {
  #before: Signal | null = null;

  protected override onCandle(candle: Candle): Signal | null {
    const signal = this.#before;
    this.#before = this.inner.update(candle);
    return signal;
  }
}

/** Pretends that the market stood still before its first candle. */
class BackFilled extends Faulty {
  protected override onCandle(candle: Candle): Signal | null {
    if (this.inner.candlesSeen === 0) {
      for (let i = 0; i < 16; i++) this.inner.update(candle);
    }
    return this.inner.update(candle);
  }
}

/** Counts a slope of less than a twentieth of a half tick as none. */
class Tolerant extends Faulty {
  #closes: number[] = [];
  #sign = 0;

  protected override onCandle({ close }: Candle): Signal | null {
    this.#closes = [...this.#closes, close].slice(-15);
    if (this.#closes.length < 15) return null;
    const sum = (from: number, to: number) =>
      this.#closes.slice(from, to).reduce((a, b) => a + b, 0);
    const slope = (sum(12, 15) - sum(0, 3)) / 36;
    const sign = Math.abs(slope) < 0.06 ? 0 : Math.sign(slope);
    const before = this.#sign;
    if (sign !== 0) this.#sign = sign;
    if (sign === 0 || before === 0 || sign === before) return null;
    return { direction: sign > 0 ? 1 : -1, reason: 'steep enough' };
  }

  protected override onReset(): void {
    this.#closes = [];
    this.#sign = 0;
  }
}

class GapBlind extends Faulty {
  protected override onReset(): void {
    // The fault: what came before the gap stays.
  }
}

class UnderWarmed extends Faulty {
  override warmUpCandles = 2;
}

/** Event-driven faults. */
export const EVENT_DRIVEN_FAULTS: Readonly<Record<string, () => Strategy>> = {
  'one-bar shift': () => new Shifted(),
  'back-fill': () => new BackFilled(),
  'float tolerance': () => new Tolerant(),
  'dropped gap': () => new GapBlind(),
  'warm-up too short': () => new UnderWarmed(),
};
