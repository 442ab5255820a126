/**
 * The vectorised strategies by the names of their event-driven twins. Parameters, defaults and ranges are
 * the twins' own: see shared/strategies/registry.ts.
 */
import {
  createStrategy,
  StrategyParameterError,
  strategyParameters,
} from '../../shared/strategies/registry.ts';
import { smaCrossover } from './sma-crossover.ts';
import { smaCrossoverInflection } from './sma-crossover-inflection.ts';
import type { SignalBars, VectorizedStrategy } from './vectorized-strategy.ts';

export const VECTORIZED_STRATEGIES: readonly VectorizedStrategy[] = [
  smaCrossoverInflection,
  smaCrossover,
];

/**
 * Signals of a strategy by name, `given` overriding its defaults. Throws StrategyParameterError for an
 * unknown name, for parameters that do not fit, and for a strategy that has no vectorised form.
 */
export function vectorizedSignals(
  name: string,
  bars: SignalBars,
  given: Readonly<Record<string, number>> = {},
): Int8Array {
  const values = strategyParameters(name, given);
  // Windows that do not fit together are refused by the twin's constructor, in the same words.
  createStrategy(name, values);
  const strategy = VECTORIZED_STRATEGIES.find((s) => s.name === name);
  if (!strategy) throw new StrategyParameterError(`${name} has no vectorised form`);
  return strategy.signals(bars, values);
}
