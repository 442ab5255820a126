/** A run again at other fees: how fast costs eat what it earns. */
import type { AccountOptions } from '../accounting/account-options.ts';
import { runSignals } from '../accounting/run-signals.ts';
import type { Bars } from '../data/bars.ts';

export interface CostPoint {
  /** Fee on every fill, bps a side. */
  readonly feeBps: number;
  /** Final equity ÷ cash. */
  readonly multiple: number;
  /** Share of the cash that went to fees: above 1 where profits paid more of them. */
  readonly feesPaid: number;
}

/** 0 to 10 bps a side in halves: from free to the worst taker fee plus a wide spread. */
export const STRESS_FEES_BPS: readonly number[] = Array.from({ length: 21 }, (_, i) => i / 2);

/** The run at each fee; slippage and funding stay as they are. Throws as `runSignals` does. */
export function costStress(
  bars: Bars,
  signals: Int8Array,
  account: AccountOptions,
  fees: readonly number[] = STRESS_FEES_BPS,
): CostPoint[] {
  return fees.map((feeBps) => {
    const run = runSignals(bars, signals, { ...account, feeBps });
    const paid = run.fills.reduce((sum, fill) => sum + fill.fee, 0);
    return { feeBps, multiple: run.finalEquity / run.cash, feesPaid: paid / run.cash };
  });
}
