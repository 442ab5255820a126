/**
 * The figures of a run, defined once for the vectorised run and the event-driven backtest. Money in
 * USDT here: these are statistics, not the ledger. Shares and multiples are plain: 0.25 is 25 %.
 */
import { MONEY_PER_USDT } from '../../shared/core/units.ts';
import { instrumentOf } from '../accounting/arithmetic.ts';
import type { RunResult } from '../accounting/run-result.ts';
import type { Bars } from '../data/bars.ts';
import { buyAndHoldMultiple } from './baselines.ts';
import { DAY_MS, dailyEquity, dailyReturns } from './daily-equity.ts';
import { compoundGrowth, dailyRatios } from './daily-ratios.ts';
import { maxDrawdown } from './drawdown.ts';
import { type RoundTrip, roundTrips } from './round-trips.ts';

/** Fewer closed round trips or days prove nothing: no ratio is given then. */
export const ROUND_TRIPS_MIN = 30;
export const DAYS_MIN = 60;

export interface Metrics {
  readonly finalEquity: number;
  readonly equityMultiple: number;
  readonly totalReturn: number;
  /** From the first open to the end of the last bar. */
  readonly days: number;
  /** Why the ratios below are null; null where they are given. */
  readonly ratiosWithheld: string | null;
  readonly cagr: number | null;
  readonly volatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  /** CAGR ÷ max drawdown; null also where nothing fell. */
  readonly calmar: number | null;
  /** Share of closed round trips with a profit after fees and funding. */
  readonly winRate: number | null;
  /** Profits ÷ losses of closed round trips; null also where none lost. */
  readonly profitFactor: number | null;
  readonly maxDrawdown: number;
  /** Days from the peak before the deepest fall until equity was back at it, or until the end. */
  readonly maxDrawdownDays: number;
  readonly maxDrawdownRecovered: boolean;
  /** Share of bars at whose close a position was held. */
  readonly exposure: number;
  /** Notional of all fills ÷ mean equity at the closes; null where that is not above zero. */
  readonly turnover: number | null;
  readonly tradedNotional: number;
  readonly roundTrips: number;
  /** Mean profit of a closed round trip after fees and funding; null for none. */
  readonly expectancy: number | null;
  readonly fees: number;
  /** What funding moved the wallet by: below zero was paid. */
  readonly funding: number;
  /** What liquidations moved the wallet by, besides the fees of their fills. */
  readonly clearance: number;
  readonly buyAndHoldMultiple: number | null;
}

/** `run` is a run on `bars`. */
export function metricsOf(bars: Bars, run: RunResult): Metrics {
  const { quantaPerTickLot } = instrumentOf(bars);
  const { equity, cash, fills, funding } = run;
  const trips = roundTrips(run, bars.length);
  const startMs = bars.openMs[0] as number;
  const endMs = (bars.openMs[bars.length - 1] as number) + bars.intervalMs;
  const multiple = run.finalEquity / cash;
  const drawdown = maxDrawdown(equity, cash);
  const timeOf = (bar: number) =>
    bar < 0 ? startMs : (bars.openMs[bar] as number) + bars.intervalMs;
  const traded = total(fills, (f) => Math.abs(f.lots) * f.price * quantaPerTickLot);
  const meanEquity = mean(equity);
  const netTotal = total(trips.closed, (trip) => trip.net);
  const days = (endMs - startMs) / DAY_MS;
  return {
    finalEquity: run.finalEquity / MONEY_PER_USDT,
    equityMultiple: multiple,
    totalReturn: multiple - 1,
    days,
    ...ratiosOf({ bars, run, closed: trips.closed, days, drawdown: drawdown.depth }),
    maxDrawdown: drawdown.depth,
    maxDrawdownDays:
      drawdown.peak === null
        ? 0
        : ((drawdown.recovery === null ? endMs : timeOf(drawdown.recovery)) -
            timeOf(drawdown.peak)) /
          DAY_MS,
    maxDrawdownRecovered: drawdown.peak === null || drawdown.recovery !== null,
    exposure: trips.barsHeld / bars.length,
    turnover: meanEquity > 0 ? traded / meanEquity : null,
    tradedNotional: traded / MONEY_PER_USDT,
    roundTrips: trips.closed.length,
    expectancy: trips.closed.length > 0 ? netTotal / trips.closed.length / MONEY_PER_USDT : null,
    fees: total(fills, (fill) => fill.fee) / MONEY_PER_USDT,
    funding: total(funding, (payment) => payment.amount) / MONEY_PER_USDT,
    clearance: total(run.clearances, (c) => c.amount) / MONEY_PER_USDT,
    buyAndHoldMultiple: buyAndHoldMultiple(bars),
  };
}

type Ratios = Pick<
  Metrics,
  | 'ratiosWithheld'
  | 'cagr'
  | 'volatility'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'winRate'
  | 'profitFactor'
>;

function ratiosOf(of: {
  bars: Bars;
  run: RunResult;
  closed: readonly RoundTrip[];
  days: number;
  drawdown: number;
}): Ratios {
  const { bars, run, closed, days } = of;
  if (closed.length < ROUND_TRIPS_MIN) {
    return withheld(
      `${closed.length} closed round trips are fewer than the ${ROUND_TRIPS_MIN} that a ratio needs`,
    );
  }
  if (days < DAYS_MIN) {
    return withheld(`${days.toFixed(1)} days are fewer than the ${DAYS_MIN} that a ratio needs`);
  }
  const daily = dailyRatios(dailyReturns(dailyEquity(bars, run.equity), run.cash));
  if (!daily) return withheld('the account was ruined: there are no returns after that');
  const cagr = compoundGrowth(run.finalEquity / run.cash, days * DAY_MS);
  const wins = closed.filter((trip) => trip.net > 0);
  const profits = total(wins, (trip) => trip.net);
  const losses = -total(closed, (trip) => Math.min(trip.net, 0));
  return {
    ratiosWithheld: null,
    cagr,
    ...daily,
    calmar: of.drawdown > 0 ? cagr / of.drawdown : null,
    winRate: wins.length / closed.length,
    profitFactor: losses > 0 ? profits / losses : null,
  };
}

function withheld(reason: string): Ratios {
  return {
    ratiosWithheld: reason,
    cagr: null,
    volatility: null,
    sharpe: null,
    sortino: null,
    calmar: null,
    winRate: null,
    profitFactor: null,
  };
}

function total<Item>(items: readonly Item[], value: (item: Item) => number): number {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}
