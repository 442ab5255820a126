/**
 * Conditional orders in Binance's answers and updates. Throws MalformedReplyError or MalformedNumberError
 * where one is not as documented.
 */
import type { Instrument } from '../../core/instrument.ts';
import { type Lots, ZERO_LOTS } from '../../core/units.ts';
import { ALGO_STATUSES, type AlgoStatus, type StopNews } from '../binance/stop-links.ts';
import {
  booleanField,
  type Fields,
  fieldsOf,
  idField,
  MalformedReplyError,
  shown,
  sideField,
  textField,
  timeField,
} from './wire.ts';

/** An answer to placing one or asking for it, or a row of openAlgoOrders. */
export function stopNews(reply: unknown, instrument: Instrument): StopNews {
  const order = fieldsOf(reply, 'algo order');
  expectSymbol(order.symbol, instrument);
  return {
    algoId: idField(order, 'algoId'),
    clientOrderId: textField(order, 'clientAlgoId'),
    status: algoStatus(textField(order, 'algoStatus')),
    orderId: actualId(order, 'actualOrderId'),
    side: sideField(order, 'side'),
    lots: quantity(order, 'quantity', instrument),
    executedLots: quantity(order, 'actualQty', instrument),
    reduceOnly: reduces(order, 'reduceOnly', 'closePosition'),
    exchangeMs: timeField(order, 'updateTime'),
  };
}

/** The `o` of an ALGO_UPDATE with its time. */
export function stopUpdate(frame: Fields, instrument: Instrument): StopNews {
  const order = fieldsOf(frame.o, 'o');
  return {
    algoId: idField(order, 'aid'),
    clientOrderId: textField(order, 'caid'),
    status: algoStatus(textField(order, 'X')),
    orderId: actualId(order, 'ai'),
    side: sideField(order, 'S'),
    lots: quantity(order, 'q', instrument),
    executedLots: quantity(order, 'aq', instrument),
    reduceOnly: reduces(order, 'R', 'cp'),
    exchangeMs: timeField(frame, 'T'),
  };
}

function algoStatus(text: string): AlgoStatus {
  const status = ALGO_STATUSES.find((known) => known === text);
  if (status) return status;
  throw new MalformedReplyError(`algo status unknown: "${shown(text)}"`);
}

/** Empty, absent or 0 until it has triggered. */
function actualId(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return null;
  const id = idField(fields, name);
  return id === '0' ? null : id;
}

/** Empty or absent where it does not apply: what has not triggered, what closes all there is. */
function quantity(fields: Fields, name: string, instrument: Instrument): Lots {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return ZERO_LOTS;
  return instrument.parseQuantity(textField(fields, name));
}

function reduces(fields: Fields, reduceOnly: string, closePosition: string): boolean {
  return booleanField(fields, reduceOnly) || booleanField(fields, closePosition);
}

function expectSymbol(symbol: unknown, instrument: Instrument): void {
  if (symbol !== instrument.spec.symbol) {
    throw new MalformedReplyError(`expected ${instrument.spec.symbol}, got ${shown(symbol)}`);
  }
}
