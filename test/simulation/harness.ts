/** What the simulation's tests share: an instrument, a sink that remembers, an exchange ready to use. */
import { Instrument } from '../../shared/core/instrument.ts';
import { type Lots, MONEY_PER_USDT, type Money, type Ticks } from '../../shared/core/units.ts';
import { GeneratedMarket } from '../../shared/simulation/generated-market.ts';
import { RecordedMarket } from '../../shared/simulation/recorded-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type {
  OrderParams,
  PublicEvent,
  RecordedFrame,
  UserEvent,
  VenueOptions,
  VenueSink,
} from '../../shared/simulation/venue.ts';

export const BTCUSDT = new Instrument({
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  tickSize: '0.10',
  lotSize: '0.001',
  lotsMin: 1 as Lots,
  lotsMax: 1_000_000 as Lots,
  marketLotsMax: 120_000 as Lots,
  priceMin: 1_000 as Ticks,
  priceMax: 45_000_000 as Ticks,
  notionalMin: (50 * MONEY_PER_USDT) as Money,
  priceBandUpBps: 10_500,
  priceBandDownBps: 9_500,
});

/** 2024-07-18 23:58:00 UTC. */
export const START_MS = 1_721_347_080_000;

class RememberingSink implements VenueSink {
  readonly public: PublicEvent[] = [];
  readonly user: { readonly accountId: string; readonly event: UserEvent }[] = [];

  publicEvent(event: PublicEvent): void {
    this.public.push(event);
  }

  userEvent(accountId: string, event: UserEvent): void {
    this.user.push({ accountId, event });
  }

  /** `execution/status` of the account's order events, in order, with the expiry reason where there is one. */
  orderStory(accountId = 'a'): string[] {
    return this.user.flatMap(({ accountId: id, event }) => {
      if (id !== accountId || event.kind !== 'orderTradeUpdate') return [];
      const reason = event.expiryReason === 0 ? '' : ` er ${event.expiryReason}`;
      return [`${event.execution}/${event.order.status}${reason}`];
    });
  }
}

export interface Bench {
  readonly exchange: SimulatedExchange;
  readonly sink: RememberingSink;
}

export function usdt(amount: number): Money {
  return Math.round(amount * MONEY_PER_USDT) as Money;
}

/** On a generated market, with account `a` unless `deposit` is 0. */
export function generated(
  seed = 1,
  options: Partial<VenueOptions> & { startMs?: number; deposit?: number } = {},
): Bench {
  const sink = new RememberingSink();
  const { startMs = START_MS, deposit = 10_000, ...rest } = options;
  const market = new GeneratedMarket({ seed, startMs });
  const exchange = new SimulatedExchange({ instrument: BTCUSDT, market, sink, ...rest });
  if (deposit > 0) exchange.openAccount('a', usdt(deposit));
  return { exchange, sink };
}

/** A hand-made recording: every entry is a frame one millisecond after the one before. */
export function scripted(frames: readonly object[], options: Partial<VenueOptions> = {}): Bench {
  const sink = new RememberingSink();
  let at = 0;
  const next = (): RecordedFrame | null => {
    const frame = frames[at];
    if (frame === undefined) return null;
    at += 1;
    return { receivedMs: START_MS + at, raw: JSON.stringify(frame), frame };
  };
  const market = new RecordedMarket({ next, offsetMs: 0 });
  const exchange = new SimulatedExchange({ instrument: BTCUSDT, market, sink, ...options });
  exchange.openAccount('a', usdt(100_000));
  exchange.openAccount('b', usdt(100_000));
  return { exchange, sink };
}

type Rows = readonly (readonly [price: string, quantity: string])[];

export function snapshotFrame(lastUpdateId: number, bids: Rows, asks: Rows): object {
  return { lastUpdateId, E: START_MS, T: START_MS, bids, asks };
}

export function depthFrame(
  ids: { U: number; u: number; pu: number; T?: number },
  b: Rows,
  a: Rows,
) {
  const T = ids.T ?? START_MS;
  return {
    stream: 'btcusdt@depth@0ms',
    data: { e: 'depthUpdate', E: T, s: 'BTCUSDT', ...ids, T, b, a },
  };
}

let tradeId = 0;

/** `seller` says who took: true sells into the bids. */
export function tradeFrame(p: string, q: string, seller: boolean, T = START_MS + 1): object {
  tradeId += 1;
  const data = { e: 'trade', E: T, T, s: 'BTCUSDT', t: tradeId, p, q, X: 'MARKET', m: seller };
  return { stream: 'btcusdt@trade', data };
}

export function limit(
  side: 'BUY' | 'SELL',
  quantity: string,
  price: string,
  more: OrderParams = {},
): OrderParams {
  return { symbol: 'BTCUSDT', type: 'LIMIT', timeInForce: 'GTC', side, quantity, price, ...more };
}

export function market(
  side: 'BUY' | 'SELL',
  quantity: string,
  more: OrderParams = {},
): OrderParams {
  return { symbol: 'BTCUSDT', type: 'MARKET', side, quantity, ...more };
}
