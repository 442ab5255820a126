/**
 * Margin of an account at a mark price, by the exchange's published rules for one-way mode and
 * single-asset cross margin. Pure: reads an account, changes nothing.
 */
import type { Instrument } from '../core/instrument.ts';
import { asMoney, MONEY_PER_USDT, type Money, mulDiv, type Ticks } from '../core/units.ts';
import { BRACKETS, maintenanceMargin, notionalMaxUsdt } from './bracket-table.ts';
import type { SimAccount } from './sim-account.ts';
import { averagePriceText, priceText, signOf } from './sim-order.ts';
import type { AccountView, PositionView, Side } from './venue.ts';

/** A new order as margin sees it; reduce-only orders need none and are not asked about. */
export interface Prospect {
  readonly side: Side;
  readonly notional: Money;
  /** Loss the order would open with: how far its price is beyond the mark, times its quantity. */
  readonly openLoss: Money;
}

export function positionView(
  account: SimAccount,
  mark: Ticks,
  instrument: Instrument,
): PositionView {
  const { state } = account;
  const notional = instrument.notional(mark, state.position);
  const { bid, ask } = account.openNotionals(instrument);
  const size = asMoney(Math.abs(notional));
  const isFlat = state.position === 0;
  return {
    position: state.position,
    entryPrice: isFlat ? '0.0' : averagePriceText(state.cost, state.position, instrument),
    breakEvenPrice: isFlat
      ? '0.0'
      : averagePriceText(asMoney(state.cost + state.carried), state.position, instrument),
    markPrice: mark,
    notional,
    unrealizedPnl: asMoney(notional - state.cost),
    liquidationPrice: liquidationPrice(account, instrument),
    positionInitialMargin: initialMargin(size, state.leverage),
    openOrderInitialMargin: openOrderMargin({ notional, bid, ask }, state.leverage),
    maintenanceMargin: maintenanceMargin(size),
    bidNotional: bid,
    askNotional: ask,
    leverage: state.leverage,
    notionalMaxUsdt: notionalMaxUsdt(state.leverage),
    realizedPnl: state.realized,
    updateMs: state.updateMs,
  };
}

export function accountView(account: SimAccount, mark: Ticks, instrument: Instrument): AccountView {
  const position = positionView(account, mark, instrument);
  const initial = asMoney(position.positionInitialMargin + position.openOrderInitialMargin);
  const marginBalance = asMoney(account.state.wallet + position.unrealizedPnl);
  const available = asMoney(Math.max(0, marginBalance - initial));
  return {
    walletBalance: account.state.wallet,
    unrealizedPnl: position.unrealizedPnl,
    marginBalance,
    initialMargin: initial,
    maintenanceMargin: position.maintenanceMargin,
    availableBalance: available,
    withdrawMax: asMoney(Math.max(0, Math.min(available, account.state.wallet))),
    position,
    updateMs: account.state.updateMs,
  };
}

/** Notional the account could reach with an order added: the larger of its two sides. */
export function exposureWith(
  account: SimAccount,
  prospect: Prospect,
  mark: Ticks,
  instrument: Instrument,
): { before: Money; after: Money } {
  const notional = instrument.notional(mark, account.state.position);
  const open = account.openNotionals(instrument);
  const added = prospect.notional;
  const bid = prospect.side === 'BUY' ? open.bid + added : open.bid;
  const ask = prospect.side === 'SELL' ? open.ask + added : open.ask;
  return {
    before: exposure({ notional, bid: open.bid, ask: open.ask }),
    after: exposure({ notional, bid, ask }),
  };
}

/** Whether the account has the margin for an order. One that adds no exposure needs none. */
export function isAffordable(
  account: SimAccount,
  prospect: Prospect,
  mark: Ticks,
  instrument: Instrument,
): boolean {
  const { before, after } = exposureWith(account, prospect, mark, instrument);
  if (after <= before) return true;
  const unrealized = instrument.notional(mark, account.state.position) - account.state.cost;
  const needed = initialMargin(after, account.state.leverage) + prospect.openLoss;
  return account.state.wallet + unrealized >= needed;
}

/** Whether the account is to be liquidated: its margin balance does not cover the maintenance margin. */
export function isLiquidatable(account: SimAccount, mark: Ticks, instrument: Instrument): boolean {
  const { state } = account;
  if (state.position === 0) return false;
  const notional = instrument.notional(mark, state.position);
  const marginBalance = state.wallet + notional - state.cost;
  return marginBalance <= maintenanceMargin(asMoney(Math.abs(notional)));
}

/** notional ÷ leverage, rounded up. */
export function initialMargin(notional: Money, leverage: number): Money {
  return asMoney(mulDiv({ value: notional, times: 1, over: leverage }, 'up'));
}

interface Notionals {
  readonly notional: number;
  readonly bid: number;
  readonly ask: number;
}

/** What open orders need beyond the position: the side that could grow it most counts. */
function openOrderMargin(sides: Notionals, leverage: number): Money {
  const beyond = exposure(sides) - Math.abs(sides.notional);
  return initialMargin(asMoney(Math.max(0, beyond)), leverage);
}

function exposure({ notional, bid, ask }: Notionals): Money {
  return asMoney(Math.max(Math.abs(notional), Math.abs(notional + bid), Math.abs(notional - ask)));
}

/**
 * The mark price at which margin balance meets maintenance margin:
 * LP = (wallet - cost + cum) ÷ (Q × rate - side × Q), with the bracket that LP itself falls into.
 */
function liquidationPrice(account: SimAccount, instrument: Instrument): string {
  const { state } = account;
  if (state.position === 0) return '0';
  const sign = signOf(state.position > 0 ? 'BUY' : 'SELL');
  const size = BigInt(Math.abs(state.position));
  for (const row of BRACKETS) {
    const top = BigInt(state.wallet) - BigInt(state.cost) + usdt(row.cumUsdt);
    const rate = BigInt(row.maintenanceRatePpm - sign * 1_000_000);
    // notional at LP = LP × size = top ÷ (rate - side)
    const notional = (top * 1_000_000n) / rate;
    if (notional <= 0n) return '0';
    if (notional > usdt(row.notionalFloorUsdt) && notional <= usdt(row.notionalCapUsdt)) {
      return priceText(notional, size, instrument);
    }
  }
  return '0';
}

function usdt(whole: number): bigint {
  return BigInt(whole) * BigInt(MONEY_PER_USDT);
}
