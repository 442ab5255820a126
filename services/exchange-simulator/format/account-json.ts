/** Balances and positions as Binance's account endpoints write them: one asset, cross margin, one-way. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import { formatMoney } from '../../../shared/core/units.ts';
import type { AccountView, PositionView } from '../../../shared/simulation/venue.ts';

export function accountV3Json(instrument: Instrument, account: AccountView) {
  const { position } = account;
  const assets = [assetJson(account)];
  return {
    ...totals(account),
    assets,
    positions: isHeld(position) ? [accountPositionJson(instrument, position)] : [],
  };
}

export function accountV2Json(instrument: Instrument, account: AccountView) {
  const { position } = account;
  return {
    feeTier: 0,
    feeBurn: false,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    ...totals(account),
    assets: [{ ...assetJson(account), marginAvailable: true }],
    positions: [
      {
        ...accountPositionJson(instrument, position),
        leverage: String(position.leverage),
        isolated: false,
        entryPrice: position.entryPrice,
        breakEvenPrice: position.breakEvenPrice,
        maxNotional: String(position.notionalMaxUsdt),
        positionInitialMargin: formatMoney(position.positionInitialMargin),
        openOrderInitialMargin: formatMoney(position.openOrderInitialMargin),
        bidNotional: formatMoney(position.bidNotional),
        askNotional: formatMoney(position.askNotional),
      },
    ],
  };
}

export function balanceJson(account: AccountView) {
  return {
    accountAlias: 'plimsoll',
    asset: 'USDT',
    balance: formatMoney(account.walletBalance),
    crossWalletBalance: formatMoney(account.walletBalance),
    crossUnPnl: formatMoney(account.unrealizedPnl),
    availableBalance: formatMoney(account.availableBalance),
    maxWithdrawAmount: formatMoney(account.withdrawMax),
    marginAvailable: true,
    updateTime: account.updateMs,
  };
}

/** Only symbols with a position or an open order are listed since v3. */
export function isHeld(position: PositionView): boolean {
  return position.position !== 0 || position.bidNotional !== 0 || position.askNotional !== 0;
}

export function positionRiskV3Json(instrument: Instrument, position: PositionView) {
  return {
    ...positionRiskFields(instrument, position),
    marginAsset: 'USDT',
    initialMargin: initialMargin(position),
    maintMargin: formatMoney(position.maintenanceMargin),
    positionInitialMargin: formatMoney(position.positionInitialMargin),
    openOrderInitialMargin: formatMoney(position.openOrderInitialMargin),
    adl: 0,
    bidNotional: formatMoney(position.bidNotional),
    askNotional: formatMoney(position.askNotional),
  };
}

export function positionRiskV2Json(instrument: Instrument, position: PositionView) {
  return {
    ...positionRiskFields(instrument, position),
    marginType: 'cross',
    isAutoAddMargin: 'false',
    leverage: String(position.leverage),
    maxNotionalValue: String(position.notionalMaxUsdt),
  };
}

export function symbolConfigJson(instrument: Instrument, position: PositionView) {
  return {
    symbol: instrument.spec.symbol,
    marginType: 'CROSSED',
    isAutoAddMargin: false,
    leverage: position.leverage,
    maxNotionalValue: String(position.notionalMaxUsdt),
  };
}

function positionRiskFields(instrument: Instrument, position: PositionView) {
  return {
    symbol: instrument.spec.symbol,
    positionSide: 'BOTH',
    positionAmt: instrument.formatQuantity(position.position),
    entryPrice: position.entryPrice,
    breakEvenPrice: position.breakEvenPrice,
    markPrice: instrument.formatPrice(position.markPrice),
    unRealizedProfit: formatMoney(position.unrealizedPnl),
    liquidationPrice: position.liquidationPrice,
    isolatedMargin: '0',
    notional: formatMoney(position.notional),
    isolatedWallet: '0',
    updateTime: position.updateMs,
  };
}

function accountPositionJson(instrument: Instrument, position: PositionView) {
  return {
    symbol: instrument.spec.symbol,
    positionSide: 'BOTH',
    positionAmt: instrument.formatQuantity(position.position),
    unrealizedProfit: formatMoney(position.unrealizedPnl),
    isolatedMargin: '0',
    notional: formatMoney(position.notional),
    isolatedWallet: '0',
    initialMargin: initialMargin(position),
    maintMargin: formatMoney(position.maintenanceMargin),
    updateTime: position.updateMs,
  };
}

function initialMargin(position: PositionView): string {
  const sum = position.positionInitialMargin + position.openOrderInitialMargin;
  return formatMoney(sum as PositionView['notional']);
}

function totals(account: AccountView) {
  const { position } = account;
  return {
    totalInitialMargin: formatMoney(account.initialMargin),
    totalMaintMargin: formatMoney(account.maintenanceMargin),
    totalWalletBalance: formatMoney(account.walletBalance),
    totalUnrealizedProfit: formatMoney(account.unrealizedPnl),
    totalMarginBalance: formatMoney(account.marginBalance),
    totalPositionInitialMargin: formatMoney(position.positionInitialMargin),
    totalOpenOrderInitialMargin: formatMoney(position.openOrderInitialMargin),
    totalCrossWalletBalance: formatMoney(account.walletBalance),
    totalCrossUnPnl: formatMoney(account.unrealizedPnl),
    availableBalance: formatMoney(account.availableBalance),
    maxWithdrawAmount: formatMoney(account.withdrawMax),
  };
}

function assetJson(account: AccountView) {
  const { position } = account;
  return {
    asset: 'USDT',
    walletBalance: formatMoney(account.walletBalance),
    unrealizedProfit: formatMoney(account.unrealizedPnl),
    marginBalance: formatMoney(account.marginBalance),
    maintMargin: formatMoney(account.maintenanceMargin),
    initialMargin: formatMoney(account.initialMargin),
    positionInitialMargin: formatMoney(position.positionInitialMargin),
    openOrderInitialMargin: formatMoney(position.openOrderInitialMargin),
    crossWalletBalance: formatMoney(account.walletBalance),
    crossUnPnl: formatMoney(account.unrealizedPnl),
    availableBalance: formatMoney(account.availableBalance),
    maxWithdrawAmount: formatMoney(account.withdrawMax),
    updateTime: account.updateMs,
  };
}
