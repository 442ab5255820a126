/** Made-up candles, and the plain ledger's word on them, for the sweep's tests. */
import type { RunResult } from '../../research/accounting/run-result.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import type { LedgerRules, Outcome } from '../../research/sweep/ledger-rules.ts';

export const START_MS = Date.UTC(2024, 0, 1, 22);

/** A seeded walk in whole ticks. `gapAt` are bars before which candles are missing; `step` 0 makes many ties. */
export function walk(options: {
  length: number;
  seed: number;
  intervalMs?: number;
  step?: number;
  gapsAt?: readonly number[];
  gapBars?: number;
}): Bars {
  const { length, seed, intervalMs = 60_000, step = 0.004, gapsAt = [], gapBars = 7 } = options;
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  const openMs = new Float64Array(length);
  const columns = [0, 1, 2, 3].map(() => new Int32Array(length));
  const [open, high, low, close] = columns as [Int32Array, Int32Array, Int32Array, Int32Array];
  let price = 500_000;
  let timeMs = START_MS;
  for (let i = 0; i < length; i++) {
    if (gapsAt.includes(i)) timeMs += gapBars * intervalMs;
    openMs[i] = timeMs;
    timeMs += intervalMs;
    open[i] = Math.max(1_000, Math.round(price * (1 + step * 0.2 * (random() - 0.5))));
    // A quarter of the bars does not move, so that averages meet exactly now and then.
    price =
      random() < 0.25 ? price : Math.max(1_000, Math.round(price * (1 + step * (random() - 0.5))));
    close[i] = price;
    high[i] = Math.max(open[i]!, close[i]!);
    low[i] = Math.min(open[i]!, close[i]!);
  }
  return {
    symbol: 'BTCUSDT',
    tickSize: '0.10',
    lotSize: '0.001',
    intervalMs,
    length,
    openMs,
    open,
    high,
    low,
    close,
    volume: new Float64Array(length).fill(1),
  };
}

const CASH = 100_000 * 1e8;

export function plainLedger(
  bars: Bars,
  signals: Int8Array,
  { size, feeRate }: LedgerRules,
): RunResult {
  return runSignals(bars, signals, {
    cash: CASH,
    size: { kind: 'equity', multiplePpm: size * 1_000_000 },
    feeBps: feeRate * 10_000,
    slippageBps: 0,
    leverage: 150,
    lots: 'none',
  });
}

/** The plain ledger's result in the sweep's terms, computed from its equity of every bar. */
export function plainOutcome(
  bars: Bars,
  signals: Int8Array,
  rules: LedgerRules,
): Omit<Outcome, 'marks'> & {
  isMarginCall: boolean;
  days: number;
  sum: number;
  sumSquares: number;
} {
  const { equity, fills, counts } = plainLedger(bars, signals, rules);
  let peak = CASH;
  let maxDrawdown = 0;
  let before = CASH;
  let [days, sum, sumSquares] = [0, 0, 0];
  for (let i = 0; i < bars.length; i++) {
    peak = Math.max(peak, equity[i]!);
    maxDrawdown = Math.max(maxDrawdown, 1 - equity[i]! / peak);
    const dayOf = (at: number) => Math.floor(bars.openMs[at]! / 86_400_000);
    if (i < bars.length - 1 && dayOf(i + 1) === dayOf(i)) continue;
    days = dayOf(i) - dayOf(0) + 1;
    sum += equity[i]! / before - 1;
    sumSquares += (equity[i]! / before - 1) ** 2;
    before = equity[i]!;
  }
  return {
    equityMultiple: equity.at(-1)! / CASH,
    maxDrawdown,
    fees: fills.reduce((total, { fee }) => total + fee, 0) / CASH,
    signals: counts.signals,
    fills: fills.length + counts.unchanged,
    isMarginCall: counts.liquidations + counts.refusedByMargin > 0,
    days,
    sum,
    sumSquares,
  };
}
