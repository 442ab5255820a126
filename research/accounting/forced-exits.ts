/**
 * What takes a position away inside a bar, whatever the signals say: its protective stop, or the exchange for want of
 * margin. The rules are stated once, here, for both backtests:
 *
 * - a stop is met where the market that decides it reaches its price: candles of the mark price where they are given
 *   and cover the bar, as the live exchange does it, else the trade candles; a liquidation by the trade candles;
 * - at the open comes first what the open is beyond: the liquidation, then the stop; both fill at the open;
 * - inside the bar the nearer price comes first, a liquidation where they are equal; both before any favourable price;
 * - a stop fills at its price; where the bar did not trade there, at the open if that is worse, else at the bar's
 *   extreme nearest to it. The caller adds slippage.
 */
import type { Bars } from '../data/bars.ts';
import { AccountingError, type MarkBars } from './account-options.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { Ledger } from './ledger.ts';

export type ForcedExit = 'stop' | 'liquidation';

/** What takes a position of `position` lots away, in ticks; null where nothing does. */
export interface ExitPrices {
  readonly position: number;
  readonly stop: number | null;
  readonly liquidation: number | null;
}

type Prices = Pick<Bars, 'open' | 'high' | 'low'>;

/** The prices of a run that meet stops, bar by bar. */
export interface StopMarket {
  readonly bars: Bars;
  /** Of the mark where it is known, else those of the bars. */
  readonly trigger: Prices;
  /** Of a bar: nothing beyond meets a stop or a liquidation. */
  readonly reach: Pick<Bars, 'high' | 'low'>;
  /** Bars covered by candles of the mark; null where none are given. */
  readonly isMark: Uint8Array | null;
}

/** Throws AccountingError for mark candles that cannot say what happened inside these bars. */
export function stopMarketOf(bars: Bars, markBars: MarkBars | undefined): StopMarket {
  if (!markBars) return { bars, trigger: bars, reach: bars, isMark: null };
  if (Number(markBars.tickSize) !== Number(bars.tickSize)) {
    throw new AccountingError(
      `mark candles have a tick of ${markBars.tickSize}, the candles one of ${bars.tickSize}`,
    );
  }
  const perBar = bars.intervalMs / markBars.intervalMs;
  if (!Number.isInteger(perBar)) {
    throw new AccountingError(
      `mark candles of ${markBars.intervalMs / 1_000} s cannot say when a stop is met inside bars of ${bars.intervalMs / 1_000} s: give candles of the same interval, or one that divides it`,
    );
  }
  const { length } = bars;
  const trigger = { open: bars.open.slice(), high: bars.high.slice(), low: bars.low.slice() };
  const reach = { high: bars.high.slice(), low: bars.low.slice() };
  const isMark = new Uint8Array(length);
  let at = 0;
  for (let bar = 0; bar < length; bar++) {
    const startMs = bars.openMs[bar] as number;
    while (at < markBars.length && (markBars.openMs[at] as number) < startMs) at += 1;
    const last = at + perBar - 1;
    const lastMs = startMs + bars.intervalMs - markBars.intervalMs;
    // Times rise strictly: the right first and last one leave room for all between and no other.
    if (markBars.openMs[at] !== startMs || markBars.openMs[last] !== lastMs) continue;
    isMark[bar] = 1;
    const high = Math.max(...markBars.high.subarray(at, last + 1));
    const low = Math.min(...markBars.low.subarray(at, last + 1));
    trigger.open[bar] = markBars.open[at] as number;
    trigger.high[bar] = high;
    trigger.low[bar] = low;
    reach.high[bar] = Math.max(high, bars.high[bar] as number);
    reach.low[bar] = Math.min(low, bars.low[bar] as number);
  }
  return { bars, trigger, reach, isMark };
}

/** Where the stop of what the ledger holds rests; null where nothing is held. Throws AccountingError where a tick is too coarse. */
export function stopTicks(
  ledger: Ledger,
  arithmetic: Arithmetic,
  distancePpm: number,
): number | null {
  const { position, cost } = ledger;
  if (position === 0) return null;
  const stop = arithmetic.stop(position, cost, distancePpm);
  if (cost - position * stop * arithmetic.quantaPerTickLot > 0) return stop;
  throw new AccountingError(
    `a stop ${distancePpm / 10_000} % from the entry price is less than a tick away from it: the data's tick is too coarse`,
  );
}

/** The price that is reached first; null where none is. */
export function firstBound({ position, stop, liquidation }: ExitPrices): number | null {
  if (stop === null || liquidation === null) return stop ?? liquidation;
  return position > 0 ? Math.max(stop, liquidation) : Math.min(stop, liquidation);
}

/** What the open of `bar` finds beyond its price. */
export function exitAtOpen(exits: ExitPrices, market: StopMarket, bar: number): ForcedExit | null {
  const { position, stop, liquidation } = exits;
  if (isMet(position, liquidation, market.bars.open[bar] as number)) return 'liquidation';
  return isMet(position, stop, market.trigger.open[bar] as number) ? 'stop' : null;
}

/** What happens first in `bar`, at its open or inside it, to the position held once the open's fill is done. */
export function exitInside(exits: ExitPrices, market: StopMarket, bar: number): ForcedExit | null {
  const atOpen = exitAtOpen(exits, market, bar);
  if (atOpen !== null) return atOpen;
  const { position, stop, liquidation } = exits;
  const { bars, trigger } = market;
  const worst = (prices: Prices) => (position > 0 ? prices.low : prices.high)[bar] as number;
  const isStopped = isMet(position, stop, worst(trigger));
  if (!isMet(position, liquidation, worst(bars))) return isStopped ? 'stop' : null;
  const isNearer = isMet(position, stop, liquidation as number) && stop !== liquidation;
  return isStopped && isNearer ? 'stop' : 'liquidation';
}

/** Where what exitInside found in `bar` fills, before slippage. */
export function exitTicks(
  exit: ForcedExit,
  exits: ExitPrices,
  { bars, trigger }: StopMarket,
  bar: number,
): number {
  const { position, stop, liquidation } = exits;
  const open = bars.open[bar] as number;
  if (exit === 'liquidation') {
    return isMet(position, liquidation, open) ? open : (liquidation as number);
  }
  if (isMet(position, stop, trigger.open[bar] as number)) return open;
  const at = stop as number;
  return position > 0
    ? Math.max(bars.low[bar] as number, Math.min(at, open))
    : Math.min(bars.high[bar] as number, Math.max(at, open));
}

/** True where `price` is at or beyond `bound` on the losing side of the position. */
function isMet(position: number, bound: number | null, price: number): boolean {
  if (bound === null) return false;
  return position > 0 ? price <= bound : price >= bound;
}
