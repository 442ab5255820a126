/** The two backtests of a strategy, vectorised and driven by the engine: fills, money and equity to the last 1e-8. */
import type { Lots, Money } from '../../shared/core/units.ts';
import type { AccountOptions } from '../accounting/account-options.ts';
import type { RunResult } from '../accounting/run-result.ts';
import { runSignals } from '../accounting/run-signals.ts';
import { runBacktest } from '../backtest/run-backtest.ts';
import type { Bars, FundingRates } from '../data/bars.ts';
import { type Check, Comparison } from './check.ts';
import { joinSignals } from './join-signals.ts';
import { type StrategyPair, vectorizedRows } from './strategy-pair.ts';

const CASH = 100_000 * 1e8;
const COMMON = { cash: CASH, feeBps: 5, slippageBps: 0, leverage: 3, lots: 'exact' } as const;

/** Accounts that reach different rules: equity in and out, whole lots, slippage and liquidation, a rebate, stops. */
const ACCOUNTS: readonly AccountOptions[] = [
  { ...COMMON, size: { kind: 'equity', multiplePpm: 1_000_000 } },
  { ...COMMON, size: { kind: 'lots', lots: 7 as Lots }, feeBps: -0.5 },
  {
    ...COMMON,
    size: { kind: 'equity', multiplePpm: 8_000_000 },
    slippageBps: 1,
    leverage: 10,
    feeBps: 2.7,
  },
  { ...COMMON, size: { kind: 'notional', notional: (2_500 * 1e8) as Money }, slippageBps: 0.3 },
  {
    ...COMMON,
    size: { kind: 'equity', multiplePpm: 2_000_000 },
    slippageBps: 1,
    stopDistancePpm: 10_000,
  },
];

/** Compares every account; with funding, each is charged it. */
export function checkBacktests(
  pair: StrategyPair,
  bars: Bars,
  { name, funding }: { name: string; funding: FundingRates | null },
): Check {
  const sides = 'fills, funding and equity of the vectorised and the engine-driven backtest';
  const comparison = new Comparison({ name, strategy: pair.name, sides });
  const signals = pair.vectorized(bars);
  for (const terms of ACCOUNTS) {
    const account = funding === null ? terms : { ...terms, funding };
    const driven = runBacktest(bars, { strategy: pair.create(), account, risk: 'none' });
    joinSignals(comparison, {
      left: { name: 'vectorised', rows: vectorizedRows(pair, bars) },
      right: { name: 'engine-driven', rows: { times: bars.openMs, signals: driven.signals } },
    });
    // Without one signal a bar there is no vectorised run; the join above has said so.
    if (signals.length !== bars.length) continue;
    compareRuns(comparison, bars, { left: runSignals(bars, signals, account), right: driven.run });
  }
  return comparison.result();
}

/** The vectorised run and the engine-driven one. */
interface Runs {
  readonly left: RunResult;
  readonly right: RunResult;
}

/** Everything of two runs on `bars`, field by field. */
export function compareRuns(comparison: Comparison, bars: Bars, { left, right }: Runs): void {
  compareRows(comparison, 'fill', { left: left.fills, right: right.fills });
  compareRows(comparison, 'funding', { left: left.funding, right: right.funding });
  compareRows(comparison, 'clearance', { left: left.clearances, right: right.clearances });
  bars.openMs.forEach((timeMs, bar) => {
    comparison.same(timeMs, 'equity', { left: left.equity[bar], right: right.equity[bar] });
  });
  comparison.compared(bars.length);
  const endMs = bars.openMs[bars.length - 1] ?? 0;
  const final = { left: left.finalEquity, right: right.finalEquity };
  comparison.same(endMs, 'final equity', final);
  for (const [key, count] of Object.entries(left.counts)) {
    const other = right.counts[key as keyof RunResult['counts']];
    comparison.same(endMs, key, { left: count, right: other });
  }
}

/** Row by row in order; one that only one side has differs. Fields are whole numbers and words: no tolerance. */
function compareRows<Row extends { readonly timeMs: number }>(
  comparison: Comparison,
  kind: string,
  { left, right }: { left: readonly Row[]; right: readonly Row[] },
): void {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    comparison.compared();
    const [a, b] = [left[i], right[i]];
    if (a === undefined || b === undefined) {
      const side = a === undefined ? 'vectorised' : 'engine-driven';
      comparison.differs((a ?? b)?.timeMs ?? 0, `${kind} ${i + 1} is missing ${side}`);
      continue;
    }
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Row & string>) {
      comparison.same(a.timeMs, `${kind} ${i + 1}, ${key}`, { left: a[key], right: b[key] });
    }
  }
}
