/**
 * The least exchange there can be: it fills every order whole, at the touch, for a fee, and knows the
 * account that makes. So that orders flow while the engine is measured; it judges nothing.
 */
import type { Command } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import type {
  Event,
  MarginBracket,
  TradingStateRecord,
  Unstamped,
} from '../../shared/core/event.ts';
import type { Fill, Intent, OrderReport } from '../../shared/core/trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';
import type { AccountSnapshot } from '../../shared/ports/exchange.ts';
import { INSTRUMENT, SPEC } from '../market-data/support/frames.ts';

export type Fact = Unstamped<Event>;

const usdt = (amount: number) => Math.round(amount * 1e8) as Money;

const BRACKETS: readonly MarginBracket[] = [
  { notionalMax: usdt(50_000), maintenanceRatePpm: 4_000, cum: usdt(0), leverageMax: 125 },
  { notionalMax: usdt(500_000), maintenanceRatePpm: 5_000, cum: usdt(50), leverageMax: 100 },
];
const TAKER_FEE_PPM = 500;
const NOTHING: readonly Fact[] = [];
const ACTIVE: TradingStateRecord = {
  state: 'active',
  reason: 'first start',
  by: 'bench',
  sinceMs: 0 as TimeMs,
  version: 0,
};

export class InstantExchange {
  readonly #engine: Engine;
  #position = 0;
  // Large, so that the fees of a hundred thousand orders breach no loss limit.
  #walletBalance = usdt(1_000_000);
  #orders = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What comes of a command, in order; nothing for those that ask for no answer. */
  answer(command: Command): readonly Fact[] {
    switch (command.kind) {
      case 'recordIntent':
        return [{ kind: 'intentRecorded', clientOrderId: command.intent.request.clientOrderId }];
      case 'placeOrder': {
        const { report, fill } = this.fill(command.intent);
        return [
          { kind: 'orderReport', source: 'reply', report },
          { kind: 'fill', source: 'stream', fill },
        ];
      }
      case 'readAccount':
        return [
          {
            kind: 'accountSnapshot',
            requestedMs: this.#engine.now,
            ...this.account(),
            lastTradeId: this.#orders === 0 ? '' : String(this.#orders),
          },
        ];
      case 'readCandles':
        return [{ kind: 'candleHistory', candles: [] }];
      default:
        return NOTHING;
    }
  }

  /** Fills an order at the engine's present best price. */
  fill({ request }: Intent): { report: OrderReport; fill: Fill } {
    const { clientOrderId, side, lots, reduceOnly } = request;
    const book = this.#engine.market.book;
    const price = ((side === 'buy' ? book?.ask : book?.bid) ?? 0) as Ticks;
    const exchangeMs = (book?.exchangeMs ?? 0) as TimeMs;
    this.#orders += 1;
    const exchangeOrderId = String(this.#orders);
    const fee = Math.ceil((INSTRUMENT.notional(price, lots) * TAKER_FEE_PPM) / 1_000_000) as Money;
    this.#position += side === 'buy' ? lots : -lots;
    this.#walletBalance = (this.#walletBalance - fee) as Money;
    return {
      report: {
        clientOrderId,
        exchangeOrderId,
        status: 'filled',
        side,
        lots,
        executedLots: lots,
        reduceOnly,
        exchangeMs,
      },
      fill: {
        tradeId: exchangeOrderId,
        exchangeOrderId,
        clientOrderId,
        side,
        price,
        lots,
        fee,
        realizedPnl: 0 as Money,
        isMaker: false,
        exchangeMs,
      },
    };
  }

  account(): AccountSnapshot {
    return {
      position: this.#position as Lots,
      entryPrice: (this.#engine.market.book?.bid ?? 0) as Ticks,
      walletBalance: this.#walletBalance,
      availableBalance: this.#walletBalance,
      openOrders: [],
    };
  }
}

/** What a session posts before its market data: contract, terms, clock, durable state, user stream. */
export function startFacts(epoch: number): readonly Fact[] {
  return [
    { kind: 'instrument', spec: SPEC },
    {
      kind: 'accountTerms',
      brackets: BRACKETS,
      leverage: 3,
      makerFeePpm: 200,
      takerFeePpm: TAKER_FEE_PPM,
    },
    { kind: 'clock', offsetMs: 0, errorMs: 1 },
    {
      kind: 'recovered',
      epoch,
      tradingState: ACTIVE,
      account: null,
      decision: null,
      orders: [],
      recentTradeIds: [],
    },
    { kind: 'feedStatus', feed: 'user', status: 'up', reason: 'bench' },
  ];
}

export function markFact(mark: number, exchangeMs: number): Fact {
  return {
    kind: 'markPrice',
    exchangeMs: exchangeMs as TimeMs,
    mark: mark as Ticks,
    index: mark as Ticks,
    fundingRateE8: 10_000,
    nextFundingMs: (exchangeMs + 3_600_000) as TimeMs,
  };
}
