/**
 * What the same number of position changes would have come to at random times: an edge that chance has as
 * often is none. Fees, sizes and funding are the run's own; only when it turns is drawn.
 */
import { Random } from '../../shared/simulation/random.ts';
import type { AccountOptions } from '../accounting/account-options.ts';
import { runSignals } from '../accounting/run-signals.ts';
import type { Bars } from '../data/bars.ts';
import { type Band, bandOf } from './quantiles.ts';

export interface RandomTimes {
  /** Runs, each from a seed of its own: `seed`, `seed` + 1, … */
  readonly runs: number;
  readonly seed: number;
  /** Position changes in each run. */
  readonly changes: number;
  /** Final equity ÷ cash of each run, sorted upwards. */
  readonly multiples: Float64Array;
  readonly band: Band;
  /** Share of the runs that ended below `multiple`, the run compared with. */
  readonly shareBelow: number;
}

export interface RandomTimesOptions {
  readonly runs: number;
  readonly seed: number;
  /** Position changes to make; no more than there are bars that can be filled after. */
  readonly changes: number;
  /** The multiple to be compared. */
  readonly multiple: number;
}

/** Null where there is nothing to draw: no position change. Throws as `runSignals` does. */
export function randomTimes(
  bars: Bars,
  account: AccountOptions,
  { runs, seed, changes, multiple }: RandomTimesOptions,
): RandomTimes | null {
  const count = Math.min(changes, bars.length - 1);
  if (count < 1 || runs < 1) return null;
  const multiples = new Float64Array(runs);
  for (let i = 0; i < runs; i++) {
    const run = runSignals(bars, randomSignals(bars.length, count, seed + i), account);
    multiples[i] = run.finalEquity / run.cash;
  }
  multiples.sort();
  return {
    runs,
    seed,
    changes: count,
    multiples,
    band: bandOf(multiples),
    shareBelow: multiples.filter((value) => value < multiple).length / runs,
  };
}

/**
 * `changes` signals at different bars, every set of bars as likely as any other, up and down in turn, the first
 * by lot. None at the last bar, which no open follows. `changes` is at most `length` - 1.
 */
export function randomSignals(length: number, changes: number, seed: number): Int8Array {
  const random = new Random(seed).split('random-times');
  const signals = new Int8Array(length);
  let direction = random.next() % 2 === 0 ? 1 : -1;
  let missing = changes;
  // Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  for (let bar = 0; missing > 0; bar++) {
    const left = length - 1 - bar;
    if ((random.next() / 4_294_967_296) * left >= missing) continue;
    signals[bar] = direction;
    direction = -direction;
    missing -= 1;
  }
  return signals;
}
