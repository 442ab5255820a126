/**
 * Moving average convergence and divergence (Gerald Appel): line = fast EMA - slow EMA, signal = EMA of the
 * line, begun as every EMA here with a plain mean, histogram = line - signal.
 */
import { Ema, ema } from './ema.ts';
import { IndicatorError } from './window.ts';

export interface MacdWindows {
  readonly fast: number;
  readonly slow: number;
  readonly signal: number;
}

export interface MacdValue {
  readonly line: number;
  readonly signal: number;
  readonly histogram: number;
}

export interface MacdColumns {
  readonly line: Float64Array;
  readonly signal: Float64Array;
  readonly histogram: Float64Array;
}

export const MACD_WINDOWS: MacdWindows = { fast: 12, slow: 26, signal: 9 };

/** MACD of each value; the line is NaN until the slow EMA is there, the others until the signal is. Bit for bit the streaming form. */
export function macd(values: Float64Array, windows: MacdWindows = MACD_WINDOWS): MacdColumns {
  requireOrder(windows);
  const line = ema(values, windows.fast);
  const slow = ema(values, windows.slow);
  for (let i = 0; i < line.length; i++) line[i] = (line[i] as number) - (slow[i] as number);
  const signal = ema(line, windows.signal);
  const histogram = new Float64Array(values.length);
  for (let i = 0; i < line.length; i++) histogram[i] = (line[i] as number) - (signal[i] as number);
  return { line, signal, histogram };
}

/** Streaming MACD, constant time an update. */
export class Macd {
  readonly #fast: Ema;
  readonly #slow: Ema;
  readonly #signal: Ema;

  constructor(windows: MacdWindows = MACD_WINDOWS) {
    requireOrder(windows);
    this.#fast = new Ema(windows.fast);
    this.#slow = new Ema(windows.slow);
    this.#signal = new Ema(windows.signal);
  }

  update(value: number): MacdValue {
    const line = this.#fast.update(value) - this.#slow.update(value);
    const signal = this.#signal.update(line);
    return { line, signal, histogram: line - signal };
  }
}

function requireOrder({ fast, slow }: MacdWindows): void {
  if (fast >= slow) {
    throw new IndicatorError(`the fast window (${fast}) must be below the slow one (${slow})`);
  }
}
