/**
 * A second watch over the account's limits, by the witness alone: what the trader believes does not enter.
 * Its bounds are those at which the trader should have acted already, so whatever is found here it did not
 * see or could not do. Margin ratio is not among them: margin-alert watches that, and leverage bounds it.
 */
import type { Instrument } from '../../shared/core/instrument.ts';
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import type { Money } from '../../shared/core/units.ts';
import type { Testimony } from './witness.ts';

export interface Breach {
  /** The same for the same matter in every run. */
  readonly key: 'leverage' | 'open orders' | 'open stops' | 'daily loss';
  readonly text: string;
}

/** What one look leaves to the next. */
export interface LimitState {
  /** The UTC day last seen, and the unrealised profit when it was first seen. */
  readonly dayMs: number;
  readonly unrealizedAtStart: Money;
  /** Told already; told again once it has ended in between. */
  readonly breached: readonly Breach['key'][];
}

const DAY_MS = 86_400_000;
const PPM = 1_000_000;

/** What is beyond a limit now. Comparisons ask for the proof that it is not. */
export function watchLimits(
  {
    testimony,
    instrument,
    limits,
  }: {
    readonly testimony: Testimony;
    readonly instrument: Instrument;
    readonly limits: RiskLimits;
  },
  before: LimitState | null,
): { readonly state: LimitState; readonly breaches: readonly Breach[] } {
  const { position, walletBalance, restingOrders, valuation } = testimony;
  const price = valuation?.mark ?? testimony.fills.at(-1)?.price ?? null;
  const unrealized = valuation
    ? instrument.notional(valuation.mark, position) -
      instrument.notional(valuation.entryPrice, position)
    : 0;
  const equity = walletBalance + unrealized;
  const dayMs = testimony.readMs - (testimony.readMs % DAY_MS);
  const isSameDay = before?.dayMs === dayMs;
  const unrealizedAtStart = (isSameDay ? before.unrealizedAtStart : unrealized) as Money;
  const today = booked(testimony, dayMs) + unrealized - unrealizedAtStart;

  const breaches: Breach[] = [];
  const add = (key: Breach['key'], text: string) => breaches.push({ key, text });
  if (position !== 0 && price !== null) {
    const times = Math.abs(instrument.notional(price, position)) / equity;
    if (!(equity > 0 && times * PPM <= limits.effectiveLeverageMaxPpm)) {
      add('leverage', `the position is ${times.toFixed(2)} times the equity`);
    }
  }
  for (const [key, orderClass, most] of [
    ['open orders', 'regular', limits.openOrdersMax],
    ['open stops', 'stop', limits.openStopsMax],
  ] as const) {
    const count = restingOrders.filter((order) => order.orderClass === orderClass).length;
    if (!(count <= most)) add(key, `${count} ${key}, more than ${most}`);
  }
  const lossPpm = (-today / (equity - today)) * PPM;
  if (today < 0 && !(lossPpm >= 0 && lossPpm < limits.dailyLossHaltPpm)) {
    add('daily loss', `a loss of ${(lossPpm / 10_000).toFixed(2)} % today`);
  }
  const breached = breaches.map(({ key }) => key);
  return { state: { dayMs, unrealizedAtStart, breached }, breaches };
}

/** Profit less fees, and funding, since the day began. */
function booked({ fills, payments }: Testimony, dayMs: number): number {
  const results = fills.filter(({ exchangeMs }) => exchangeMs >= dayMs);
  const paid = payments.filter(
    (payment) => payment.reason === 'funding' && payment.exchangeMs >= dayMs,
  );
  return (
    results.reduce((sum, { realizedPnl, fee }) => sum + realizedPnl - fee, 0) +
    paid.reduce((sum, { amount }) => sum + amount, 0)
  );
}
