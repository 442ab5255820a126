/**
 * What a frame of the private stream says, in our terms. Frames it does not know it passes over; frames
 * it knows and cannot read it refuses (MalformedReplyError, MalformedNumberError), never half.
 */
import type { Instrument } from '../../core/instrument.ts';
import type { Fill, OrderReport } from '../../core/trading/order.ts';
import { parseMoney, type TimeMs } from '../../core/units.ts';
import type { UserFact } from '../../ports/exchange.ts';
import { stopUpdate } from '../ccxt/algo-replies.ts';
import { fundingPayment } from '../ccxt/history.ts';
import { feePaid, orderStatus } from '../ccxt/replies.ts';
import {
  booleanField,
  type Fields,
  fieldsOf,
  idField,
  integer,
  MalformedReplyError,
  parseJson,
  rowsOf,
  shown,
  sideField,
  textField,
  timeField,
} from '../ccxt/wire.ts';
import type { StopLinks } from './stop-links.ts';

export interface UserFrame {
  readonly facts: readonly UserFact[];
  /** The exchange ended the listen key: nothing more comes on this connection. */
  readonly isKeyExpired: boolean;
  /** What the exchange says beside the facts, for the log; null where nothing. */
  readonly remark: string | null;
}

const NOTHING: UserFrame = { facts: [], isKeyExpired: false, remark: null };

/** Reasons of ACCOUNT_UPDATE by which money enters or leaves the futures wallet. */
const TRANSFERS: ReadonlySet<string> = new Set([
  'DEPOSIT',
  'WITHDRAW',
  'WITHDRAW_REJECT',
  'ADMIN_DEPOSIT',
  'ADMIN_WITHDRAW',
  'ASSET_TRANSFER',
  'COIN_SWAP_DEPOSIT',
  'COIN_SWAP_WITHDRAW',
]);

/** Reasons that move no money beside what fills report: an order's, or margin moved within the wallet. */
const NO_CHANGE: ReadonlySet<string> = new Set(['ORDER', 'MARGIN_TRANSFER', 'MARGIN_TYPE_CHANGE']);

/** How the exchange writes its causes, those we do not know too. */
const CAUSE = /^[A-Z][A-Z_]{0,39}$/;

/** `links` tells the orders that stops have become, and learns of more. */
export function userFrame(text: string, instrument: Instrument, links: StopLinks): UserFrame {
  const frame = fieldsOf(parseJson(text), 'frame');
  switch (frame.e) {
    case 'ORDER_TRADE_UPDATE':
      return { ...NOTHING, facts: orderFacts(fieldsOf(frame.o, 'o'), instrument, links) };
    case 'ALGO_UPDATE':
      return stopFrame(frame, instrument, links);
    case 'ACCOUNT_UPDATE':
      return {
        ...NOTHING,
        facts: [...walletFacts(frame, instrument), ...marginType(frame, instrument)],
      };
    case 'ACCOUNT_CONFIG_UPDATE':
      return { ...NOTHING, facts: configFacts(frame, instrument) };
    case 'listenKeyExpired':
      return { ...NOTHING, isKeyExpired: true };
    default:
      return NOTHING;
  }
}

/**
 * The fill comes before the report of the same frame: an order must not be seen filled, and its target
 * judged, while the position still lacks what it filled.
 */
function orderFacts(order: Fields, instrument: Instrument, links: StopLinks): UserFact[] {
  if (textField(order, 's') !== instrument.spec.symbol) return [];
  const fill = fillOf(order, instrument);
  const report = links.attributeReport(reportOf(order, instrument));
  const told = { kind: 'orderReport', report } as const;
  return fill ? [{ kind: 'fill', fill: links.attribute(fill) }, told] : [told];
}

/** A stop's state. Why it was refused has no place in a report, so it is remarked. */
function stopFrame(frame: Fields, instrument: Instrument, links: StopLinks): UserFrame {
  const order = fieldsOf(frame.o, 'o');
  if (textField(order, 's') !== instrument.spec.symbol) return NOTHING;
  const report = links.report(stopUpdate(frame, instrument));
  const { rm } = order;
  const remark =
    typeof rm === 'string' && rm !== ''
      ? `stop ${report.clientOrderId} ${report.status}: ${rm}`
      : null;
  return { ...NOTHING, facts: [{ kind: 'orderReport', report }], remark };
}

function reportOf(order: Fields, instrument: Instrument): OrderReport {
  return {
    clientOrderId: textField(order, 'c'),
    exchangeOrderId: idField(order, 'i'),
    status: orderStatus(textField(order, 'X')),
    side: sideField(order, 'S'),
    lots: instrument.parseQuantity(textField(order, 'q')),
    executedLots: instrument.parseQuantity(textField(order, 'z')),
    reduceOnly: booleanField(order, 'R'),
    exchangeMs: timeField(order, 'T'),
  };
}

/** The execution in an order event; liquidations come as CALCULATED. null where nothing was executed. */
function fillOf(order: Fields, instrument: Instrument): Fill | null {
  const execution = textField(order, 'x');
  const lots = instrument.parseQuantity(textField(order, 'l'));
  if ((execution !== 'TRADE' && execution !== 'CALCULATED') || lots === 0) return null;
  const tradeId = idField(order, 't');
  if (tradeId === '0') throw new MalformedReplyError('an execution without a trade id');
  return {
    tradeId,
    exchangeOrderId: idField(order, 'i'),
    clientOrderId: textField(order, 'c'),
    side: sideField(order, 'S'),
    price: instrument.parsePrice(textField(order, 'L')),
    lots,
    // N and n are absent where there is no fee.
    fee: feePaid(
      tradeId,
      order.n === undefined ? '0' : textField(order, 'n'),
      order.N === undefined || order.N === null ? '' : textField(order, 'N'),
    ),
    realizedPnl: parseMoney(textField(order, 'rp')),
    isMaker: booleanField(order, 'm'),
    exchangeMs: timeField(order, 'T'),
  };
}

function walletFacts(frame: Fields, instrument: Instrument): UserFact[] {
  const update = fieldsOf(frame.a, 'a');
  const cause = textField(update, 'm');
  if (NO_CHANGE.has(cause)) return [];
  const exchangeMs = timeField(frame, 'T');
  const facts: UserFact[] = [];
  for (const balance of rowsOf(update.B, 'B')) {
    if (balance.a !== 'USDT') continue;
    const change = textField(balance, 'bc');
    if (parseMoney(change) === 0) continue;
    const isOurFunding =
      cause === 'FUNDING_FEE' && (update.S ?? instrument.spec.symbol) === instrument.spec.symbol;
    facts.push(
      isOurFunding
        ? fundingPayment(change, exchangeMs)
        : otherChange(cause, { change, wallet: textField(balance, 'wb'), exchangeMs }),
    );
  }
  return facts;
}

const NOT_TOLD = {
  kind: 'accountConfig',
  leverage: null,
  isHedgeMode: null,
  isIsolated: null,
  isMultiAsset: null,
  paysFeesInBnb: null,
} as const;

/** Leverage of a symbol in `ac`, multi-assets mode of the account in `ai`: a frame has one of them. */
function configFacts(frame: Fields, { spec }: Instrument): UserFact[] {
  const facts: UserFact[] = [];
  if (frame.ac !== undefined) {
    const { s, l } = fieldsOf(frame.ac, 'ac');
    if (s === spec.symbol) facts.push({ ...NOT_TOLD, leverage: integer(l, 'l') });
  }
  if (frame.ai !== undefined) {
    const isMultiAsset = booleanField(fieldsOf(frame.ai, 'ai'), 'j');
    facts.push({ ...NOT_TOLD, isMultiAsset });
  }
  return facts;
}

function marginType(frame: Fields, { spec }: Instrument): UserFact[] {
  const update = fieldsOf(frame.a, 'a');
  if (update.m !== 'MARGIN_TYPE_CHANGE') return [];
  return rowsOf(update.P, 'P')
    .filter(({ s }) => s === spec.symbol)
    .map((position) => ({ ...NOT_TOLD, isIsolated: textField(position, 'mt') !== 'cross' }));
}

/** The wallet after the change tells apart two changes of the same instant. */
function otherChange(
  cause: string,
  { change, wallet, exchangeMs }: { change: string; wallet: string; exchangeMs: TimeMs },
): UserFact {
  // Both become part of a key in the store.
  if (!CAUSE.test(cause)) throw new MalformedReplyError(`no cause of a change: "${shown(cause)}"`);
  parseMoney(wallet);
  return {
    kind: 'walletChange',
    reason: TRANSFERS.has(cause) ? 'transfer' : 'other',
    amount: parseMoney(change),
    id: `${cause.toLowerCase().replaceAll('_', '-')}-${exchangeMs}-${wallet}`,
    exchangeMs,
  };
}
