/**
 * Holds the store against a witness and lists what differs. Pure. What is so young that it may still be on
 * its way from one to the other is taken off both sides first, so that an active trader makes no
 * difference.
 */
import { isAfter } from '../../shared/core/account/account-state-store.ts';
import type { Payment } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { type Fill, type OrderRecord, orderClassOf } from '../../shared/core/trading/order.ts';
import { formatMoney, type Lots, type Money, type TimeMs } from '../../shared/core/units.ts';
import type { Books } from './books.ts';
import type { RestingOrder, Testimony } from './witness.ts';

export interface Difference {
  /** The same for the same matter in every run. */
  readonly key: string;
  readonly what: string;
  readonly store: string;
  readonly exchange: string;
  /** About something past that stays as it is, whatever the trader does. */
  readonly isHistory: boolean;
}

export interface Parties {
  /** Read first. */
  readonly testimony: Testimony;
  /** Read after it: an order is in the store before it is at the exchange. */
  readonly books: Books;
  readonly instrument: Instrument;
  /** What is younger may be on its way. */
  readonly graceMs: number;
}

/** How far back fills and payments are compared; the exchange tells fills of 7 days. */
export const WINDOW_MS = 6 * 86_400_000;

/** A payment is booked up to a minute after the hour it is for, and shown in the history later still. */
const PAYMENT_GRACE_MS = 180_000;

const ABSENT = '-';

export function compare(parties: Parties): Difference[] {
  const { books, testimony, instrument } = parties;
  const fills = matchFills(parties);
  const payments = matchPayments(parties);
  const ours = before(fills.ours.young, books.account);
  const theirs = before(fills.theirs.young, testimony);
  const found: Difference[] = [];
  if (ours.position !== theirs.position) {
    found.push({
      key: 'position',
      what: 'position',
      store: instrument.formatQuantity(ours.position),
      exchange: instrument.formatQuantity(theirs.position),
      isHistory: false,
    });
  }
  // Wallet and income history learn of a payment at different moments.
  const isPaying = payments.ours.young.length + payments.theirs.young.length > 0;
  if (!isPaying && ours.wallet !== theirs.wallet) {
    found.push({
      key: 'wallet',
      what: 'wallet balance',
      store: formatMoney(ours.wallet),
      exchange: formatMoney(theirs.wallet),
      isHistory: false,
    });
  }
  found.push(...compareResting(parties));
  found.push(...fills.differences, ...payments.differences, ...compareLedger(books));
  return found;
}

/** Position and wallet as they were before these fills. */
function before(fills: readonly Fill[], at: { position: Lots; walletBalance: Money }) {
  let position: number = at.position;
  let wallet: number = at.walletBalance;
  for (const { side, lots, realizedPnl, fee } of fills) {
    position -= side === 'buy' ? lots : -lots;
    wallet -= realizedPnl - fee;
  }
  return { position: position as Lots, wallet: wallet as Money };
}

interface Matched<T> {
  /** On one side alone, and so young that it may be on its way to the other. */
  readonly ours: { readonly young: readonly T[] };
  readonly theirs: { readonly young: readonly T[] };
  readonly differences: readonly Difference[];
}

/** Before the first fill the trader booked, trades are none of its own. */
function matchFills({ testimony, books, instrument, graceMs }: Parties): Matched<Fill> {
  const first = books.fills[0]?.tradeId;
  const isTold = ({ tradeId }: Fill) =>
    first === undefined
      ? isAfter(tradeId, books.account.verifiedTradeId)
      : !isAfter(first, tradeId);
  const text = ({ side, lots, price, fee, realizedPnl }: Fill) =>
    `${side} ${instrument.formatQuantity(lots)} at ${instrument.formatPrice(price)}, fee ${formatMoney(fee)}, profit ${formatMoney(realizedPnl)}`;
  return match({
    ours: recent(books.fills, testimony),
    theirs: recent(testimony.fills, testimony).filter(isTold),
    id: ({ tradeId }) => tradeId,
    what: ({ tradeId }) => `fill ${tradeId}`,
    text,
    youngAfterMs: testimony.readMs - graceMs,
  });
}

/** Funding before the trader knew the account is none of its own. */
function matchPayments({ testimony, books, graceMs }: Parties): Matched<Payment> {
  const { fills, payments, account } = books;
  const known = [...fills, ...payments].map(({ exchangeMs }) => exchangeMs);
  const beginMs = Math.min(account.lastFundingMs || Number.POSITIVE_INFINITY, ...known);
  const isFunding = ({ reason }: Payment) => reason === 'funding';
  return match({
    ours: recent(payments.filter(isFunding), testimony),
    theirs: recent(testimony.payments.filter(isFunding), testimony).filter(
      ({ exchangeMs }) => exchangeMs > beginMs,
    ),
    id: ({ id }) => id,
    what: ({ exchangeMs }) => `funding of ${new Date(exchangeMs).toISOString()}`,
    text: ({ amount }) => formatMoney(amount),
    youngAfterMs: testimony.readMs - Math.max(graceMs, PAYMENT_GRACE_MS),
  });
}

function match<T extends { readonly exchangeMs: TimeMs }>(of: {
  ours: readonly T[];
  theirs: readonly T[];
  id: (item: T) => string;
  what: (item: T) => string;
  text: (item: T) => string;
  youngAfterMs: number;
}): Matched<T> {
  const ours = new Map(of.ours.map((item) => [of.id(item), item]));
  const theirs = new Map(of.theirs.map((item) => [of.id(item), item]));
  const young = { ours: [] as T[], theirs: [] as T[] };
  const differences: Difference[] = [];
  for (const id of new Set([...theirs.keys(), ...ours.keys()])) {
    const [our, their] = [ours.get(id), theirs.get(id)];
    const item = our ?? their;
    if (!item) continue;
    const store = our ? of.text(our) : ABSENT;
    const exchange = their ? of.text(their) : ABSENT;
    if (store === exchange) continue;
    if (item.exchangeMs > of.youngAfterMs && !(our && their)) {
      if (our) young.ours.push(our);
      else if (their) young.theirs.push(their);
      continue;
    }
    differences.push({ key: of.what(item), what: of.what(item), store, exchange, isHistory: true });
  }
  return { ours: { young: young.ours }, theirs: { young: young.theirs }, differences };
}

function recent<T extends { readonly exchangeMs: TimeMs }>(
  items: readonly T[],
  { readMs }: Testimony,
): T[] {
  return items.filter(({ exchangeMs }) => exchangeMs >= readMs - WINDOW_MS);
}

/** Orders that rest at the exchange, regular ones and stops, against those the store has open. */
function compareResting({ testimony, books, graceMs }: Parties): Difference[] {
  const resting = new Map(testimony.restingOrders.map((order) => [order.clientOrderId, order]));
  const ours = new Map(books.openOrders.map((order) => [idOf(order), order]));
  const found: Difference[] = [];
  for (const order of resting.values()) {
    if (!ours.has(order.clientOrderId)) found.push(restingDifference(order, ABSENT, order.text));
  }
  for (const [id, order] of ours) {
    const isOpen = order.state === 'open' || order.state === 'partiallyFilled';
    const isYoung = order.updatedMs > testimony.readMs - graceMs;
    if (!isOpen || isYoung || resting.has(id)) continue;
    const orderClass = orderClassOf(order.intent.request);
    found.push(restingDifference({ clientOrderId: id, orderClass }, order.state, ABSENT));
  }
  return found;
}

function restingDifference(
  { clientOrderId, orderClass }: Pick<RestingOrder, 'clientOrderId' | 'orderClass'>,
  store: string,
  exchange: string,
): Difference {
  const what = `open ${orderClass === 'stop' ? 'stop' : 'order'} ${clientOrderId}`;
  return { key: what, what, store, exchange, isHistory: false };
}

/** The store against itself: the account is what its fills and payments make it. */
function compareLedger({ account, fills, payments }: Books): Difference[] {
  const sum = (of: readonly number[]) => of.reduce((total, value) => total + value, 0) as Money;
  const funding = payments.filter(({ reason }) => reason === 'funding');
  const pairs: [what: string, total: string, booked: string][] = [
    ['number of fills', String(account.fillCount), String(fills.length)],
    ['fees', formatMoney(account.fees), formatMoney(sum(fills.map(({ fee }) => fee)))],
    [
      'realised profit',
      formatMoney(account.realizedPnl),
      formatMoney(sum(fills.map(({ realizedPnl }) => realizedPnl))),
    ],
    [
      'funding',
      formatMoney(account.funding),
      formatMoney(sum(funding.map(({ amount }) => amount))),
    ],
  ];
  return pairs
    .filter(([, total, booked]) => total !== booked)
    .map(([what, total, booked]) => ({
      key: `ledger ${what}`,
      what: `${what} in the account`,
      store: total,
      exchange: `${booked} by the fills and payments kept`,
      isHistory: false,
    }));
}

function idOf(order: OrderRecord): string {
  return order.intent.request.clientOrderId;
}
