/** The account's risk now, from what the trader last wrote and a mark price of one's own. Pure. */
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { AccountRecord } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import {
  asMoney,
  type Lots,
  type Money,
  mulDiv,
  parseMoney,
  type Ticks,
  type TimeMs,
} from '../../shared/core/units.ts';
import type { TraderStatus } from '../../shared/operation/trader-status.ts';

export interface MarkPrice {
  readonly mark: Ticks;
  /** `trader` where the exchange could not be asked: then nobody checks the trader's own price. */
  readonly source: 'exchange' | 'trader';
  /** Of the next payment, in 1e-8; null where it is not known. */
  readonly fundingRateE8: number | null;
  readonly nextFundingMs: TimeMs | null;
}

export interface Measures {
  readonly position: Lots;
  readonly equity: Money;
  /** Null where the trader has not said which step of the maintenance table it is on. */
  readonly marginRatioPpm: number | null;
  /** |mark − liquidation price| ÷ mark; null without a position, or where no price liquidates it. */
  readonly liquidationDistancePpm: number | null;
  readonly liquidationPrice: Ticks | null;
  /** Of the equity the UTC day began with. */
  readonly dailyLossPpm: number;
  /** Positive is paid by us. */
  readonly fundingCost: Money | null;
}

const PPM = 1_000_000;

export function measure(
  account: AccountRecord,
  status: Partial<TraderStatus>,
  { mark, fundingRateE8 }: MarkPrice,
  { instrument, dayStartEquity }: { instrument: Instrument; dayStartEquity: Money | null },
): Measures {
  const { position, cost, walletBalance } = account;
  const notional = instrument.notional(mark, position);
  const unrealizedPnl = asMoney(notional - cost);
  const equity = asMoney(walletBalance + unrealizedPnl);
  const calculator = calculatorOf(status);
  const margin = calculator?.margin({ position, mark, walletBalance, unrealizedPnl, instrument });
  const liquidationPrice =
    calculator?.liquidationPrice({ position, cost, walletBalance, instrument }) ?? null;
  const from = dayStartEquity ?? equity;
  return {
    position,
    equity,
    marginRatioPpm: position === 0 ? 0 : (margin?.ratioPpm ?? null),
    liquidationDistancePpm:
      liquidationPrice === null
        ? null
        : Math.round((Math.abs(mark - liquidationPrice) / mark) * PPM),
    liquidationPrice,
    dailyLossPpm: from <= 0 ? PPM : Math.max(0, Math.round(((from - equity) / from) * PPM)),
    fundingCost:
      fundingRateE8 === null
        ? null
        : asMoney(mulDiv({ value: notional, times: fundingRateE8, over: 100_000_000 }, 'nearest')),
  };
}

/** Equity at which the UTC day began, where the trader has lived to see it; else null. */
export function dayStartOf(account: AccountRecord, nowMs: TimeMs): Money | null {
  return account.dayStartMs >= startOfDay(nowMs) ? account.dayStartEquity : null;
}

export function startOfDay(timeMs: TimeMs): TimeMs {
  return (timeMs - (timeMs % 86_400_000)) as TimeMs;
}

/** By the one step the trader is on: at another mark price it may be a step off, by little. */
function calculatorOf({
  maintenanceRatePpm,
  maintenanceCum,
}: Partial<TraderStatus>): MarginCalculator | null {
  if (typeof maintenanceRatePpm !== 'number' || typeof maintenanceCum !== 'string') return null;
  const step = {
    notionalMax: Number.MAX_SAFE_INTEGER as Money,
    maintenanceRatePpm,
    cum: parseMoney(maintenanceCum),
    leverageMax: 1,
  };
  return new MarginCalculator([step], 1);
}
