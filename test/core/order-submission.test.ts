/**
 * Goal: RiskManager judges by what is true at that moment, the order in question not counted against itself.
 * Method: the parts alone; the context that a verdict was asked with is kept.
 */
import { describe, expect, it } from 'vitest';
import { AccountStateStore } from '../../shared/core/account/account-state-store.ts';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import { Outbox } from '../../shared/core/command.ts';
import { MarketState } from '../../shared/core/market/market-state.ts';
import { NotificationCenter } from '../../shared/core/notification/notification-center.ts';
import { OrderExecutor } from '../../shared/core/trading/order-executor.ts';
import { OrderStore } from '../../shared/core/trading/order-store.ts';
import { OrderSubmission } from '../../shared/core/trading/order-submission.ts';
import { RiskActivity } from '../../shared/core/trading/risk-activity.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import {
  type ProposedOrder,
  type RiskContext,
  RiskManager,
  type Verdict,
} from '../../shared/core/trading/risk-manager.ts';
import { TradingGate } from '../../shared/core/trading/trading-gate.ts';
import {
  ACCOUNT,
  BRACKETS,
  INSTRUMENT,
  lots,
  ms,
  ORDER_SETTINGS,
  START_MS,
  ticks,
  usdt,
} from './support.ts';

const NOW = ms(START_MS);

class Asked extends RiskManager {
  readonly contexts: RiskContext[] = [];

  override validateOrder(order: ProposedOrder, context: RiskContext): Verdict {
    this.contexts.push(context);
    return super.validateOrder(order, context);
  }
}

/** Long ten lots from 100,000 USDT, which are worth 1 USDT more at the mark. */
function made() {
  const [orders, gate, market, account] = [
    new OrderStore(),
    new TradingGate(),
    new MarketState(),
    new AccountStateStore(),
  ];
  gate.hold('starting', false, '');
  account.restore({ ...ACCOUNT, position: lots(10), cost: usdt(1_000) }, []);
  market.book = {
    kind: 'book',
    timeMs: NOW,
    exchangeMs: NOW,
    bid: ticks(1_000_999),
    bidLots: lots(70),
    ask: ticks(1_001_001),
    askLots: lots(80),
  };
  market.markPrice = {
    kind: 'markPrice',
    timeMs: NOW,
    exchangeMs: NOW,
    mark: ticks(1_001_000),
    index: ticks(1_001_000),
    fundingRateE8: 0,
    nextFundingMs: ms(START_MS + 3_600_000),
  };
  market.onClock({ kind: 'clock', timeMs: NOW, offsetMs: 40, errorMs: 5 });
  const riskManager = new Asked();
  const submission = new OrderSubmission({
    market,
    account,
    orders,
    gate,
    riskManager,
    orderExecutor: new OrderExecutor(orders, ORDER_SETTINGS),
    activity: new RiskActivity(),
    notifications: new NotificationCenter(),
    limits: LIVE_LIMITS,
  });
  submission.instrument = INSTRUMENT;
  submission.margin = new MarginCalculator(BRACKETS, 3);
  const submit = (order: ProposedOrder) => submission.submit(order, NOW, new Outbox());
  return { submission, submit, market, account, gate, contexts: riskManager.contexts };
}

const CLOSE: ProposedOrder = {
  request: {
    side: 'sell',
    lots: lots(4),
    price: ticks(1_000_999),
    timeInForce: 'IOC',
    reduceOnly: true,
  },
  purpose: 'close',
  decisionId: 'd',
  attempt: 0,
  reason: '',
};
const STOP: ProposedOrder = {
  ...CLOSE,
  request: { ...CLOSE.request, price: null, stopPrice: ticks(980_000) },
  purpose: 'protect',
};

describe('what an order is judged by', () => {
  it('is the account, the market and the limits of this moment', () => {
    const { submission, submit, contexts, market } = made();
    expect(submit(CLOSE)?.intent.timestampMs).toBe(START_MS + 40);
    expect(contexts[0]).toMatchObject({
      nowMs: NOW,
      position: 10,
      cost: usdt(1_000),
      exposure: { buy: 0, sell: 0 },
      liveCount: 0,
      liveStops: 0,
      bid: 1_000_999,
      ask: 1_001_001,
      bidLots: 70,
      askLots: 80,
      exchangeMs: START_MS + 40,
      lastFundingMs: null,
      markPrice: market.markPrice,
      equity: usdt(10_001),
      margin: { notional: usdt(1_001), balance: usdt(10_001) },
      marginCalculator: submission.margin,
    });
  });

  it('is null where the market is not known', () => {
    const { submit, contexts, market } = made();
    [market.book, market.markPrice] = [null, null];
    submit(CLOSE);
    const unknown = { bid: null, ask: null, bidLots: null, askLots: null };
    expect(contexts[0]).toMatchObject({ ...unknown, markPrice: null, equity: null, margin: null });
  });

  it('counts every other order, and none for itself once it is recorded', () => {
    const { submission, submit, contexts } = made();
    const [close, stop] = [submit(CLOSE), submit(STOP)];
    submit({ ...CLOSE, decisionId: 'next' });
    const counted = () => {
      const { liveCount, liveStops, exposure } = contexts.at(-1) as RiskContext;
      return { liveCount, liveStops, sell: exposure.sell };
    };
    expect(counted()).toEqual({ liveCount: 1, liveStops: 1, sell: 8 });
    submission.revalidate(close!, NOW);
    expect(counted()).toEqual({ liveCount: 1, liveStops: 1, sell: 8 });
    submission.revalidate(stop!, NOW);
    expect(counted()).toEqual({ liveCount: 2, liveStops: 0, sell: 8 });
  });
});

describe('a refusal', () => {
  it('sends nothing, is told, and is counted, before the record and after it', () => {
    const { submission, submit, gate } = made();
    const order = submit(CLOSE);
    expect(submission.revalidate(order!, NOW).approved).toBe(true);
    expect(submission.refusals.byReason.size).toBe(0);
    gate.hold('storeDown', true, 'gone');
    expect(submission.revalidate(order!, NOW)).toMatchObject({ approved: false, reason: 'hold' });
    expect([...submission.refusals.byReason]).toEqual([['hold', 1]]);
    const out = new Outbox();
    expect(submission.submit({ ...CLOSE, decisionId: 'next' }, NOW, out)).toBeNull();
    expect(out.take()).toMatchObject([{ kind: 'notify', topic: 'risk', severity: 'warning' }]);
    expect([...submission.refusals.byReason]).toEqual([['hold', 2]]);
  });
});

describe('the margin now', () => {
  it('is null while the terms, the instrument, the mark or the account are not known', () => {
    expect(made().submission.currentMargin()?.balance).toBe(usdt(10_001));
    for (const forget of [
      ({ submission }: ReturnType<typeof made>) => {
        submission.margin = null;
      },
      ({ submission }: ReturnType<typeof made>) => {
        submission.instrument = null;
      },
      ({ market }: ReturnType<typeof made>) => {
        market.markPrice = null;
      },
    ]) {
      const parts = made();
      forget(parts);
      expect(parts.submission.currentMargin()).toBeNull();
    }
  });

  it('and a verdict need an instrument: without one nothing is asked of the risk manager', () => {
    const { submission, submit, contexts } = made();
    submission.instrument = null;
    expect(() => submit(CLOSE)).toThrow('not known yet');
    expect(contexts).toEqual([]);
  });
});
