/**
 * Makes the engine a configuration describes. The same settings make the same engine, so a journal's
 * header is enough to replay it.
 */
import { Engine } from '../core/engine.ts';
import { Instrument, type InstrumentSpec } from '../core/instrument.ts';
import { type Interval, intervalMs } from '../core/market/candle.ts';
import type { ExecutionSettings } from '../core/trading/execution/execution-style.ts';
import type { RiskLimits } from '../core/trading/risk-limits.ts';
import { createStrategy } from '../strategies/registry.ts';
import type { EffectiveConfiguration } from './load.ts';
import { type Mode, riskLimits } from './schema.ts';
import { executionSettings, parseSize } from './values.ts';

/** Everything an engine is made of, as plain data: what a journal's header holds. */
export interface EngineRecipe {
  readonly interval: Interval;
  readonly strategy: string;
  readonly params: Readonly<Record<string, number>>;
  readonly size: string;
  readonly limits: RiskLimits;
  readonly stopDistancePpm: number | null;
  /** Absent from journals that are older than styles: market. */
  readonly execution?: ExecutionSettings;
  readonly clientOrderIdPrefix: string;
  readonly recvWindowMs: number;
  readonly instrument: InstrumentSpec;
  /** Without the strategy: nothing is decided, only what was asked for is closed. */
  readonly isExitOnly?: boolean;
}

/** The mode as it stands in client order ids. */
const SHORT_MODE: Readonly<Record<Mode, string>> = {
  simulated: 'sim',
  paper: 'paper',
  demo: 'demo',
  live: 'live',
};

/** How the client order ids of a trader begin, before the next dash. */
export function clientOrderIdPrefix({
  deployment,
  mode,
}: Pick<EffectiveConfiguration, 'deployment' | 'mode'>): string {
  return `p-${deployment ?? SHORT_MODE[mode]}`;
}

export function engineRecipe(
  configuration: EffectiveConfiguration,
  instrument: InstrumentSpec,
  { isExitOnly = false } = {},
): EngineRecipe {
  return {
    interval: configuration.interval,
    strategy: configuration.strategy,
    params: configuration.params,
    size: configuration.size,
    limits: riskLimits(configuration),
    stopDistancePpm: configuration.stop,
    execution: executionSettings(configuration.execution, configuration.makerDeadline),
    clientOrderIdPrefix: clientOrderIdPrefix(configuration),
    recvWindowMs: configuration.recvWindow,
    instrument,
    ...(isExitOnly ? { isExitOnly } : {}),
  };
}

export function buildEngine(recipe: EngineRecipe): Engine {
  return new Engine({
    intervalMs: intervalMs(recipe.interval),
    candleGraceMs: 200,
    reconcileEveryMs: 60_000,
    limits: recipe.limits,
    stopDistancePpm: recipe.stopDistancePpm,
    execution: recipe.execution ?? { style: 'market' },
    orders: {
      clientOrderIdPrefix: recipe.clientOrderIdPrefix,
      recvWindowMs: recipe.recvWindowMs,
      ackDeadlineMs: 3_000,
      presumeAbsentAfterMs: 60_000,
      presumeAbsentQueries: 5,
      absentHorizonMs: 45 * 60_000,
    },
    strategies: recipe.isExitOnly
      ? []
      : [
          {
            strategy: createStrategy(recipe.strategy, recipe.params),
            sizing: parseSize(recipe.size, new Instrument(recipe.instrument)),
          },
        ],
  });
}
