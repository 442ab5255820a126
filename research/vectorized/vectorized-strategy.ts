/**
 * The vectorised twin of a Strategy: whole columns in, one signal a bar out. It reads no bar later than
 * the one it signals at, fills nothing backwards, and starts over after a missing candle.
 */
import type { Bars } from '../data/bars.ts';

/** What a vectorised strategy reads of a data set. */
export type SignalBars = Pick<Bars, 'openMs' | 'intervalMs' | 'length' | 'close'>;

export interface VectorizedStrategy {
  /** The event-driven twin's name in shared/strategies/registry.ts. */
  readonly name: string;
  /**
   * One entry a bar: 1 up, -1 down, 0 no signal at this bar. Pure. `values` holds every parameter,
   * in range, as `strategyParameters` gives them.
   */
  signals(bars: SignalBars, values: Readonly<Record<string, number>>): Int8Array;
}
