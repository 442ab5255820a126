/**
 * The checks of a new order that need only its text, the instrument, the mark price and the account's
 * open client ids, in the order in which the exchange makes them. Throws VenueError at the first that fails.
 */
import type { Instrument } from '../core/instrument.ts';
import {
  type Lots,
  MalformedNumberError,
  MONEY_PER_USDT,
  mulDiv,
  parseDecimal,
  type Ticks,
} from '../core/units.ts';
import type { SimAccount } from './sim-account.ts';
import { type OrderParams, type Side, type TimeInForce, VenueError } from './venue.ts';

/** A new order whose texts are good. `clientOrderId` is null where the exchange is to make one. */
export interface ParsedOrder {
  readonly side: Side;
  readonly type: 'LIMIT' | 'MARKET';
  readonly timeInForce: TimeInForce;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly isReduceOnly: boolean;
  readonly clientOrderId: string | null;
}

/** How many orders an account may have open. */
const OPEN_ORDERS_MAX = 200;

const CONDITIONAL = new Set([
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
]);
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const NUMBER = /^-?\d{1,16}(\.\d{1,24})?$/;

/** Parameters, position mode, client id, precision and ranges: §3 to §6 of the exchange's order. */
export function parseOrder(
  params: OrderParams,
  instrument: Instrument,
  account: SimAccount,
): ParsedOrder {
  checkSymbol(params.symbol, instrument);
  const side = parseSide(params.side);
  const type = parseType(params.type);
  const timeInForce = parseTimeInForce(params.timeInForce, type);
  const quantityText = mandatory('quantity', params.quantity);
  const priceText = type === 'LIMIT' ? mandatory('price', params.price) : null;
  const isReduceOnly = parseBoolean('reduceOnly', params.reduceOnly);
  checkModes(params);
  const clientOrderId = params.newClientOrderId ?? null;
  if (clientOrderId !== null) checkClientId(clientOrderId, account);
  const quantity = parseQuantity(quantityText, type, instrument);
  const price = priceText === null ? (0 as Ticks) : parsePrice(priceText, instrument);
  return { side, type, timeInForce, price, quantity, isReduceOnly, clientOrderId };
}

/** Self-trade prevention other than the default, and hedge mode, are not modelled. */
export function checkModes(
  params: Pick<OrderParams, 'selfTradePreventionMode' | 'positionSide'>,
): void {
  const prevention = params.selfTradePreventionMode || 'EXPIRE_MAKER';
  if (prevention !== 'EXPIRE_MAKER') {
    throw new VenueError(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
  }
  if ((params.positionSide || 'BOTH') !== 'BOTH') {
    throw new VenueError(-4061, "Order's position side does not match user's setting.");
  }
}

export function checkSymbol(symbol: string | undefined, instrument: Instrument): void {
  if (mandatory('symbol', symbol) !== instrument.spec.symbol) {
    throw new VenueError(-1121, 'Invalid symbol.');
  }
}

export function parseQuantity(
  text: string,
  type: 'LIMIT' | 'MARKET',
  instrument: Instrument,
): Lots {
  const { spec } = instrument;
  checkNumber('quantity', text);
  if (text.startsWith('-') || /^[0.]+$/.test(text)) {
    throw new VenueError(-4003, 'Quantity less than or equal to zero.');
  }
  checkPrecision(text, spec.lotSize);
  const lots = orRefuse(
    () => instrument.parseQuantity(text),
    -4023,
    'Qty not increased by step size.',
  );
  if (lots < spec.lotsMin) throw new VenueError(-4004, 'Quantity less than min quantity.');
  if (lots > (type === 'MARKET' ? spec.marketLotsMax : spec.lotsMax)) {
    throw new VenueError(-4005, 'Quantity greater than max quantity.');
  }
  return lots;
}

export function parsePrice(text: string, instrument: Instrument): Ticks {
  const { spec } = instrument;
  checkNumber('price', text);
  if (text.startsWith('-')) throw new VenueError(-4001, 'Price less than 0.');
  checkPrecision(text, spec.tickSize);
  const price = orRefuse(
    () => instrument.parsePrice(text),
    -4014,
    'Price not increased by tick size.',
  );
  if (price < spec.priceMin) throw new VenueError(-4013, 'Price less than min price.');
  if (price > spec.priceMax) throw new VenueError(-4002, 'Price greater than max price.');
  return price;
}

/**
 * PERCENT_PRICE against the mark: a buy not above its band, a sell not below its own. `best` is the
 * best counter price of a market order, null where there is none.
 */
export function checkPercentPrice(
  order: ParsedOrder,
  mark: Ticks,
  best: Ticks | null,
  instrument: Instrument,
): void {
  const band = bandOf(order.side, mark, instrument);
  const price = order.type === 'MARKET' ? best : order.price;
  if (price === null || (order.side === 'BUY' ? price <= band : price >= band)) return;
  if (order.type === 'MARKET') {
    throw new VenueError(
      -4131,
      "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    );
  }
  const limit = instrument.formatPrice(band);
  if (order.side === 'BUY')
    throw new VenueError(-4016, `Limit price can't be higher than ${limit}.`);
  throw new VenueError(-4024, `Limit price can't be lower than ${limit}.`);
}

/** The worst price a side may trade at: mark × band, cut towards the mark. */
export function bandOf(side: Side, mark: Ticks, instrument: Instrument): Ticks {
  const { priceBandUpBps, priceBandDownBps } = instrument.spec;
  const isBuy = side === 'BUY';
  const share = { value: mark, times: isBuy ? priceBandUpBps : priceBandDownBps, over: 10_000 };
  return mulDiv(share, isBuy ? 'down' : 'up') as Ticks;
}

/** Notional, number of open orders, reduce-only: §8 to §10. */
export function checkSize(
  order: ParsedOrder,
  mark: Ticks,
  account: SimAccount,
  instrument: Instrument,
): void {
  const price = order.type === 'MARKET' ? mark : order.price;
  const { notionalMin } = instrument.spec;
  // More than money can count, and so than any account can hold.
  if (price * order.quantity * instrument.quantaPerTickLot > Number.MAX_SAFE_INTEGER) {
    throw new VenueError(-2019, 'Margin is insufficient.');
  }
  if (!order.isReduceOnly && instrument.notional(price, order.quantity) < notionalMin) {
    const least = notionalMin / MONEY_PER_USDT;
    throw new VenueError(
      -4164,
      `Order's notional must be no smaller than ${least} (unless you choose reduce only).`,
    );
  }
  if (account.openOrders.size >= OPEN_ORDERS_MAX) {
    throw new VenueError(-2025, 'Reach max open order limit.');
  }
  if (order.isReduceOnly && account.reducible(order.side) === 0) {
    throw new VenueError(-2022, 'ReduceOnly Order is rejected.');
  }
}

/** The text of a parameter that must be there. */
export function mandatory(name: string, text: string | undefined): string {
  if (text === undefined || text === '') throw missing(name);
  return text;
}

function missing(name: string): VenueError {
  return new VenueError(
    -1102,
    `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  );
}

export function parseSide(text: string | undefined): Side {
  const side = mandatory('side', text);
  if (side !== 'BUY' && side !== 'SELL') throw new VenueError(-1117, 'Invalid side.');
  return side;
}

function parseType(text: string | undefined): 'LIMIT' | 'MARKET' {
  const type = mandatory('type', text);
  if (CONDITIONAL.has(type)) {
    throw new VenueError(
      -4120,
      'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
    );
  }
  if (type !== 'LIMIT' && type !== 'MARKET') throw new VenueError(-1116, 'Invalid orderType.');
  return type;
}

/** A market order has none of its own; it is reported as GTC, as the exchange does. */
export function parseTimeInForce(text: string | undefined, type: 'LIMIT' | 'MARKET'): TimeInForce {
  if (type === 'MARKET') {
    if (text !== undefined && text !== '') {
      throw new VenueError(-1106, "Parameter 'timeInForce' sent when not required.");
    }
    return 'GTC';
  }
  const timeInForce = mandatory('timeInForce', text);
  switch (timeInForce) {
    case 'GTC':
    case 'IOC':
    case 'FOK':
    case 'GTX':
      return timeInForce;
    default:
      throw new VenueError(-1115, 'Invalid timeInForce.');
  }
}

export function parseBoolean(name: string, text: string | undefined): boolean {
  switch ((text ?? '').toLowerCase()) {
    case '':
    case 'false':
      return false;
    case 'true':
      return true;
    default:
      throw missing(name);
  }
}

/** Length and letters of a client id, of either book. */
export function checkClientIdText(clientId: string): void {
  if (!CLIENT_ID.test(clientId)) {
    throw new VenueError(-4015, 'Client order id is not valid.');
  }
}

function checkClientId(clientOrderId: string, account: SimAccount): void {
  checkClientIdText(clientOrderId);
  if (account.isClientIdOpen(clientOrderId)) {
    throw new VenueError(-4116, 'ClientOrderId is duplicated.');
  }
}

function checkNumber(name: string, text: string): void {
  if (!NUMBER.test(text)) throw missing(name);
}

/** The exchange counts decimals as sent, but for zeros at the end. */
function checkPrecision(text: string, size: string): void {
  const sent = (text.split('.')[1] ?? '').replace(/0+$/, '').length;
  if (sent > (size.split('.')[1] ?? '').length) {
    throw new VenueError(-1111, 'Precision is over the maximum defined for this asset.');
  }
}

function orRefuse<T>(parse: () => T, code: number, text: string): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedNumberError) throw new VenueError(code, text);
    throw error;
  }
}

/** A whole number from text; throws -1102 where it is none. */
export function parseWhole(name: string, text: string): number {
  try {
    return parseDecimal(text, 0);
  } catch (error) {
    if (error instanceof MalformedNumberError) throw missing(name);
    throw error;
  }
}
