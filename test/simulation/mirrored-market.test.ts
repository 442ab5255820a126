/** Goal: paper orders fill by what the mirrored market justifies, and by nothing while it cannot be believed. */
import { describe, expect, it } from 'vitest';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';
import { MirroredMarket } from '../../shared/simulation/mirrored-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { OrderParams } from '../../shared/simulation/venue.ts';
import { SPEC } from '../core/support.ts';

const ticks = (value: number) => value as Ticks;
const lots = (value: number) => value as Lots;
const at = (value: number) => value as TimeMs;

function rig() {
  const market = new MirroredMarket(at(1_000));
  const venue = new SimulatedExchange({
    instrument: new Instrument(SPEC),
    market,
    sink: { userEvent: () => undefined },
  });
  venue.openAccount('paper', 1_000_000_000_000 as Money);
  const show = (bid: [number, number], ask: [number, number], exchangeMs = 1_000) => {
    market.begin();
    market.level('bid', ticks(bid[0]), lots(bid[1]));
    market.level('ask', ticks(ask[0]), lots(ask[1]));
    market.applied(at(exchangeMs));
  };
  const order = (over: OrderParams) =>
    venue.placeOrder('paper', { symbol: 'BTCUSDT', type: 'LIMIT', timeInForce: 'GTC', ...over });
  return { market, venue, show, order };
}

describe('a mirrored market', () => {
  it('fills what stands there, and the same liquidity only once until its level changes', () => {
    const { market, show, order } = rig();
    market.setMark(ticks(600_000));
    show([600_000, 50], [600_001, 30]);
    const buy = { side: 'BUY', timeInForce: 'IOC', price: '60000.10' };
    expect(order({ ...buy, quantity: '0.020' }).executed).toBe(20);
    expect(order({ ...buy, quantity: '0.020' }).executed).toBe(10);
    market.level('ask', ticks(600_001), lots(40));
    market.applied(at(1_100));
    expect(order({ ...buy, quantity: '0.020' }).executed).toBe(20);
  });

  it('fills a resting order by trades only after what stood before it', () => {
    const { market, venue, show, order } = rig();
    market.setMark(ticks(600_000));
    show([600_000, 50], [600_002, 30]);
    const { orderId } = order({ side: 'BUY', price: '60000.00', quantity: '0.010' });
    const executed = () =>
      venue.order('paper', { symbol: 'BTCUSDT', orderId: String(orderId) }).executed;
    const sell = (quantity: number, exchangeMs: number) =>
      market.trade({
        exchangeMs: at(exchangeMs),
        price: ticks(600_000),
        lots: lots(quantity),
        isBuyerMaker: true,
      });
    sell(50, 1_001);
    expect(executed()).toBe(0);
    sell(4, 1_002);
    expect(executed()).toBe(4);
  });

  it('accepts no order and fills nothing while the book is not to be believed', () => {
    const { market, venue, show, order } = rig();
    market.setMark(ticks(600_000));
    const buy = { side: 'BUY', timeInForce: 'IOC', price: '60000.10', quantity: '0.010' };
    expect(() => order(buy)).toThrow(expect.objectContaining({ code: -1112 }));
    show([600_000, 50], [600_001, 30]);
    order({ side: 'BUY', price: '60000.00', quantity: '0.010' });
    market.invalid();
    market.trade({
      exchangeMs: at(2_000),
      price: ticks(599_000),
      lots: lots(99),
      isBuyerMaker: true,
    });
    expect(() => order(buy)).toThrow(expect.objectContaining({ code: -1112 }));
    expect(venue.position('paper').position).toBe(0);
    expect(venue.openOrders('paper')).toHaveLength(1);
  });

  it('charges funding at the exchange’s own mark price', () => {
    const { market, venue, show, order } = rig();
    market.setMark(ticks(600_000));
    show([600_000, 500], [600_001, 500]);
    order({ side: 'BUY', timeInForce: 'IOC', price: '60000.10', quantity: '0.100' });
    market.setMark(ticks(700_000));
    venue.advanceTo(8 * 3_600_000);
    const [payment] = venue.income('paper', { incomeType: 'FUNDING_FEE' });
    // 0.1 BTC × 70,000 × 0.01 %.
    expect(payment?.income).toBe(-70_000_000);
  });
});
