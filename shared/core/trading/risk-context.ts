/**
 * What a verdict on an order depends on, and why one is refused. Types only.
 */
import type { Margin, MarginCalculator } from '../account/margin-calculator.ts';
import type { MarkPriceEvent } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { Lots, Money, Ticks, TimeMs } from '../units.ts';
import type { OrderRequest, Purpose } from './order.ts';
import type { RiskActivity } from './risk-activity.ts';
import type { RiskLimits } from './risk-limits.ts';
import type { TradingGate } from './trading-gate.ts';

/** An order not yet allowed. */
export interface ProposedOrder {
  readonly request: Omit<OrderRequest, 'clientOrderId'>;
  readonly purpose: Purpose;
  readonly decisionId: string;
  readonly attempt: number;
  readonly reason: string;
}

export type RiskReason =
  | 'notFinite'
  | 'quantity'
  | 'price'
  | 'minNotional'
  | 'notReducing'
  | 'tradingState'
  | 'hold'
  | 'noBook'
  | 'noMark'
  | 'noEquity'
  | 'collar'
  | 'spread'
  | 'divergence'
  | 'orderNotional'
  | 'positionNotional'
  | 'leverage'
  | 'openOrders'
  | 'marginRatio'
  | 'liquidationDistance'
  | 'orderRate'
  | 'roundTripRate'
  | 'duplicate'
  | 'funding'
  | 'fundingBlackout'
  | 'depth'
  | 'effectiveLeverage'
  | 'openOrderNotional'
  | 'stopDistance';

/** Everything a verdict depends on. Null is "not known", and refuses whatever needs it. */
export interface RiskContext {
  readonly nowMs: TimeMs;
  readonly instrument: Instrument;
  readonly limits: RiskLimits;
  readonly gate: TradingGate;
  readonly activity: RiskActivity;
  readonly position: Lots;
  /** Signed cost of the position: its entry price × its lots. */
  readonly cost: Money;
  /** What unsettled orders may still add on either side, this order not counted. */
  readonly exposure: { readonly buy: Lots; readonly sell: Lots };
  /** Regular orders that are or may be at work, and stops; one presumed absent counts in `exposure` only. */
  readonly liveCount: number;
  readonly liveStops: number;
  readonly bid: Ticks | null;
  readonly ask: Ticks | null;
  readonly bidLots: Lots | null;
  readonly askLots: Lots | null;
  /** What the exchange's clock shows, as we estimate it. */
  readonly exchangeMs: TimeMs;
  /** Null until funding has been paid in this session. */
  readonly lastFundingMs: TimeMs | null;
  readonly markPrice: MarkPriceEvent | null;
  readonly equity: Money | null;
  readonly margin: Margin | null;
  readonly marginCalculator: MarginCalculator | null;
}

export type Refusal = { readonly reason: RiskReason; readonly detail: string } | null;
