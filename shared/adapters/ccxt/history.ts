/**
 * What the exchange remembers: fills, funding, candles, read page by page until complete. Reads only;
 * each function throws ExchangeError, MalformedReplyError or MalformedNumberError.
 */
import { listedTransferId } from '../../core/account/transfer-record.ts';
import type { WalletChangeEvent } from '../../core/event.ts';
import type { Instrument } from '../../core/instrument.ts';
import { type Candle, INTERVALS, type Interval, intervalMs } from '../../core/market/candle.ts';
import type { Fill } from '../../core/trading/order.ts';
import { isTimeMs, parseMoney, type TimeMs } from '../../core/units.ts';
import { candle, historicFill } from './replies.ts';
import {
  compareIds,
  type Fields,
  idField,
  listOf,
  MalformedReplyError,
  rowsOf,
  textField,
  timeField,
} from './wire.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The longest span one userTrades or income query may cover, less a minute for the two clocks. */
const WINDOW_MS = 7 * DAY_MS - MINUTE_MS;
/** The exchange keeps income for three months. */
const INCOME_KEPT_MS = 89 * DAY_MS;
const PAGE_ROWS = 1_000;

/** The endpoints history is read from, by ccxt's names for them. */
type HistoryEndpoint = 'fapiPrivateGetUserTrades' | 'fapiPrivateGetIncome' | 'fapiPublicGetKlines';

export interface HistorySource<Endpoint extends HistoryEndpoint = HistoryEndpoint> {
  readonly api: Readonly<Record<Endpoint, (parameters: object) => Promise<unknown>>>;
  readonly instrument: Instrument;
  /** Exchange time now. */
  readonly nowMs: number;
}

/** Fills with a trade id above `tradeId`, in order of trade id; all of the last 7 days where it is "". */
export async function fillsAfter(
  source: HistorySource<'fapiPrivateGetUserTrades'>,
  tradeId: string,
): Promise<Fill[]> {
  const { api, instrument, nowMs } = source;
  const { symbol } = instrument.spec;
  const fills: Fill[] = [];
  let last = tradeId;
  for (;;) {
    // fromId may not be combined with a time: the first page of an unknown past goes by time.
    const from = last === '' ? { startTime: nowMs - WINDOW_MS } : { fromId: nextId(last) };
    const reply = await api.fapiPrivateGetUserTrades({ symbol, ...from, limit: PAGE_ROWS });
    const page = rowsOf(reply, 'userTrades')
      .map((row) => historicFill(row, instrument))
      .sort((a, b) => compareIds(a.tradeId, b.tradeId));
    const added = page.filter((fill) => last === '' || compareIds(fill.tradeId, last) > 0);
    fills.push(...added);
    last = added.at(-1)?.tradeId ?? last;
    if (page.length < PAGE_ROWS || added.length === 0) return fills;
  }
}

type WalletChange = Omit<WalletChangeEvent, 'timeMs'>;
type IncomeSource = HistorySource<'fapiPrivateGetIncome'>;

/** Funding payments of this symbol due later than `timeMs`, oldest first, as far back as the exchange keeps them. */
export function fundingAfter(source: IncomeSource, timeMs: TimeMs): Promise<WalletChange[]> {
  const query = { symbol: source.instrument.spec.symbol, incomeType: 'FUNDING_FEE' };
  return incomeAfter(source, query, timeMs, (row) => {
    const asset = textField(row, 'asset');
    if (asset !== 'USDT') throw new MalformedReplyError(`funding was paid in ${asset}, not USDT`);
    return fundingPayment(textField(row, 'income'), timeField(row, 'time'));
  });
}

/**
 * USDT moved into the futures wallet or out of it later than `timeMs`, oldest first. Such rows have no symbol,
 * and a transaction id that is unique among them. Source: Binance USD-M, GET /fapi/v1/income, type TRANSFER.
 */
export function transfersAfter(source: IncomeSource, timeMs: TimeMs): Promise<WalletChange[]> {
  return incomeAfter(source, { incomeType: 'TRANSFER' }, timeMs, (row) => {
    if (textField(row, 'asset') !== 'USDT') return null;
    const amount = parseMoney(textField(row, 'income'));
    const id = listedTransferId(idField(row, 'tranId'));
    const exchangeMs = timeField(row, 'time');
    return { kind: 'walletChange', reason: 'transfer', amount, id, exchangeMs };
  });
}

async function incomeAfter(
  { api, nowMs }: IncomeSource,
  query: object,
  timeMs: TimeMs,
  changeOf: (row: Fields) => WalletChange | null,
): Promise<WalletChange[]> {
  const changes = new Map<string, WalletChange>();
  let startTime = Math.max(timeMs + 1, nowMs - INCOME_KEPT_MS);
  while (startTime <= nowMs) {
    const endTime = startTime + WINDOW_MS;
    const window = { startTime, endTime, limit: PAGE_ROWS };
    const reply = await api.fapiPrivateGetIncome({ ...query, ...window });
    for (const row of rowsOf(reply, 'income')) {
      const change = changeOf(row);
      if (change && change.exchangeMs > timeMs) changes.set(change.id, change);
    }
    startTime = endTime + 1;
  }
  return [...changes.values()].sort((a, b) => a.exchangeMs - b.exchangeMs);
}

/**
 * A funding payment by the signed amount the wallet changed.
 *
 * The user stream gives no transaction id for it and stamps it a moment apart from the income history;
 * what both agree on is the funding time, a full hour. So the id is `funding-<that hour>`, and
 * `exchangeMs` is that hour: one payment read twice is the same payment.
 */
export function fundingPayment(amount: string, nearMs: TimeMs): WalletChange {
  const exchangeMs = Math.round(nearMs / HOUR_MS) * HOUR_MS;
  if (!isTimeMs(exchangeMs)) throw new MalformedReplyError(`funding at no time: ${exchangeMs}`);
  const id = `funding-${exchangeMs}`;
  return { kind: 'walletChange', reason: 'funding', amount: parseMoney(amount), id, exchangeMs };
}

/**
 * The last `count` closed candles of `interval`, oldest first, from trades. Fewer where the exchange has
 * fewer; none for intervals below a minute, which it does not keep.
 */
export async function candles(
  source: HistorySource,
  interval: string,
  count: number,
): Promise<Candle[]> {
  const { api, instrument, nowMs } = source;
  if (!isInterval(interval)) return [];
  const lengthMs = intervalMs(interval);
  if (lengthMs < MINUTE_MS) return [];
  const endMs = Math.floor(nowMs / lengthMs) * lengthMs;
  const found: Candle[] = [];
  for (let startTime = endMs - count * lengthMs; startTime < endMs; ) {
    const limit = Math.min(PAGE_ROWS, (endMs - startTime) / lengthMs);
    const { symbol } = instrument.spec;
    const window = { startTime, endTime: endMs - 1, limit };
    const reply = await api.fapiPublicGetKlines({ symbol, interval, ...window });
    const page = listOf(reply, 'klines').map((row) => candle(row, lengthMs, instrument));
    for (const next of page) {
      const previous = found.at(-1);
      const stepMs = previous ? next.openMs - previous.openMs : lengthMs;
      if (stepMs <= 0) throw new MalformedReplyError('klines are out of order');
      if (next.openMs + lengthMs > endMs) break;
      found.push({ ...next, gapBefore: stepMs / lengthMs - 1 });
    }
    const lastMs = page.at(-1)?.openMs;
    if (lastMs === undefined || page.length < limit) break;
    startTime = lastMs + lengthMs;
  }
  return found;
}

function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

function nextId(id: string): string {
  return String(BigInt(id) + 1n);
}
