/**
 * The vectorised run and the streaming average: bars a second with metrics, nanoseconds an update. A year of
 * generated 1-minute bars; the peer of the run is the loop a person would write over rows of objects.
 */
import { SMA } from 'trading-signals';
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { metricsOf } from '../../research/metrics/metrics.ts';
import { Sma } from '../../research/vectorized/indicators/sma.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { type BenchRow, elapsedNs, interleaved, row } from './rows.ts';

const BARS = 525_600;
const START_MS = Date.UTC(2025, 0, 1);
const OPTIONS: AccountOptions = {
  cash: 100_000 * 100_000_000,
  size: { kind: 'equity', multiplePpm: 1_000_000 },
  feeBps: 5,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact',
};

export async function vectorizedBench(): Promise<BenchRow[]> {
  const bars = generatedBars(BARS);
  return [...runRows(bars), ...smaRows(Float64Array.from(bars.close))];
}

/** What was computed ends up here, so that no work is left out as unused. */
const results = new Float64Array(1);

function runRows(bars: Bars): BenchRow[] {
  const candles = candlesOf(bars);
  const signals = vectorizedSignals('SmaCrossoverInflection', bars);
  const ns = interleaved(
    {
      run: () =>
        elapsedNs(() => {
          const found = vectorizedSignals('SmaCrossoverInflection', bars);
          results[0] = metricsOf(bars, runSignals(bars, found, OPTIONS)).sharpe ?? 0;
        }),
      plain: () =>
        elapsedNs(() => {
          results[0] = plainRun(candles);
        }),
      breakEven: () =>
        elapsedNs(() => {
          results[0] = breakEvenFeeBps(bars, signals, OPTIONS) ?? 0;
        }),
    },
    { warmUp: 4, rounds: 9 },
  );
  return [
    row({
      name: 'vectorised run with metrics: signals, ledger in whole lots, all figures but the break-even fee',
      value: (BARS / ns.run) * 1_000,
      unit: 'million bars/s',
      peer: 'plain loop over candle objects: running sums, float equity, drawdown',
      peerValue: (BARS / ns.plain) * 1_000,
      isMoreBetter: true,
      limit: { valueMin: RATE_MIN },
    }),
    row({
      name: 'break-even fee of the same run, found by running it again',
      value: ns.breakEven / 1e6,
      unit: 'ms',
      peer: 'one plain loop',
      peerValue: ns.plain / 1e6,
    }),
  ];
}

const RATE_MIN = 30;

function smaRows(closes: Float64Array): BenchRow[] {
  const perUpdate = interleaved(
    {
      ours: () => {
        const average = new Sma(WINDOW);
        const work = () => {
          let last = 0;
          for (let i = 0; i < closes.length; i++) last = average.update(closes[i] as number);
          results[0] = last;
        };
        return elapsedNs(work) / closes.length;
      },
      peer: () => {
        const average = new SMA(WINDOW);
        const work = () => {
          let last = 0;
          for (let i = 0; i < closes.length; i++) {
            last = average.update(closes[i] as number, false) ?? 0;
          }
          results[0] = last;
        };
        return elapsedNs(work) / closes.length;
      },
    },
    { warmUp: 3, rounds: 9 },
  );
  const figure = {
    name: `streaming SMA of ${WINDOW}`,
    value: perUpdate.ours,
    unit: 'ns/update',
    peer: 'trading-signals',
    peerValue: perUpdate.peer,
  };
  return [
    row({ ...figure, limit: { valueMax: 8 } }),
    row({ ...figure, name: `${figure.name} beside its peer`, limit: { ratioMin: 7 } }),
  ];
}

const WINDOW = 30;

export interface PlainCandle {
  readonly open: number;
  readonly close: number;
}

/** The same rule as a person would write it first: no lots, no money, no daily figures. */
export function plainRun(candles: readonly PlainCandle[]): number {
  const [long, smoothing] = [200, 10];
  let [recent, older, sign, pending, held] = [0, 0, 0, 0, 0];
  let [cash, peak, deepest] = [100_000, 100_000, 0];
  const at = (i: number) => (candles[i] as PlainCandle).close;
  for (let i = 0; i < candles.length; i++) {
    const { open, close } = candles[i] as PlainCandle;
    if (pending !== 0) {
      cash -= (pending - held) * open + Math.abs(pending - held) * open * 0.0005;
      held = pending;
      pending = 0;
    }
    recent += close - (i >= smoothing ? at(i - smoothing) : 0);
    if (i >= long) older += at(i - long) - (i >= long + smoothing ? at(i - long - smoothing) : 0);
    const equity = cash + held * close;
    peak = Math.max(peak, equity);
    deepest = Math.max(deepest, 1 - equity / peak);
    if (i < long + smoothing - 1 || recent === older) continue;
    const now = recent > older ? 1 : -1;
    if (sign !== 0 && now !== sign) pending = (now * equity) / close;
    sign = now;
  }
  return deepest;
}

export function candlesOf(bars: Bars): PlainCandle[] {
  return Array.from({ length: bars.length }, (_, i) => ({
    open: (bars.open[i] as number) / 10,
    close: (bars.close[i] as number) / 10,
  }));
}

/** A seeded walk of 1-minute bars around 60,000 USDT. */
export function generatedBars(length: number): Bars {
  const columns = {
    openMs: new Float64Array(length),
    open: new Int32Array(length),
    high: new Int32Array(length),
    low: new Int32Array(length),
    close: new Int32Array(length),
    volume: new Float64Array(length).fill(1),
  };
  let state = 1;
  let price = 600_000;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const open = price;
    price = Math.max(100_000, open + (state >>> 22) - 511);
    columns.openMs[i] = START_MS + i * 60_000;
    columns.open[i] = open;
    columns.close[i] = price;
    columns.high[i] = Math.max(open, price) + 50;
    columns.low[i] = Math.min(open, price) - 50;
  }
  const instrument = { symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' };
  return { ...instrument, intervalMs: 60_000, length, ...columns };
}
