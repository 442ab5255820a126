/**
 * All accounts of the exchange, the numbers they share (order, trade and transaction ids), and the
 * user events that tell an account what happened to it.
 */
import type { Instrument } from '../core/instrument.ts';
import { broken, type Lots, type Money, type Ticks, type TimeMs } from '../core/units.ts';
import { type SimAlgoOrder, viewOfAlgo } from './algo-order.ts';
import { positionView } from './margin-view.ts';
import { type AccountState, SimAccount } from './sim-account.ts';
import { type SimOrder, viewOfOrder } from './sim-order.ts';
import {
  type AccountUpdateReason,
  EXPIRY,
  type ExecutionType,
  type ExpiryReason,
  type FundingRateView,
  type IncomeType,
  type UserEvent,
  VenueError,
} from './venue.ts';

/** What outlives a restart. */
export interface ExchangeState {
  readonly nextOrderId: number;
  readonly nextTradeId: number;
  readonly nextTranId: number;
  readonly nextAlgoId: number;
  readonly accounts: readonly AccountState[];
  readonly fundingRates: readonly FundingRateView[];
}

/** The part of an order's event that only a trade has. */
export interface Execution {
  readonly lastQuantity: Lots;
  readonly lastPrice: Ticks;
  readonly tradeId: number;
  readonly fee: Money;
  readonly realizedPnl: Money;
  readonly isMaker: boolean;
}

const NO_EXECUTION: Execution = {
  lastQuantity: 0 as Lots,
  lastPrice: 0 as Ticks,
  tradeId: 0,
  fee: 0 as Money,
  realizedPnl: 0 as Money,
  isMaker: false,
};

/** Ids of conditional orders are of another magnitude, as the exchange's own are. */
const ALGO_ID_FIRST = 1_000_000_000_000_001;

export interface AccountsContext {
  readonly instrument: Instrument;
  nowMs(): TimeMs;
  /** 0 while there is no mark price. */
  mark(): Ticks;
  userEvent(accountId: string, event: UserEvent): void;
}

export class Accounts {
  readonly #context: AccountsContext;
  readonly #byId = new Map<string, SimAccount>();
  #orderId = 1;
  #tradeId = 1;
  #tranId = 1;
  #algoId = ALGO_ID_FIRST;

  constructor(context: AccountsContext) {
    this.#context = context;
  }

  /** In the order in which they were opened. */
  all(): Iterable<SimAccount> {
    return this.#byId.values();
  }

  has(accountId: string): boolean {
    return this.#byId.has(accountId);
  }

  /** -2015 for an account that does not exist. */
  get(accountId: string): SimAccount {
    const account = this.#byId.get(accountId);
    if (account === undefined) {
      throw new VenueError(-2015, 'Invalid API-key, IP, or permissions for action.', 401);
    }
    return account;
  }

  open(accountId: string, leverage: number, deposit: Money): void {
    if (this.#byId.has(accountId)) broken(`account ${accountId} exists`);
    const account = SimAccount.create(accountId, leverage, this.#context.nowMs());
    this.#byId.set(accountId, account);
    this.income(account, 'TRANSFER', deposit, null);
    this.tellAccount(account, 'DEPOSIT', deposit, false);
  }

  nextOrderId(): number {
    return this.#orderId++;
  }

  nextTradeId(): number {
    return this.#tradeId++;
  }

  nextAlgoId(): number {
    return this.#algoId++;
  }

  /** Books an income row at the present time; nothing for zero. */
  income(account: SimAccount, incomeType: IncomeType, income: Money, tradeId: number | null): void {
    if (income === 0) return;
    const timeMs = this.#context.nowMs();
    account.addIncome({ tranId: this.#tranId++, incomeType, income, timeMs, tradeId });
  }

  tellOrder(
    account: SimAccount,
    order: SimOrder,
    execution: ExecutionType,
    expiryReason: ExpiryReason = EXPIRY.none,
    trade: Execution = NO_EXECUTION,
  ): void {
    const { instrument } = this.#context;
    const { bid, ask } = account.openNotionals(instrument);
    this.#context.userEvent(account.state.accountId, {
      kind: 'orderTradeUpdate',
      timeMs: this.#context.nowMs(),
      execution,
      order: viewOfOrder(order, instrument),
      ...trade,
      bidNotional: bid,
      askNotional: ask,
      expiryReason,
    });
  }

  tellAlgo(order: SimAlgoOrder): void {
    this.#context.userEvent(order.accountId, {
      kind: 'algoUpdate',
      timeMs: this.#context.nowMs(),
      order: viewOfAlgo(order),
    });
  }

  tellAccount(
    account: SimAccount,
    reason: AccountUpdateReason,
    balanceChange: Money,
    withPosition: boolean,
  ): void {
    const { instrument } = this.#context;
    account.state.updateMs = this.#context.nowMs();
    this.#context.userEvent(account.state.accountId, {
      kind: 'accountUpdate',
      timeMs: this.#context.nowMs(),
      reason,
      walletBalance: account.state.wallet,
      balanceChange,
      position: withPosition ? positionView(account, this.#context.mark(), instrument) : null,
    });
  }

  tellLeverage(account: SimAccount): void {
    this.#context.userEvent(account.state.accountId, {
      kind: 'accountConfigUpdate',
      timeMs: this.#context.nowMs(),
      leverage: account.state.leverage,
    });
  }

  state(): Omit<ExchangeState, 'fundingRates'> {
    return {
      nextOrderId: this.#orderId,
      nextTradeId: this.#tradeId,
      nextTranId: this.#tranId,
      nextAlgoId: this.#algoId,
      accounts: [...this.#byId.values()].map((account) => account.state),
    };
  }

  restore(state: ExchangeState): void {
    if (this.#byId.size > 0) broken('a snapshot is restored over accounts');
    this.#orderId = state.nextOrderId;
    this.#tradeId = Math.max(this.#tradeId, state.nextTradeId);
    this.#tranId = state.nextTranId;
    // Ledgers written before there were conditional orders say nothing of them.
    this.#algoId = state.nextAlgoId ?? ALGO_ID_FIRST;
    for (const account of state.accounts) {
      const algoOrders = account.algoOrders ?? [];
      this.#byId.set(account.accountId, new SimAccount({ ...account, algoOrders }));
    }
  }
}
