/**
 * Refuses, by name, what this version does not trade: account settings out of scope, sizes that
 * cannot be ordered.
 */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { parseSize } from '../../shared/config/values.ts';
import { Instrument, type InstrumentSpec } from '../../shared/core/instrument.ts';
import { sizeInLots } from '../../shared/core/strategy/sizing.ts';
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import type { Lots, Money, Ticks } from '../../shared/core/units.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';

/** The account or the configuration is outside what Plimsoll trades. */
export class ScopeError extends Error {
  override readonly name = 'ScopeError';
}

/** One-way mode, single-asset cross margin, a key that may trade; sets the leverage where it differs. */
export async function checkAccount(
  exchange: ExchangeClient,
  { leverage, symbol }: EffectiveConfiguration,
): Promise<void> {
  const settings = await exchange.accountSettings();
  if (settings.isHedgeMode) {
    throw new ScopeError('the account is in hedge mode; set it to one-way position mode');
  }
  if (settings.isMultiAsset) {
    throw new ScopeError('the account is in multi-assets mode; set it to single-asset mode');
  }
  if (settings.isIsolated) {
    throw new ScopeError(`${symbol} is on isolated margin; set it to cross margin`);
  }
  if (!settings.canTrade) throw new ScopeError('the account is not allowed to trade');
  const terms = await exchange.accountTerms();
  if (terms.leverage !== leverage) await exchange.setLeverage(leverage);
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
  if (flip > spec.lotsMax || flip > instrument.parseQuantity(limits.orderQuantityMax)) {
    throw new ScopeError(
      `${shown}, a flip twice that: above the largest order of ${limits.orderQuantityMax}`,
    );
  }
  if (price <= 0) return;
  const notional = instrument.notional(price, lots);
  if (notional < spec.notionalMin) {
    throw new ScopeError(`${shown}: worth less than the exchange's minimum notional`);
  }
  if ((notional / equity) * 1_000_000 > limits.positionNotionalMaxPpm) {
    throw new ScopeError(
      `${shown}: more than the ${(limits.positionNotionalMaxPpm / 10_000).toFixed(0)} % of equity that risk.positionNotionalMaxPpm allows`,
    );
  }
}
