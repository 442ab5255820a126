/**
 * Turns Binance's REST answers into our own types, exactly: text to whole numbers, no float between.
 * Every function throws MalformedReplyError or MalformedNumberError where the answer is not as documented.
 */
import type { AccountTermsEvent, MarginBracket, Unstamped } from '../../core/event.ts';
import { Instrument, type InstrumentSpec } from '../../core/instrument.ts';
import type { Candle } from '../../core/market/candle.ts';
import type { ExchangeOrderStatus, Fill, OrderReport } from '../../core/trading/order.ts';
import {
  asMoney,
  type HalfTicks,
  isTimeMs,
  type Lots,
  type Money,
  parseDecimal,
  parseMoney,
  type Ticks,
  ZERO_LOTS,
  ZERO_MONEY,
} from '../../core/units.ts';
import type { ContractStatus, KeyPermissions } from '../../ports/exchange.ts';
import {
  booleanField,
  decimalField,
  type Fields,
  fieldsOf,
  idField,
  integer,
  integerField,
  listOf,
  MalformedReplyError,
  rowsOf,
  shown,
  sideField,
  textField,
  timeField,
} from './wire.ts';

/** NEW_INSURANCE and NEW_ADL are liquidation orders in the book; EXPIRED_IN_MATCH is self-trade prevention. */
const STATUS: Readonly<Record<string, ExchangeOrderStatus>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PENDING_CANCEL: 'open',
  NEW_INSURANCE: 'open',
  NEW_ADL: 'open',
  PARTIALLY_FILLED: 'partiallyFilled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
};

export function orderStatus(text: string): ExchangeOrderStatus {
  // Of its own: every object answers to "constructor" too.
  const status = Object.hasOwn(STATUS, text) ? STATUS[text] : undefined;
  if (status) return status;
  throw new MalformedReplyError(`order status unknown: "${shown(text)}"`);
}

/** The report of an order reply (place, cancel, query, open orders). */
export function orderReport(reply: unknown, instrument: Instrument): OrderReport {
  const order = fieldsOf(reply, 'order');
  expectSymbol(order, instrument);
  return {
    clientOrderId: textField(order, 'clientOrderId'),
    exchangeOrderId: idField(order, 'orderId'),
    status: orderStatus(textField(order, 'status')),
    side: sideField(order, 'side'),
    lots: instrument.parseQuantity(textField(order, 'origQty')),
    executedLots: instrument.parseQuantity(textField(order, 'executedQty')),
    reduceOnly: booleanField(order, 'reduceOnly'),
    exchangeMs: timeField(order, 'updateTime'),
  };
}

/** A row of userTrades. */
export function historicFill(trade: Fields, instrument: Instrument): Fill {
  expectSymbol(trade, instrument);
  const tradeId = idField(trade, 'id');
  return {
    tradeId,
    exchangeOrderId: idField(trade, 'orderId'),
    clientOrderId: '',
    side: sideField(trade, 'side'),
    price: instrument.parsePrice(textField(trade, 'price')),
    lots: instrument.parseQuantity(textField(trade, 'qty')),
    fee: feePaid(tradeId, textField(trade, 'commission'), textField(trade, 'commissionAsset')),
    realizedPnl: parseMoney(textField(trade, 'realizedPnl')),
    isMaker: booleanField(trade, 'maker'),
    exchangeMs: timeField(trade, 'time'),
  };
}

/**
 * A fee as money paid. The documentation shows it negative, the exchange sends it positive: its size
 * is taken. Throws MalformedReplyError for a fee in another asset, which our account cannot book.
 */
export function feePaid(tradeId: string, amount: string, asset: string): Money {
  const fee = parseMoney(amount);
  if (fee !== 0 && asset !== 'USDT') {
    throw new MalformedReplyError(
      `the fee of trade ${tradeId} was paid in ${asset}, not USDT: switch off paying fees in ${asset}`,
    );
  }
  return asMoney(Math.abs(fee));
}

/** Wallet and available balance in USDT; zero where the account has never held any. */
export function usdtBalance(reply: unknown): { walletBalance: Money; availableBalance: Money } {
  const assets = rowsOf(fieldsOf(reply, 'account').assets, 'assets');
  const usdt = assets.find((asset) => asset.asset === 'USDT');
  if (!usdt) return { walletBalance: ZERO_MONEY, availableBalance: ZERO_MONEY };
  return {
    walletBalance: parseMoney(textField(usdt, 'walletBalance')),
    availableBalance: parseMoney(textField(usdt, 'availableBalance')),
  };
}

/** The one-way position; entry price rounded to a tick, for display. Throws for a hedge-mode position. */
export function position(
  reply: unknown,
  instrument: Instrument,
): { position: Lots; entryPrice: Ticks } {
  let lots = ZERO_LOTS;
  let entryPrice = 0 as Ticks;
  for (const row of rowsOf(reply, 'positionRisk')) {
    if (row.symbol !== instrument.spec.symbol) continue;
    const amount = instrument.parseQuantity(textField(row, 'positionAmt'));
    if (row.positionSide !== 'BOTH') {
      if (amount === 0) continue;
      throw new MalformedReplyError(`a hedge-mode position exists (${shown(row.positionSide)})`);
    }
    lots = amount;
    entryPrice = instrument.parsePriceNearest(textField(row, 'entryPrice'));
  }
  return { position: lots, entryPrice };
}

/** Brackets, leverage and fee rates. Rates finer than a ppm are rounded up: against us. */
export function accountTerms(
  symbol: string,
  replies: { brackets: unknown; symbolConfig: unknown; commission: unknown },
): Omit<Unstamped<AccountTermsEvent>, 'kind'> {
  const commission = fieldsOf(replies.commission, 'commissionRate');
  return {
    brackets: marginBrackets(rowFor(symbol, replies.brackets, 'leverageBracket')),
    leverage: leverageField(rowFor(symbol, replies.symbolConfig, 'symbolConfig'), 'leverage'),
    makerFeePpm: ratePpm(textField(commission, 'makerCommissionRate')),
    takerFeePpm: ratePpm(textField(commission, 'takerCommissionRate')),
  };
}

/** Rights of the key. Throws MalformedReplyError where one of them is not told: none is guessed. */
export function keyPermissions(reply: unknown): KeyPermissions {
  const rights = fieldsOf(reply, 'apiRestrictions');
  const flag = (name: string) => booleanField(rights, name);
  return {
    canWithdraw: flag('enableWithdrawals'),
    canTransfer: flag('enableInternalTransfer') || flag('permitsUniversalTransfer'),
    canTradeFutures: flag('enableFutures'),
    isIpRestricted: flag('ipRestrict'),
  };
}

/** The row of `symbol` in a list, or the reply itself where the exchange leaves the list out. */
export function rowFor(symbol: string, reply: unknown, what: string): Fields {
  const rows = Array.isArray(reply) ? rowsOf(reply, what) : [fieldsOf(reply, what)];
  const row = rows.find((candidate) => candidate.symbol === symbol);
  if (row) return row;
  throw new MalformedReplyError(`${what} has no ${symbol}`);
}

/**
 * The steps of the maintenance table, lowest notional first. Money counts to 90 million USDT: the
 * bracket that reaches beyond is cut there and those above it, out of reach, are left out.
 */
function marginBrackets(row: Fields): MarginBracket[] {
  const rows = [...rowsOf(row.brackets, 'brackets')];
  rows.sort((a, b) => integerField(a, 'notionalCap') - integerField(b, 'notionalCap'));
  const capMax = Math.floor(Number.MAX_SAFE_INTEGER / 100_000_000);
  const brackets: MarginBracket[] = [];
  for (const bracket of rows) {
    const cap = integerField(bracket, 'notionalCap');
    brackets.push({
      notionalMax: parseMoney(String(Math.min(cap, capMax))),
      maintenanceRatePpm: ratePpm(decimalField(bracket, 'maintMarginRatio')),
      cum: parseMoney(decimalField(bracket, 'cum')),
      leverageMax: leverageField(bracket, 'initialLeverage'),
    });
    if (cap >= capMax) break;
  }
  return brackets;
}

function ratePpm(text: string): number {
  // Adding zero makes -0, of a rebate finer than a ppm, the 0 it is.
  return Math.ceil(parseDecimal(text, 10) / 10_000) + 0;
}

/** Margin is a notional divided by it. */
function leverageField(fields: Fields, name: string): number {
  const value = integerField(fields, name);
  if (value >= 1) return value;
  throw new MalformedReplyError(`"${name}" is no leverage: ${value}`);
}

/** The contract of `symbol` in exchangeInfo. Throws where it is not a USDT-margined perpetual. */
export function instrumentSpec(reply: unknown, symbol: string): InstrumentSpec {
  const row = listed(reply, symbol);
  if (row.contractType !== 'PERPETUAL' || row.marginAsset !== 'USDT' || row.quoteAsset !== 'USDT') {
    throw new MalformedReplyError(`${symbol} is no USDT-margined perpetual`);
  }
  const filters = rowsOf(row.filters, 'filters');
  const filter = (type: string): Fields => {
    const found = filters.find((candidate) => candidate.filterType === type);
    if (!found) throw new MalformedReplyError(`${symbol} has no filter ${type}`);
    return found;
  };
  const price = filter('PRICE_FILTER');
  const lot = filter('LOT_SIZE');
  const band = filter('PERCENT_PRICE');
  const sizes = {
    symbol,
    baseAsset: textField(row, 'baseAsset'),
    tickSize: textField(price, 'tickSize'),
    lotSize: textField(lot, 'stepSize'),
    notionalMin: parseMoney(textField(filter('MIN_NOTIONAL'), 'notional')),
    priceBandUpBps: parseDecimal(textField(band, 'multiplierUp'), 4),
    priceBandDownBps: parseDecimal(textField(band, 'multiplierDown'), 4),
  };
  const none = { lotsMin: ZERO_LOTS, lotsMax: ZERO_LOTS, marketLotsMax: ZERO_LOTS };
  const noPrice = { priceMin: 0 as Ticks, priceMax: 0 as Ticks };
  // The remaining limits are counted in ticks and lots, which only the sizes give meaning to.
  const units = new Instrument({ ...sizes, ...none, ...noPrice });
  return {
    ...sizes,
    lotsMin: units.parseQuantity(textField(lot, 'minQty')),
    lotsMax: units.parseQuantity(textField(lot, 'maxQty')),
    marketLotsMax: units.parseQuantity(textField(filter('MARKET_LOT_SIZE'), 'maxQty')),
    priceMin: units.parsePriceNearest(textField(price, 'minPrice')),
    priceMax: units.parsePriceNearest(textField(price, 'maxPrice')),
  };
}

/** Whether the contract is traded, by its row of exchangeInfo. */
export function contractStatus(reply: unknown, symbol: string): ContractStatus {
  const row = listed(reply, symbol);
  return { status: textField(row, 'status'), deliveryMs: timeField(row, 'deliveryDate') };
}

function listed(reply: unknown, symbol: string): Fields {
  const rows = rowsOf(fieldsOf(reply, 'exchangeInfo').symbols, 'symbols');
  const row = rows.find((candidate) => candidate.symbol === symbol);
  if (!row) throw new MalformedReplyError(`the exchange lists no ${symbol}`);
  return row;
}

/** Request weight allowed a minute; null where exchangeInfo does not say. */
export function weightLimit(reply: unknown): number | null {
  const limits = fieldsOf(reply, 'exchangeInfo').rateLimits;
  if (!Array.isArray(limits)) return null;
  const limit = rowsOf(limits, 'rateLimits').find(
    (row) =>
      row.rateLimitType === 'REQUEST_WEIGHT' && row.interval === 'MINUTE' && row.intervalNum === 1,
  );
  return limit ? integerField(limit, 'limit') : null;
}

const KLINE_PRICE_CHARS_MAX = 40;

/**
 * A row of klines. Prices are taken to the nearest tick: candles older than a change of the tick size
 * may lie between today's ticks.
 */
export function candle(row: unknown, intervalMs: number, instrument: Instrument): Candle {
  const [openTime, open, high, low, close] = listOf(row, 'kline');
  const openMs = integer(openTime, 'kline open time');
  const half = (value: unknown): HalfTicks => {
    if (typeof value !== 'string' || value.length > KLINE_PRICE_CHARS_MAX) {
      throw new MalformedReplyError('a kline price is no text of a price');
    }
    return (instrument.parsePriceNearest(value) * 2) as HalfTicks;
  };
  const prices = { open: half(open), high: half(high), low: half(low), close: half(close) };
  const isOrdered =
    prices.low > 0 &&
    prices.low <= Math.min(prices.open, prices.close) &&
    prices.high >= Math.max(prices.open, prices.close);
  if (!isTimeMs(openMs) || openMs % intervalMs !== 0 || !isOrdered) {
    const said = [openTime, open, high, low, close].map(shown).join(', ');
    throw new MalformedReplyError(`a kline is inconsistent: ${said}`);
  }
  return { openMs, intervalMs, ...prices, source: 'trade', isPartial: false, gapBefore: 0 };
}

function expectSymbol(fields: Fields, instrument: Instrument): void {
  const { symbol } = instrument.spec;
  if (fields.symbol !== symbol) {
    throw new MalformedReplyError(`expected ${symbol}, got ${shown(fields.symbol)}`);
  }
}
