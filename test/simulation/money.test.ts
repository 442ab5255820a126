// Goal: not a quantum of money appears or vanishes. Method: random order flows on a generated market,
// audited in bigint from the events alone; funding, margin and liquidation worked out by hand.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Money } from '../../shared/core/units.ts';
import type { OrderParams, UserEvent } from '../../shared/simulation/venue.ts';
import { VenueError } from '../../shared/simulation/venue.ts';
import {
  BTCUSDT,
  generated,
  limit,
  market,
  START_MS,
  scripted,
  snapshotFrame,
  usdt,
} from './harness.ts';

/** The usual fees of round lots leave nothing to round; these do. */
const ODD_FEES = { makerFeePpm: 177, takerFeePpm: 333 };
const QUANTA = BigInt(BTCUSDT.quantaPerTickLot);

/** Rebuilds position and wallet from deposits, trades and funding, with fees rounded against the account. */
class Audit {
  wallet = 0n;
  position = 0n;
  cost = 0n;

  apply(event: UserEvent): void {
    if (event.kind === 'accountUpdate') {
      this.wallet += BigInt(event.balanceChange);
      if (event.reason !== 'ORDER') expect(BigInt(event.walletBalance)).toBe(this.wallet);
    }
    if (event.kind !== 'orderTradeUpdate' || event.execution !== 'TRADE') return;
    const signed = BigInt(event.lastQuantity) * (event.order.side === 'BUY' ? 1n : -1n);
    const quote = BigInt(event.lastPrice) * BigInt(event.lastQuantity) * QUANTA;
    const ppm = BigInt(event.isMaker ? ODD_FEES.makerFeePpm : ODD_FEES.takerFeePpm);
    expect(BigInt(event.fee)).toBe((quote * ppm + 999_999n) / 1_000_000n);
    this.wallet += BigInt(event.realizedPnl) - BigInt(event.fee);
    // Profit so far + value at cost must equal what was paid: cost' = cost + signed quote + realised.
    const paid = signed > 0n ? quote : -quote;
    this.cost += paid + BigInt(event.realizedPnl);
    this.position += signed;
    if (this.position === 0n) expect(this.cost).toBe(0n);
    else expect(this.cost > 0n).toBe(this.position > 0n);
  }
}

const action = fc.record({
  waitMs: fc.integer({ min: 0, max: 1_500 }),
  account: fc.constantFrom('a', 'b'),
  kind: fc.constantFrom('market', 'market', 'GTC', 'GTC', 'IOC', 'GTX', 'reduce', 'cancel'),
  side: fc.constantFrom<'BUY' | 'SELL'>('BUY', 'SELL'),
  lots: fc.integer({ min: 1, max: 4_000 }),
  offset: fc.integer({ min: -30, max: 30 }),
});

describe('money', () => {
  it('is conserved over random order flows, and positions are the sums of fills', () => {
    let trades = 0;
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(action, { minLength: 20, maxLength: 120 }),
        (seed, actions) => {
          const startMs = Math.floor(START_MS / 28_800_000 + 1) * 28_800_000 - 20_000;
          const { exchange, sink } = generated(seed, { startMs, deposit: 50_000, ...ODD_FEES });
          exchange.openAccount('b', usdt(3_000));
          let nowMs = startMs;
          for (const { waitMs, account, kind, side, lots, offset } of actions) {
            nowMs += waitMs;
            exchange.advanceTo(nowMs);
            const quantity = BTCUSDT.formatQuantity(lots as never);
            const { ask } = exchange.bookTicker();
            const price = BTCUSDT.formatPrice((ask.price + offset) as never);
            const before = exchange.position(account).position;
            try {
              if (kind === 'cancel') exchange.cancelAllOrders(account, 'BTCUSDT');
              else exchange.placeOrder(account, paramsOf(kind, side, quantity, price));
            } catch (error) {
              if (!(error instanceof VenueError)) throw error;
            }
            const after = exchange.position(account).position;
            if (kind === 'reduce') {
              expect(Math.abs(after)).toBeLessThanOrEqual(Math.abs(before));
              expect(before * after).toBeGreaterThanOrEqual(0);
            }
          }
          for (const id of ['a', 'b']) {
            const audit = new Audit();
            for (const { accountId, event } of sink.user) if (accountId === id) audit.apply(event);
            const view = exchange.account(id);
            expect(BigInt(view.walletBalance)).toBe(audit.wallet);
            expect(BigInt(view.position.position)).toBe(audit.position);
            const value = BigInt(view.position.markPrice) * audit.position * QUANTA;
            expect(BigInt(view.unrealizedPnl)).toBe(value - audit.cost);
            const rows = exchange.income(id, { limit: 1_000 });
            if (rows.length < 1_000) {
              expect(rows.reduce((sum, row) => sum + BigInt(row.income), 0n)).toBe(audit.wallet);
            }
            trades += exchange.trades(id, {}).length;
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(trades).toBeGreaterThan(1_000);
  });

  it('pays funding once at the stamp: position × mark × rate, against the account', () => {
    const stampMs = Math.floor(START_MS / 28_800_000 + 1) * 28_800_000;
    const { exchange, sink } = generated(1, { startMs: stampMs - 5_000, fundingRateE8: 12_347 });
    exchange.openAccount('b', usdt(10_000));
    exchange.advanceTo(stampMs - 3_000);
    exchange.placeOrder('a', market('BUY', '0.333'));
    exchange.placeOrder('b', market('SELL', '0.333'));
    exchange.advanceTo(stampMs + 2_000);
    const [funding] = exchange.fundingRates({});
    const exact = BigInt(funding!.markPrice) * 333n * QUANTA * 12_347n;
    const scale = 100_000_000n;
    expect(exact % scale).not.toBe(0n);
    const rows = (id: string) =>
      exchange
        .income(id, { incomeType: 'FUNDING_FEE' })
        .map((row) => [row.timeMs, BigInt(row.income)]);
    expect(rows('a')).toEqual([[stampMs, -(exact / scale + 1n)]]);
    expect(rows('b')).toEqual([[stampMs, exact / scale]]);
    const told = sink.user.filter((u) => u.event.kind === 'accountUpdate').at(-1)!.event;
    expect(told).toMatchObject({ reason: 'FUNDING_FEE', position: null });
  });

  it('says margins by the bracket table', () => {
    const { exchange } = scripted([
      snapshotFrame(1, [['59999.90', '90.000']], [['60000.10', '90.000']]),
      {},
    ]);
    exchange.advanceTo(START_MS + 1);
    exchange.placeOrder('a', market('BUY', '10.000'));
    exchange.placeOrder('a', limit('BUY', '1.000', '59000.00'));
    const view = exchange.account('a');
    expect(view.position.notional).toBe(usdt(600_000));
    expect(view.position.positionInitialMargin).toBe(usdt(30_000));
    expect(view.position.openOrderInitialMargin).toBe(usdt(2_950));
    // Second bracket: 0.5 % less 300 USDT.
    expect(view.maintenanceMargin).toBe(usdt(2_700));
    const fee = 600_001 * 0.0005;
    expect(view.walletBalance).toBe(usdt(100_000 - fee));
    expect(view.unrealizedPnl).toBe(usdt(-1));
    expect(view.availableBalance).toBe(usdt(100_000 - fee - 1 - 32_950));
    // Wallet - 10 × (entry - LP) = 10 × LP × 0.005 - 300
    const lp = (600_001 - (100_000 - fee) - 300) / (10 * 0.995);
    expect(Number(view.position.liquidationPrice)).toBeCloseTo(lp, 5);
  });

  it('liquidates at a mark that leaves no margin, and leaves no debt', () => {
    const { exchange, sink } = generated(11, { deposit: 700 });
    exchange.setLeverage('a', 'BTCUSDT', '100');
    exchange.advanceTo(START_MS + 2_000);
    exchange.placeOrder('a', market('BUY', '1.000'));
    exchange.placeOrder('a', limit('SELL', '0.100', '62000.00', { reduceOnly: 'true' }));
    let before = exchange.account('a');
    for (let s = 3; s < 7_200 && exchange.position('a').position !== 0; s++) {
      before = exchange.account('a');
      exchange.advanceTo(START_MS + s * 1_000);
    }
    expect(exchange.position('a').position).toBe(0);
    expect(Number(before.position.markPrice)).toBeGreaterThan(0);
    expect(exchange.openOrders('a')).toEqual([]);
    expect(exchange.account('a').walletBalance).toBeGreaterThanOrEqual(0);
    const orders = exchange.orders('a', {});
    expect(orders.at(-1)).toMatchObject({ type: 'LIQUIDATION', status: 'FILLED', side: 'SELL' });
    expect(orders.at(-1)!.clientOrderId).toMatch(/^autoclose-/);
    expect(sink.orderStory()).toContain('EXPIRED/EXPIRED er 5');
    expect(sink.public.some((event) => event.kind === 'forceOrder')).toBe(true);
    const income = exchange.income('a', { limit: 1_000 });
    const sum = income.reduce((total, row) => total + row.income, 0);
    expect(sum as Money).toBe(exchange.account('a').walletBalance);
  });

  it('goes on after a restart with the same orders, ids and money', () => {
    const { exchange } = generated(3);
    exchange.advanceTo(START_MS + 1_000);
    exchange.placeOrder('a', market('BUY', '0.100'));
    exchange.placeOrder('a', limit('SELL', '0.100', '61000.00', { newClientOrderId: 'p-1' }));
    const saved = JSON.parse(JSON.stringify(exchange.snapshot()));
    const next = generated(4, { startMs: START_MS + 2_000 });
    expect(() => next.exchange.restore(saved)).toThrow('over accounts');
    const fresh = generated(4, { startMs: START_MS + 2_000, deposit: 0 }).exchange;
    fresh.restore(saved);
    expect(fresh.openOrders('a')).toEqual(exchange.openOrders('a'));
    expect(fresh.trades('a', {})).toEqual(exchange.trades('a', {}));
    expect(fresh.account('a').walletBalance).toBe(exchange.account('a').walletBalance);
    const order = fresh.placeOrder('a', market('SELL', '0.100'));
    expect(order.orderId).toBe(3);
    expect(fresh.trades('a', {}).at(-1)!.tradeId).toBeGreaterThan(
      exchange.trades('a', {}).at(-1)!.tradeId,
    );
    const ref = { symbol: 'BTCUSDT', origClientOrderId: 'p-1' };
    expect(fresh.cancelOrder('a', ref).status).toBe('CANCELED');
    expect(fresh.position('a').position).toBe(0);
  });
});

function paramsOf(
  kind: string,
  side: 'BUY' | 'SELL',
  quantity: string,
  price: string,
): OrderParams {
  if (kind === 'market') return market(side, quantity);
  if (kind === 'reduce') return market(side, quantity, { reduceOnly: 'true' });
  return limit(side, quantity, price, { timeInForce: kind });
}
