/**
 * The strategies by name, each with its parameters, their defaults and their ranges. To add one, add
 * a line here.
 */
import type { Strategy } from '../core/strategy/strategy.ts';
import { SmaCrossover } from './sma-crossover.ts';
import { SmaCrossoverInflection } from './sma-crossover-inflection.ts';

export interface ParameterSpec {
  readonly name: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface StrategySpec {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly ParameterSpec[];
  /** `values` holds every parameter, in range. Throws StrategyParameterError where they do not fit together. */
  create(values: Readonly<Record<string, number>>): Strategy;
}

/** A strategy or a parameter that does not exist, or a value it cannot have; the message says what can be. */
export class StrategyParameterError extends Error {
  override readonly name = 'StrategyParameterError';
}

const window = (name: string, value: number): ParameterSpec => ({
  name,
  default: value,
  min: 1,
  max: 100_000,
});

export const STRATEGIES: readonly StrategySpec[] = [
  {
    name: 'SmaCrossoverInflection',
    summary: 'long where a smoothed long moving average turns up, short where it turns down',
    parameters: [
      window('shortWindow', 5),
      window('longWindow', 200),
      window('smoothingWindow', 10),
    ],
    create: ({ shortWindow = 0, longWindow = 0, smoothingWindow = 0 }) => {
      if (smoothingWindow > longWindow) {
        throw new StrategyParameterError(
          `SmaCrossoverInflection: smoothingWindow (${smoothingWindow}) must not exceed longWindow (${longWindow})`,
        );
      }
      return new SmaCrossoverInflection({ shortWindow, longWindow, smoothingWindow });
    },
  },
  {
    name: 'SmaCrossover',
    summary: 'long while a fast moving average is above a slow one, short otherwise',
    parameters: [window('fastWindow', 10), window('slowWindow', 30)],
    create: ({ fastWindow = 0, slowWindow = 0 }) => {
      if (fastWindow >= slowWindow) {
        throw new StrategyParameterError(
          `SmaCrossover: fastWindow (${fastWindow}) must be below slowWindow (${slowWindow})`,
        );
      }
      return new SmaCrossover({ fastWindow, slowWindow });
    },
  },
];

/** All parameters of a strategy: defaults overridden by `given`. Throws StrategyParameterError. */
export function strategyParameters(
  name: string,
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  const spec = find(name);
  const values: Record<string, number> = {};
  for (const parameter of spec.parameters) values[parameter.name] = parameter.default;
  for (const [key, value] of Object.entries(given)) {
    const parameter = spec.parameters.find((p) => p.name === key);
    if (!parameter) {
      throw new StrategyParameterError(
        `${name} has no parameter "${key}"; it has ${spec.parameters.map((p) => p.name).join(', ')}`,
      );
    }
    if (!Number.isSafeInteger(value) || value < parameter.min || value > parameter.max) {
      throw new StrategyParameterError(
        `${name}: ${key} must be a whole number from ${parameter.min} to ${parameter.max}, not ${value}`,
      );
    }
    values[key] = value;
  }
  return values;
}

/** Makes a strategy by name. Throws StrategyParameterError for an unknown name or unfit parameters. */
export function createStrategy(name: string, given: Readonly<Record<string, number>>): Strategy {
  return find(name).create(strategyParameters(name, given));
}

function find(name: string): StrategySpec {
  const spec = STRATEGIES.find((s) => s.name === name);
  if (!spec) {
    throw new StrategyParameterError(
      `unknown strategy "${name}"; known are ${STRATEGIES.map((s) => s.name).join(', ')}`,
    );
  }
  return spec;
}
