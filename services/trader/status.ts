/** What the trader says of itself in its heartbeat, read off its engine. */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import type { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { Engine } from '../../shared/core/engine.ts';
import { formatMoney } from '../../shared/core/units.ts';
import type { TraderStatus } from '../../shared/operation/trader-status.ts';

/** JSON has no infinity. */
export const RATIO_PPM_MAX = 1_000_000_000;

export function statusOf(
  engine: Engine,
  configuration: EffectiveConfiguration,
  calculator: MarginCalculator,
): TraderStatus {
  const { account, market, instrument, gate, equity } = engine;
  const record = account.isKnown ? account.record : null;
  const mark = market.mark;
  const margin = marginOf(engine, calculator);
  const bracket = margin ? calculator.bracket(margin.notional) : null;
  const liquidation = record ? calculator.liquidationPrice({ ...record, instrument }) : null;
  const ageMs = Math.max(market.bookAgeMs(engine.now), market.markAgeMs(engine.now));
  return {
    symbol: configuration.symbol,
    strategy: configuration.strategy,
    interval: configuration.interval,
    tradingState: gate.state,
    holds: [...gate.holds.keys()].join(', '),
    position: instrument.formatQuantity(account.position),
    target: engine.tradeExecutor.target,
    walletBalance: record ? formatMoney(record.walletBalance) : null,
    equity: equity === null ? null : formatMoney(equity),
    unsettledOrders: engine.orders.unsettledCount,
    fills: record?.fillCount ?? 0,
    candlesMissing: Math.max(0, engine.strategies.candlesMissing),
    baseAsset: instrument.spec.baseAsset,
    tickSize: instrument.spec.tickSize,
    lotSize: instrument.spec.lotSize,
    markPrice: mark === null ? null : instrument.formatPrice(mark),
    unrealizedPnl:
      record && mark !== null ? formatMoney(account.unrealizedPnl(mark, instrument)) : null,
    initialMargin: margin ? formatMoney(margin.initial) : null,
    maintenanceMargin: margin ? formatMoney(margin.maintenance) : null,
    maintenanceRatePpm: bracket?.maintenanceRatePpm ?? null,
    maintenanceCum: bracket ? formatMoney(bracket.cum) : null,
    marginRatioPpm: margin ? Math.min(margin.ratioPpm, RATIO_PPM_MAX) : null,
    liquidationPrice: liquidation === null ? null : instrument.formatPrice(liquidation),
    fundingRateE8: market.markPrice?.fundingRateE8 ?? null,
    nextFundingMs: market.markPrice?.nextFundingMs ?? null,
    marketAgeMs: Number.isFinite(ageMs) ? ageMs : null,
  };
}

/** Null while account or mark price are not known. */
export function marginOf({ account, market, instrument }: Engine, calculator: MarginCalculator) {
  const { mark } = market;
  if (!account.isKnown || mark === null) return null;
  const { position, walletBalance } = account.record;
  const unrealizedPnl = account.unrealizedPnl(mark, instrument);
  return calculator.margin({ position, mark, walletBalance, unrealizedPnl, instrument });
}
