/** User-data events as Binance pushes them. Source: reference §5. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import { formatMoney } from '../../../shared/core/units.ts';
import type {
  AccountUpdate,
  OrderTradeUpdate,
  PositionView,
  UserEvent,
} from '../../../shared/simulation/venue.ts';
import { algoUpdateJson } from './algo-json.ts';

export function userEventJson(instrument: Instrument, event: UserEvent) {
  switch (event.kind) {
    case 'orderTradeUpdate':
      return orderTradeUpdateJson(instrument, event);
    case 'algoUpdate':
      return algoUpdateJson(instrument, event);
    case 'accountUpdate':
      return accountUpdateJson(instrument, event);
    case 'accountConfigUpdate':
      return {
        e: 'ACCOUNT_CONFIG_UPDATE',
        E: event.timeMs,
        T: event.timeMs,
        ac: { s: instrument.spec.symbol, l: event.leverage },
      };
  }
}

function orderTradeUpdateJson(instrument: Instrument, event: OrderTradeUpdate) {
  const { order } = event;
  const isTrade = event.tradeId !== 0;
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: event.timeMs,
    T: event.timeMs,
    o: {
      s: instrument.spec.symbol,
      c: order.clientOrderId,
      S: order.side,
      o: order.type,
      f: order.timeInForce,
      q: instrument.formatQuantity(order.quantity),
      p: instrument.formatPrice(order.price),
      ap: order.avgPrice,
      sp: '0',
      x: event.execution,
      X: order.status,
      i: order.orderId,
      l: instrument.formatQuantity(event.lastQuantity),
      z: instrument.formatQuantity(order.executed),
      L: instrument.formatPrice(event.lastPrice),
      // Fee fields are absent where there is no fee.
      ...(isTrade ? { N: 'USDT', n: formatMoney(event.fee) } : {}),
      T: event.timeMs,
      t: event.tradeId,
      b: formatMoney(event.bidNotional),
      a: formatMoney(event.askNotional),
      m: event.isMaker,
      R: order.isReduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: order.type,
      ps: 'BOTH',
      cp: false,
      rp: formatMoney(event.realizedPnl),
      pP: false,
      si: 0,
      ss: 0,
      V: 'EXPIRE_MAKER',
      pm: 'NONE',
      gtd: 0,
      er: String(event.expiryReason),
    },
  };
}

function accountUpdateJson(instrument: Instrument, event: AccountUpdate) {
  return {
    e: 'ACCOUNT_UPDATE',
    E: event.timeMs,
    T: event.timeMs,
    a: {
      m: event.reason,
      ...(event.reason === 'FUNDING_FEE' ? { S: instrument.spec.symbol } : {}),
      B: [
        {
          a: 'USDT',
          wb: formatMoney(event.walletBalance),
          cw: formatMoney(event.walletBalance),
          bc: formatMoney(event.balanceChange),
        },
      ],
      P: event.position ? [positionJson(instrument, event.position)] : [],
    },
  };
}

function positionJson(instrument: Instrument, position: PositionView) {
  return {
    s: instrument.spec.symbol,
    pa: instrument.formatQuantity(position.position),
    ep: position.entryPrice,
    bep: position.breakEvenPrice,
    cr: formatMoney(position.realizedPnl),
    up: formatMoney(position.unrealizedPnl),
    mt: 'cross',
    iw: '0',
    ps: 'BOTH',
  };
}
