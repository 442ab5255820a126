/**
 * Binance's Algo Service in simple form: keeps conditional orders, triggers them and sends what they
 * become to the order desk, which treats it like any order. Texts are checked in `algo-checks.ts`.
 *
 * Modelled: stop and take-profit, market and limit, triggered by the mark price (looked at each second)
 * or by trades on the tape. TRIGGERING, the regular order's own events, then TRIGGERED come in one
 * moment, in the order seen at the exchange: a fill may be known before the update that names its order.
 * An order that closes the position expires once there is none on its side; any other, reduce-only too,
 * stays until it triggers and the book refuses it (REJECTED). A liquidation and the countdown of
 * cancel-all leave conditional orders alone. Not modelled: trailing stops, price protection, price match,
 * iceberg, good-till-date, and time between trigger and book.
 */
import type { Instrument } from '../core/instrument.ts';
import type { Lots, Ticks, TimeMs } from '../core/units.ts';
import type { Accounts } from './accounts.ts';
import { parseAlgoOrder } from './algo-checks.ts';
import { isAtWork, isMetBy, type SimAlgoOrder, viewOfAlgo } from './algo-order.ts';
import { checkSymbol, mandatory, parseWhole } from './order-checks.ts';
import type { OrderDesk } from './order-desk.ts';
import { select } from './select.ts';
import type { SimAccount } from './sim-account.ts';
import { averagePriceText, isOpen } from './sim-order.ts';
import type {
  AlgoOrderParams,
  AlgoOrderRef,
  AlgoOrderView,
  AlgoStatus,
  AlgoVenue,
} from './venue-algo.ts';
import { type ListQuery, VenueError } from './venue-terms.ts';

/** How many conditional orders an account keeps, those at work apart; the oldest go first. */
const KEPT = 1_000;

export interface AlgoContext {
  readonly instrument: Instrument;
  readonly accounts: Accounts;
  readonly desk: OrderDesk;
  readonly triggeredClientId: 'parent' | 'own';
  nowMs(): TimeMs;
  /** Throws VenueError -1112 while there is none. */
  mark(): Ticks;
  /** Price of the newest trade; null before the first. */
  lastPrice(): Ticks | null;
  isBookKnown(): boolean;
}

export class AlgoService implements AlgoVenue {
  readonly #context: AlgoContext;
  /** Of all accounts, oldest first. */
  #atWork: SimAlgoOrder[] = [];
  /** Prices of trades not yet looked at. */
  #traded: { low: Ticks; high: Ticks } | null = null;

  constructor(context: AlgoContext) {
    this.#context = context;
  }

  // Requests -------------------------------------------------------------------------------------------

  place(accountId: string, params: AlgoOrderParams): AlgoOrderView {
    const { accounts, instrument } = this.#context;
    const account = accounts.get(accountId);
    const terms = parseAlgoOrder(params, instrument, account);
    const mark = this.#context.mark();
    const price = terms.workingType === 'MARK_PRICE' ? mark : (this.#context.lastPrice() ?? mark);
    if (isMetBy(terms, { low: price, high: price })) {
      throw new VenueError(-2021, 'Order would immediately trigger.');
    }
    const algoId = accounts.nextAlgoId();
    const timeMs = this.#context.nowMs();
    const order: SimAlgoOrder = {
      ...terms,
      algoId,
      accountId,
      clientAlgoId: terms.clientAlgoId ?? `sim-${algoId}`,
      status: 'NEW',
      timeMs,
      updateMs: timeMs,
      triggerMs: 0 as TimeMs,
      actualOrderId: null,
      actualQuantity: 0 as Lots,
      actualPrice: '0',
      reason: '',
    };
    account.state.algoOrders.push(order);
    this.#atWork.push(order);
    accounts.tellAlgo(order);
    return viewOfAlgo(order);
  }

  cancel(accountId: string, ref: AlgoOrderRef): AlgoOrderView {
    const order = find(this.#context.accounts.get(accountId), ref);
    if (order?.status !== 'NEW') throw new VenueError(-2011, 'Unknown order sent.');
    this.#move(order, 'CANCELED');
    return viewOfAlgo(order);
  }

  cancelAll(accountId: string, symbol: string | undefined): readonly AlgoOrderView[] {
    const account = this.#context.accounts.get(accountId);
    checkSymbol(symbol, this.#context.instrument);
    const orders = account.state.algoOrders.filter(({ status }) => status === 'NEW');
    for (const order of orders) this.#move(order, 'CANCELED');
    return orders.map(viewOfAlgo);
  }

  order(accountId: string, ref: AlgoOrderRef): AlgoOrderView {
    const order = find(this.#context.accounts.get(accountId), ref);
    if (order === null) throw new VenueError(-2013, 'Order does not exist.');
    return viewOfAlgo(order);
  }

  openOrders(accountId: string): readonly AlgoOrderView[] {
    const { algoOrders } = this.#context.accounts.get(accountId).state;
    return algoOrders.filter(({ status }) => status === 'NEW').map(viewOfAlgo);
  }

  orders(accountId: string, query: ListQuery): readonly AlgoOrderView[] {
    const { algoOrders } = this.#context.accounts.get(accountId).state;
    return select(algoOrders, query, ({ algoId }) => algoId).map(viewOfAlgo);
  }

  /** Nothing waits, of no account: there is nothing to react with. */
  get isIdle(): boolean {
    return this.#atWork.length === 0;
  }

  // What happens by itself -------------------------------------------------------------------------------

  /** Takes over the orders of restored accounts. */
  restore(): void {
    this.#atWork = [...this.#context.accounts.all()]
      .flatMap(({ state }) => state.algoOrders.filter(isAtWork))
      .sort((a, b) => a.algoId - b.algoId);
  }

  /** A trade on the tape; it triggers at the next `react`, not amid the matching that made it. */
  noteTrade(price: Ticks): void {
    if (this.#atWork.length === 0) return;
    const { low, high } = this.#traded ?? { low: price, high: price };
    this.#traded = {
      low: Math.min(low, price) as Ticks,
      high: Math.max(high, price) as Ticks,
    };
  }

  /** A second's mark price. */
  onMark(mark: Ticks): void {
    this.#triggerAll('MARK_PRICE', { low: mark, high: mark });
    this.react();
  }

  /** Does what follows from what has just happened: triggers by trades, the ends of orders. */
  react(): void {
    // What triggers may trade, and so trigger more: each order does so once, so this comes to an end.
    while (this.#traded !== null && this.#context.isBookKnown()) {
      const traded = this.#traded;
      this.#traded = null;
      this.#triggerAll('CONTRACT_PRICE', traded);
    }
    for (const order of [...this.#atWork]) this.#endIfOver(order);
  }

  #triggerAll(
    workingType: SimAlgoOrder['workingType'],
    prices: { low: number; high: number },
  ): void {
    for (const order of [...this.#atWork]) {
      if (order.status !== 'NEW' || order.workingType !== workingType) continue;
      if (isMetBy(order, prices)) this.#trigger(order);
    }
  }

  #trigger(order: SimAlgoOrder): void {
    const { accounts, desk, instrument, triggeredClientId } = this.#context;
    const account = accounts.get(order.accountId);
    order.triggerMs = this.#context.nowMs();
    this.#move(order, 'TRIGGERING');
    const isMarket = order.price === 0;
    const lots = order.isClosePosition ? account.reducible(order.side) : order.quantity;
    try {
      const child = desk.place(account, {
        symbol: instrument.spec.symbol,
        side: order.side,
        type: isMarket ? 'MARKET' : 'LIMIT',
        timeInForce: isMarket ? undefined : order.timeInForce,
        quantity: instrument.formatQuantity(lots as Lots),
        price: isMarket ? undefined : instrument.formatPrice(order.price),
        reduceOnly: String(order.isReduceOnly),
        newClientOrderId: triggeredClientId === 'parent' ? order.clientAlgoId : undefined,
      });
      order.actualOrderId = child.orderId;
      this.#move(order, 'TRIGGERED');
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      order.reason = error.msg;
      this.#move(order, 'REJECTED');
    }
  }

  #endIfOver(order: SimAlgoOrder): void {
    const account = this.#context.accounts.get(order.accountId);
    if (order.status === 'NEW') {
      if (!order.isClosePosition || account.reducible(order.side) > 0) return;
      order.reason = 'The position is closed.';
      this.#move(order, 'EXPIRED');
    } else if (order.status === 'TRIGGERED') {
      const child = account.find(order.actualOrderId ?? 0);
      if (child !== null && isOpen(child)) return;
      if (child !== null && child.executed > 0) {
        order.actualQuantity = child.executed;
        order.actualPrice = averagePriceText(
          child.cumQuote,
          child.executed,
          this.#context.instrument,
        );
      }
      this.#move(order, 'FINISHED');
    }
  }

  #move(order: SimAlgoOrder, status: AlgoStatus): void {
    const { accounts } = this.#context;
    order.status = status;
    order.updateMs = this.#context.nowMs();
    if (status !== 'TRIGGERING' && !isAtWork(order)) {
      this.#atWork = this.#atWork.filter((other) => other !== order);
      forgetOldest(accounts.get(order.accountId));
    }
    accounts.tellAlgo(order);
  }
}

/** The waiting order of a client id, else the newest that had it. Throws -1102 where `ref` names none. */
function find(account: SimAccount, ref: AlgoOrderRef): SimAlgoOrder | null {
  const { algoOrders } = account.state;
  if (ref.algoId !== undefined && ref.algoId !== '') {
    const algoId = parseWhole('algoId', ref.algoId);
    return algoOrders.find((order) => order.algoId === algoId) ?? null;
  }
  const clientAlgoId = mandatory('clientAlgoId', ref.clientAlgoId);
  const named = algoOrders.filter((order) => order.clientAlgoId === clientAlgoId);
  return named.find(({ status }) => status === 'NEW') ?? named.at(-1) ?? null;
}

/** With an eighth of slack, so that the list is rebuilt seldom. */
function forgetOldest({ state: { algoOrders } }: SimAccount): void {
  if (algoOrders.length <= KEPT * 1.125) return;
  let excess = algoOrders.length - KEPT;
  const kept = algoOrders.filter((order) => isAtWork(order) || excess-- <= 0);
  algoOrders.splice(0, algoOrders.length, ...kept);
}
