/**
 * The account as its fills and payments make it: position, wallet, realised profit, fees, funding.
 * The exchange's own profit, fee and funding are booked; nothing here is estimated.
 */
import type { AccountRecord, Payment, WalletChangeEvent } from '../event.ts';
import type { Instrument } from '../instrument.ts';
import type { Fill } from '../trading/order.ts';
import {
  asMoney,
  broken,
  type Lots,
  type Money,
  mulDiv,
  type Ticks,
  type TimeMs,
} from '../units.ts';
import { isListedTransfer, TransferRecord } from './transfer-record.ts';

/** Losses of a day are measured from its first equity. */
export const DAY_MS = 86_400_000;
/** Trade ids remembered beyond the last reconciliation; a session settles far fewer between two. */
const TRADE_IDS_MAX = 20_000;
/** The exchange's time is known only so well. Less than the five seconds for which a difference must last to count. */
const CLOCK_MS = 3_000;

export class AccountStateStore {
  #record: AccountRecord | null = null;
  /** Trades applied since the verified one. */
  readonly #tradeIds = new Set<string>();
  readonly #walletChangeIds = new Set<string>();
  readonly #transfers = new TransferRecord();
  /** What equity is made of, for the account and the instrument it was last asked of: it is asked with every price. */
  #valued: AccountRecord | null = null;
  #valuedIn: Instrument | null = null;
  #wallet = 0;
  #cost = 0;
  #perTick = 0;
  /** At marks from 0 to this no sum on the way to equity can leave the safe range: none needs to be checked. */
  #exactMark = -1;

  /** False until a stored account or a first snapshot has been taken. */
  get isKnown(): boolean {
    return this.#record !== null;
  }

  /** The account now. Broken before it is known. */
  get record(): AccountRecord {
    if (!this.#record) broken('the account is not known yet');
    return this.#record;
  }

  get position(): Lots {
    return this.#record?.position ?? (0 as Lots);
  }

  /** Takes what the store kept, with the trades above its verified one and the newest transfers that are already in it. */
  restore(
    record: AccountRecord,
    recentTradeIds: readonly string[],
    recentTransfers: readonly Payment[] = [],
  ): void {
    this.#record = record;
    for (const id of recentTradeIds) this.#tradeIds.add(id);
    for (const { id } of recentTransfers) this.#walletChangeIds.add(id);
    this.#transfers.restore(recentTransfers);
  }

  /**
   * Takes the exchange's word for position and wallet: at the very first start, and when a difference
   * has been confirmed. Profit, fees and funding booked so far are kept.
   */
  adopt(input: {
    position: Lots;
    entryPrice: Ticks;
    walletBalance: Money;
    lastTradeId: string;
    instrument: Instrument;
    nowMs: TimeMs;
  }): AccountRecord {
    const { position, entryPrice, walletBalance, instrument, nowMs } = input;
    const before = this.#record;
    this.#tradeIds.clear();
    this.#record = {
      position,
      cost: instrument.notional(entryPrice, position),
      walletBalance,
      realizedPnl: before?.realizedPnl ?? (0 as Money),
      fees: before?.fees ?? (0 as Money),
      funding: before?.funding ?? (0 as Money),
      fillCount: before?.fillCount ?? 0,
      verifiedTradeId: input.lastTradeId,
      lastFundingMs: before?.lastFundingMs ?? nowMs,
      ...(before?.transfersVerifiedMs && { transfersVerifiedMs: before.transfersVerifiedMs }),
      dayStartMs: before?.dayStartMs ?? dayOf(nowMs),
      dayStartEquity: before?.dayStartEquity ?? walletBalance,
      peakEquity: before?.peakEquity ?? walletBalance,
      updatedMs: nowMs,
    };
    return this.#record;
  }

  /** Books a fill once; null where its trade id was booked before. */
  applyFill(fill: Fill, instrument: Instrument, nowMs: TimeMs): AccountRecord | null {
    const before = this.record;
    if (this.#tradeIds.has(fill.tradeId) || !isAfter(fill.tradeId, before.verifiedTradeId)) {
      return null;
    }
    if (this.#tradeIds.size >= TRADE_IDS_MAX)
      broken('too many trades since the last reconciliation');
    this.#tradeIds.add(fill.tradeId);
    const signed = fill.side === 'buy' ? fill.lots : -fill.lots;
    const position = (before.position + signed) as Lots;
    this.#record = {
      ...before,
      position,
      cost: costAfter(before, { signed, price: fill.price }, instrument),
      walletBalance: asMoney(before.walletBalance + fill.realizedPnl - fill.fee),
      realizedPnl: asMoney(before.realizedPnl + fill.realizedPnl),
      fees: asMoney(before.fees + fill.fee),
      fillCount: before.fillCount + 1,
      updatedMs: nowMs,
    };
    return this.#record;
  }

  /**
   * Books a payment once; null where its id was booked before, where it is older than the last funding booked,
   * and for a transfer that the other source has told, or that is listed and that the wallet was found to hold.
   */
  applyWalletChange(event: WalletChangeEvent): AccountRecord | null {
    const before = this.record;
    if (this.#walletChangeIds.has(event.id)) return null;
    if (event.reason === 'funding' && event.exchangeMs <= before.lastFundingMs) return null;
    this.#walletChangeIds.add(event.id);
    if (event.reason === 'transfer') {
      const isVerified = event.exchangeMs <= (before.transfersVerifiedMs ?? 0);
      if (isVerified && isListedTransfer(event.id)) return null;
      if (this.#transfers.isTwin(event)) return null;
      this.#transfers.add(event);
    }
    const isFunding = event.reason === 'funding';
    // Money moved in or out is neither profit nor loss: what losses are measured from moves with it.
    const moved = event.reason === 'transfer' ? event.amount : 0;
    this.#record = {
      ...before,
      dayStartEquity: asMoney(before.dayStartEquity + moved),
      peakEquity: asMoney(before.peakEquity + moved),
      walletBalance: asMoney(before.walletBalance + event.amount),
      funding: isFunding ? asMoney(before.funding + event.amount) : before.funding,
      lastFundingMs: isFunding ? event.exchangeMs : before.lastFundingMs,
      updatedMs: event.timeMs,
    };
    return this.#record;
  }

  /**
   * Reconciliation has just found the account equal to what was asked for at `askedMs`, exchange time: trades up
   * to the newest applied, and transfers up to then, need not be read again.
   */
  verified(askedMs: TimeMs): AccountRecord {
    const before = this.record;
    const transfersVerifiedMs = Math.max(
      before.transfersVerifiedMs ?? askedMs,
      askedMs - CLOCK_MS,
    ) as TimeMs;
    this.#transfers.forgetUntil(transfersVerifiedMs);
    let newest = before.verifiedTradeId;
    for (const id of this.#tradeIds) if (isAfter(id, newest)) newest = id;
    this.#tradeIds.clear();
    this.#record = { ...before, verifiedTradeId: newest, transfersVerifiedMs };
    return this.#record;
  }

  /** Unrealised profit at a mark price. */
  unrealizedPnl(mark: Ticks, instrument: Instrument): Money {
    const { position, cost } = this.record;
    return asMoney(instrument.notional(mark, position) - cost);
  }

  /** Wallet + unrealised profit at a mark price. */
  equity(mark: Ticks, instrument: Instrument): Money {
    if (this.#record !== this.#valued || instrument !== this.#valuedIn) this.#value(instrument);
    if (mark >= 0 && mark <= this.#exactMark) {
      return (this.#wallet + (mark * this.#perTick - this.#cost)) as Money;
    }
    return asMoney(this.record.walletBalance + this.unrealizedPnl(mark, instrument));
  }

  #value(instrument: Instrument): void {
    const { record } = this;
    this.#valued = record;
    this.#valuedIn = instrument;
    this.#wallet = record.walletBalance;
    this.#cost = record.cost;
    this.#perTick = record.position * instrument.quantaPerTickLot;
    const left = Number.MAX_SAFE_INTEGER - Math.abs(this.#wallet) - Math.abs(this.#cost);
    // A tick less than the quotient, which a float may have rounded up.
    this.#exactMark = Math.floor(left / Math.max(1, Math.abs(this.#perTick))) - 1;
  }

  /**
   * The operator resumed: daily loss and drawdown are measured from this equity, so that the same loss
   * does not halt again at once. In the record, with the version of the trading state that was resumed, so
   * that it holds over a restart and happens once.
   */
  acceptLoss(equity: Money, stateVersion: number, nowMs: TimeMs): AccountRecord {
    const before = this.record;
    this.#record = {
      ...before,
      lossAcceptedVersion: stateVersion,
      dayStartEquity: Math.min(before.dayStartEquity, equity) as Money,
      peakEquity: equity,
      updatedMs: nowMs,
    };
    return this.#record;
  }

  /** Starts a new UTC day or moves the peak where `equity` calls for it; null where nothing changed. */
  observeEquity(equity: Money, nowMs: TimeMs): AccountRecord | null {
    const before = this.record;
    // A day's start is a whole day: within 24 hours of it no division need say so.
    const isNewDay = nowMs >= before.dayStartMs + DAY_MS;
    if (!isNewDay && equity <= before.peakEquity) return null;
    const day = dayOf(nowMs);
    this.#record = {
      ...before,
      dayStartMs: isNewDay ? day : before.dayStartMs,
      dayStartEquity: isNewDay ? equity : before.dayStartEquity,
      peakEquity: equity > before.peakEquity ? equity : before.peakEquity,
    };
    return this.#record;
  }
}

/** Start of the UTC day. */
function dayOf(timeMs: TimeMs): TimeMs {
  return (timeMs - (timeMs % DAY_MS)) as TimeMs;
}

/** Trade ids are whole numbers that grow; as text, the longer one is the larger. */
export function isAfter(id: string, other: string): boolean {
  return id.length === other.length ? id > other : id.length > other.length;
}

/** Average cost: adding adds the price paid, reducing takes the same share of the cost, a flip begins anew. */
function costAfter(
  { position, cost }: AccountRecord,
  { signed, price }: { signed: number; price: Ticks },
  instrument: Instrument,
): Money {
  const after = position + signed;
  if (Math.sign(position) === Math.sign(signed)) {
    return asMoney(cost + instrument.notional(price, signed as Lots));
  }
  if (Math.sign(after) === Math.sign(position)) {
    const share = { value: cost, times: Math.abs(signed), over: Math.abs(position) };
    return asMoney(cost - mulDiv(share, 'nearest'));
  }
  // From flat, to flat, or around: what is held now has this price.
  return instrument.notional(price, after as Lots);
}
