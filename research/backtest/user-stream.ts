/** What the exchange of a backtest tells the engine of its orders and its account: the events a live exchange sends. */
import type { Event } from '../../shared/core/event.ts';
import type {
  ExchangeOrderStatus,
  Fill,
  Intent,
  OrderReport,
} from '../../shared/core/trading/order.ts';
import type { Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';

/** Binance's code for an order that the margin does not carry. */
const MARGIN_INSUFFICIENT = -2019;

export interface UserStreamSettings {
  readonly step: (event: Event) => void;
  /** Core time, which must not go backwards. */
  readonly now: () => number;
}

export class UserStream {
  readonly #settings: UserStreamSettings;
  #walletChanges = 0;

  constructor(settings: UserStreamSettings) {
    this.#settings = settings;
  }

  /** A trade of the engine's order `intent`; null where the exchange closed the position itself. */
  fill(
    intent: Intent | null,
    done: Pick<Fill, 'tradeId' | 'exchangeMs'> & {
      /** Positive bought, negative sold. */
      readonly lots: number;
      readonly price: number;
      readonly fee: number;
      readonly realised: number;
    },
  ): void {
    const { tradeId, exchangeMs, lots, price, fee, realised } = done;
    const fill: Fill = {
      tradeId,
      exchangeOrderId: tradeId,
      clientOrderId: intent === null ? `autoclose-${tradeId}` : intent.request.clientOrderId,
      side: lots > 0 ? 'buy' : 'sell',
      price: price as Ticks,
      lots: Math.abs(lots) as Lots,
      fee: fee as Money,
      realizedPnl: realised as Money,
      isMaker: false,
      exchangeMs,
    };
    this.#settings.step({ kind: 'fill', timeMs: this.#at(exchangeMs), source: 'stream', fill });
  }

  /** What became of an order, `executed` lots of it filled by trade `tradeId` or nothing. */
  ended(
    { request }: Intent,
    status: ExchangeOrderStatus,
    { executed, tradeId }: { readonly executed: number; readonly tradeId: string },
  ): void {
    const { clientOrderId, side, lots, reduceOnly } = request;
    this.report('stream', {
      clientOrderId,
      exchangeOrderId: executed > 0 ? tradeId : '',
      status,
      side,
      lots,
      executedLots: executed as Lots,
      reduceOnly,
      exchangeMs: this.nowMs,
    });
  }

  report(source: 'stream' | 'query', report: OrderReport): void {
    this.#settings.step({ kind: 'orderReport', timeMs: this.nowMs, source, report });
  }

  rejectedByMargin({ request }: Intent): void {
    this.#settings.step({
      kind: 'orderRejected',
      timeMs: this.nowMs,
      clientOrderId: request.clientOrderId,
      code: MARGIN_INSUFFICIENT,
      message: 'Margin is insufficient.',
    });
  }

  walletChange(reason: 'funding' | 'other', amount: number, exchangeMs: number): void {
    this.#walletChanges += 1;
    this.#settings.step({
      kind: 'walletChange',
      timeMs: this.#at(exchangeMs),
      reason,
      amount: amount as Money,
      id: `${reason}-${this.#walletChanges}`,
      exchangeMs: exchangeMs as TimeMs,
    });
  }

  /** The account as the exchange would read it out. */
  account(read: {
    readonly position: number;
    readonly wallet: number;
    readonly openOrders: readonly OrderReport[];
    readonly lastTradeId: string;
  }): void {
    const timeMs = this.nowMs;
    this.#settings.step({
      kind: 'accountSnapshot',
      timeMs,
      requestedMs: timeMs,
      position: read.position as Lots,
      entryPrice: 0 as Ticks,
      walletBalance: read.wallet as Money,
      availableBalance: read.wallet as Money,
      openOrders: read.openOrders,
      lastTradeId: read.lastTradeId,
    });
  }

  get nowMs(): TimeMs {
    return this.#settings.now() as TimeMs;
  }

  #at(timeMs: number): TimeMs {
    return Math.max(this.#settings.now(), timeMs) as TimeMs;
  }
}
