/**
 * The paper exchange's books record by record: takes its snapshot apart into a state of bounded size and
 * rows that are written once, and puts it together again.
 */
import type { Lots } from '../../shared/core/units.ts';
import type {
  PaperAccount,
  PaperBooks,
  PaperOrder,
  PaperRow,
  PaperState,
} from '../../shared/ports/paper-books.ts';
import type { ExchangeState } from '../../shared/simulation/accounts.ts';
import { isAtWork } from '../../shared/simulation/algo-order.ts';
import type { AccountState } from '../../shared/simulation/sim-account.ts';
import { isOpen } from '../../shared/simulation/sim-order.ts';
import type { VenueSnapshot } from '../../shared/simulation/venue.ts';
import { fillOf, funding } from '../../shared/simulation/venue-facts.ts';
import type { PaperLedger } from './paper-ledger.ts';

/** Kept in a table. The exchange has one account. */
export class PaperRecords implements PaperLedger {
  readonly #books: PaperBooks;
  /** Rows known to be in the books, of those the exchange still has. */
  #written: ReadonlySet<string> = new Set();

  constructor(books: PaperBooks) {
    this.#books = books;
  }

  async read(): Promise<VenueSnapshot | null> {
    const kept = await this.#books.read();
    if (!kept) return null;
    this.#written = new Set(kept.rows.map(nameOf));
    return joined(kept.state, kept.rows);
  }

  async write(venue: VenueSnapshot): Promise<void> {
    const { state, rows } = split(venue);
    const fresh = rows.filter((row) => !this.#written.has(nameOf(row)));
    await this.#books.write(state, fresh);
    this.#written = new Set(rows.map(nameOf));
  }

  close(): Promise<void> {
    return this.#books.close();
  }
}

function nameOf({ kind, id }: PaperRow): string {
  return `${kind} ${id}`;
}

function split({ state }: VenueSnapshot): { state: PaperState; rows: PaperRow[] } {
  const venue = state as ExchangeState;
  const [account] = venue.accounts as [AccountState];
  const { orders, algoOrders, trades, income } = account;
  const openOrders = orders.filter(isOpen);
  const openStops = algoOrders.filter(isAlive);
  const clientIds = new Map(orders.map(({ orderId, clientOrderId }) => [orderId, clientOrderId]));
  const rows: PaperRow[] = [
    ...trades.map((trade): PaperRow => {
      const fact = fillOf(trade, clientIds.get(trade.orderId) ?? '');
      return { kind: 'fill', id: trade.tradeId, timeMs: trade.timeMs, fact, record: trade };
    }),
    ...income.map((row): PaperRow => {
      const isFunding = row.incomeType === 'FUNDING_FEE';
      const { kind: _, ...payment } = funding(row.income, row.timeMs);
      const fact = isFunding ? payment : null;
      return { kind: 'income', id: row.tranId, timeMs: row.timeMs, fact, record: row };
    }),
    ...orders
      .filter((order) => !isOpen(order))
      .map((order): PaperRow => {
        return {
          kind: 'order',
          id: order.orderId,
          timeMs: order.updateMs,
          fact: null,
          record: order,
        };
      }),
    ...algoOrders
      .filter((order) => !isAlive(order))
      .map((order): PaperRow => {
        return {
          kind: 'stop',
          id: order.algoId,
          timeMs: order.updateMs,
          fact: null,
          record: order,
        };
      }),
  ];
  const rest = { ...account, orders: openOrders, algoOrders: openStops, trades: [], income: [] };
  return {
    state: {
      account: accountOf(rest),
      // The market's past rates are no part of the account, and the real exchange has them.
      venue: { ...venue, accounts: [rest], fundingRates: [] } satisfies ExchangeState,
      lastIds: {
        fill: venue.nextTradeId - 1,
        income: venue.nextTranId - 1,
        order: venue.nextOrderId - 1,
        stop: venue.nextAlgoId - 1,
      },
    },
    rows,
  };
}

function accountOf({ updateMs, position, wallet, orders, algoOrders }: AccountState): PaperAccount {
  const regular = orders.map((order): PaperOrder => {
    return {
      clientOrderId: order.clientOrderId,
      orderClass: 'regular',
      side: order.side === 'BUY' ? 'buy' : 'sell',
      lots: order.quantity,
      executedLots: order.executed,
      price: order.price,
    };
  });
  // One that has triggered is a regular order by now.
  const stops = algoOrders
    .filter(({ actualOrderId }) => actualOrderId === null)
    .map((order): PaperOrder => {
      return {
        clientOrderId: order.clientAlgoId,
        orderClass: 'stop',
        side: order.side === 'BUY' ? 'buy' : 'sell',
        lots: order.quantity,
        executedLots: 0 as Lots,
        price: order.triggerPrice,
      };
    });
  return { timeMs: updateMs, position, walletBalance: wallet, openOrders: [...regular, ...stops] };
}

/** The snapshot that `split` took apart, less what was too old to be read again. */
function joined({ venue }: PaperState, rows: readonly PaperRow[]): VenueSnapshot {
  const state = venue as ExchangeState;
  const [account] = state.accounts as [AccountState];
  const of = <T>(kind: PaperRow['kind']) =>
    rows.filter((row) => row.kind === kind).map(({ record }) => record as T);
  const byId =
    <Key extends string>(key: Key) =>
    (a: Record<Key, number>, b: Record<Key, number>) =>
      a[key] - b[key];
  const whole: AccountState = {
    ...account,
    orders: [...of<AccountState['orders'][number]>('order'), ...account.orders].sort(
      byId('orderId'),
    ),
    algoOrders: [...of<AccountState['algoOrders'][number]>('stop'), ...account.algoOrders].sort(
      byId('algoId'),
    ),
    trades: of('fill'),
    income: of('income'),
  };
  return { version: 1, state: { ...state, accounts: [whole] } };
}

/** It waits, is on its way to the book, or is a regular order that lives. */
function isAlive(order: AccountState['algoOrders'][number]): boolean {
  return order.status === 'TRIGGERING' || isAtWork(order);
}
