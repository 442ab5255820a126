/**
 * Refuses, by name, what this version does not trade: account settings out of scope, keys with more
 * rights than trading needs, sizes that cannot be ordered.
 */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { parseSize } from '../../shared/config/values.ts';
import { Instrument, type InstrumentSpec } from '../../shared/core/instrument.ts';
import { sizeInLots } from '../../shared/core/strategy/sizing.ts';
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import { displayMoney, type Lots, type Money, type Ticks } from '../../shared/core/units.ts';
import { shownInstrument, traderStatus } from '../../shared/operation/trader-status.ts';
import {
  type AccountSettings,
  type ExchangeClient,
  ExchangeError,
  type KeyPermissions,
} from '../../shared/ports/exchange.ts';
import type { Heartbeat } from '../../shared/ports/store.ts';

/** The account or the configuration is outside what Plimsoll trades. */
export class ScopeError extends Error {
  override readonly name = 'ScopeError';
}

/** Binance: the key's form is wrong; it is not known, not from this address, or lacks the right. */
const KEY_UNKNOWN: ReadonlySet<number> = new Set([-2014, -2015]);

/** One-way mode, single-asset cross margin, a safe key in live mode; sets the leverage where it differs. */
export async function checkAccount(
  exchange: ExchangeClient,
  { leverage, symbol, mode }: Pick<EffectiveConfiguration, 'leverage' | 'symbol' | 'mode'>,
): Promise<void> {
  try {
    if (mode === 'live') {
      if (!exchange.keyPermissions) throw new ScopeError('the rights of the API key are not known');
      refuse(keyProblems(await exchange.keyPermissions()));
    }
    refuse(accountProblems(await exchange.accountSettings(), symbol));
  } catch (error) {
    if (!(error instanceof ExchangeError) || !KEY_UNKNOWN.has(error.code)) throw error;
    throw new ScopeError(
      `mode ${mode}: the exchange refuses the API key (${error.message}); each of demo and live knows its own keys only, and a restricted one works from its listed addresses only`,
    );
  }
  const terms = await exchange.accountTerms();
  if (terms.leverage !== leverage) await exchange.setLeverage(leverage);
}

/**
 * What closing a position needs of the account, and no more: margin mode, leverage and the rights of a key
 * that is in use already are no reasons to leave it open.
 */
export async function checkExit(exchange: ExchangeClient, symbol: string): Promise<void> {
  const { isHedgeMode, canTrade } = await exchange.accountSettings();
  const inScope = { isMultiAsset: false, isIsolated: false, paysFeesInBnb: false };
  refuse(accountProblems({ ...inScope, isHedgeMode, canTrade }, symbol));
}

/** What in the account's settings is out of scope, and what to do about it. */
export function accountProblems(settings: AccountSettings, symbol: string): string[] {
  const problems: string[] = [];
  if (settings.isHedgeMode) {
    problems.push('the account is in hedge mode; set it to one-way position mode');
  }
  if (settings.isMultiAsset) {
    problems.push('the account is in multi-assets mode; set it to single-asset mode');
  }
  if (settings.isIsolated) {
    problems.push(`${symbol} is on isolated margin; set it to cross margin`);
  }
  if (settings.paysFeesInBnb) {
    problems.push('fees are paid in BNB, which is not booked here; have them paid in USDT');
  }
  if (!settings.canTrade) {
    problems.push('the account is not allowed to trade; ask the exchange why');
  }
  return problems;
}

/** What is wrong with the rights of a key that trades real money: whoever steals it must not get any out. */
export function keyProblems(permissions: KeyPermissions): string[] {
  const problems: string[] = [];
  if (permissions.canWithdraw) {
    problems.push('the API key may withdraw; take that right from it');
  }
  if (permissions.canTransfer) {
    problems.push('the API key may transfer; take that right from it');
  }
  if (!permissions.isIpRestricted) {
    problems.push(
      'the API key works from any address; restrict it to the addresses you trade from',
    );
  }
  if (!permissions.canTradeFutures) {
    problems.push('the API key may not trade futures; give it that right');
  }
  return problems;
}

/**
 * Orders, fills and candles are stored in ticks and lots: where the exchange has changed what those are since
 * the last session, none of it means what it did.
 */
export function checkCounting(before: Heartbeat | null, spec: InstrumentSpec): void {
  const stored = shownInstrument(traderStatus(before));
  if (stored === null || stored.countsLike(new Instrument(spec))) return;
  const { tickSize, lotSize } = stored.spec;
  throw new ScopeError(
    `this store counts in ticks of ${tickSize} and lots of ${lotSize}, the exchange in ${spec.tickSize} and ${spec.lotSize} now: take another store, or another name for the account`,
  );
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ScopeError(problems.join('\n'));
}

/**
 * Checks a size against the exchange's filters and the limits, a flip of two units included. A share of
 * equity or a notional is checked where a price is known (0 where it is not).
 */
export function checkSize(
  size: string,
  spec: InstrumentSpec,
  { equity, price, limits }: { equity: Money; price: Ticks; limits: RiskLimits },
): void {
  const instrument = new Instrument(spec);
  const sizing = parseSize(size, instrument);
  if (sizing.kind !== 'lots' && price <= 0) return;
  const lots = sizeInLots(sizing, { price, equity, instrument });
  const shown = `size ${size} is ${instrument.formatQuantity(lots)} ${spec.baseAsset}`;
  if (lots < spec.lotsMin) {
    throw new ScopeError(
      `${shown}: below the exchange's minimum of ${instrument.formatQuantity(spec.lotsMin)}`,
    );
  }
  const flip = (lots * 2) as Lots;
  if (flip > spec.lotsMax) {
    throw new ScopeError(
      `${shown}, a flip twice that: above the exchange's largest order of ${instrument.formatQuantity(spec.lotsMax)}`,
    );
  }
  if (flip > instrument.wholeLots(limits.orderQuantityMax)) {
    throw new ScopeError(
      `${shown}, a flip twice that: above the ${limits.orderQuantityMax} ${spec.baseAsset} that risk.orderQuantityMax allows`,
    );
  }
  if (price <= 0) return;
  const notional = instrument.notional(price, lots);
  if (notional < spec.notionalMin) {
    throw new ScopeError(
      `${shown}, worth ${displayMoney(notional)} USDT: below the exchange's minimum of ${displayMoney(spec.notionalMin)} USDT`,
    );
  }
  // The engine would refuse every opening order for these reasons: better said before it begins.
  for (const key of ['orderNotionalMaxPpm', 'positionNotionalMaxPpm'] as const) {
    if (equity > 0 && (notional / equity) * 1_000_000 <= limits[key]) continue;
    throw new ScopeError(
      `${shown}, worth ${displayMoney(notional)} USDT: more than the ${(limits[key] / 10_000).toFixed(0)} % of equity (${displayMoney(equity)} USDT) that risk.${key} allows`,
    );
  }
}
