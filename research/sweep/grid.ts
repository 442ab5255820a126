/** Which combinations of parameters a sweep tries: a whole grid, or a seeded draw from it. */
import {
  createStrategy,
  STRATEGIES,
  StrategyParameterError,
  strategyParameters,
} from '../../shared/strategies/registry.ts';
import { SweepError } from './columns.ts';

export type Combination = Readonly<Record<string, number>>;

/** Values of one parameter: from, from + step, … up to `to`. */
export interface GridAxis {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface Trials {
  /** Every parameter of the strategy, those not swept at their defaults. */
  readonly combinations: readonly Combination[];
  /** Combinations of the grid that the strategy refuses, e.g. a fast window above the slow one. */
  readonly refused: number;
}

export const COMBINATIONS_MAX = 200_000;
const AXIS = /^([A-Za-z]\w*)=(\d+)(?:\.\.(\d+)(?::(\d+))?)?$/;

/** Reads `key=5`, `key=5..54` or `key=60..357:3`. Throws SweepError. */
export function parseAxis(text: string): GridAxis {
  const match = AXIS.exec(text);
  if (!match) throw new SweepError(`a grid is key=a..b or key=a..b:step, not "${text}"`);
  const [, key = '', first = '', last = first, stride = '1'] = match;
  const axis = { key, from: Number(first), to: Number(last), step: Number(stride) };
  if (!Object.values(axis).every((v) => typeof v === 'string' || Number.isSafeInteger(v))) {
    throw new SweepError(`${text}: numbers this large are no windows`);
  }
  if (axis.to < axis.from) throw new SweepError(`${text}: the range ends before it begins`);
  if (axis.step < 1) throw new SweepError(`${text}: the step must be at least 1`);
  return axis;
}

/** All combinations of a grid that the strategy accepts. Throws SweepError or StrategyParameterError. */
export function gridTrials(strategy: string, axes: readonly GridAxis[]): Trials {
  const size = checkAxes(strategy, axes);
  if (size > COMBINATIONS_MAX) {
    throw new SweepError(
      `${size} combinations are more than ${COMBINATIONS_MAX}: use larger steps, or --random`,
    );
  }
  const combinations: Combination[] = [];
  for (let index = 0; index < size; index++) {
    const combination = combinationAt(strategy, axes, index);
    if (isAccepted(strategy, combination)) combinations.push(combination);
  }
  return accepted(strategy, combinations, size - combinations.length);
}

/** `count` different combinations drawn from a grid; fewer where it has fewer. The same seed draws the same. */
export function randomTrials(
  strategy: string,
  axes: readonly GridAxis[],
  { count, seed }: { count: number; seed: number },
): Trials {
  const size = checkAxes(strategy, axes);
  if (count > COMBINATIONS_MAX) throw new SweepError(`--random takes at most ${COMBINATIONS_MAX}`);
  if (count * 2 >= size) {
    const all = gridTrials(strategy, axes);
    return { ...all, combinations: drawn(all.combinations, count, randomOf(seed)) };
  }
  const random = randomOf(seed);
  const seen = new Set<number>();
  const combinations: Combination[] = [];
  let refused = 0;
  // A grid of which almost nothing is accepted must not keep us here for ever.
  for (let draw = 0; draw < count * 100 && combinations.length < count; draw++) {
    const index = Math.floor(random() * size);
    if (seen.has(index)) continue;
    seen.add(index);
    const combination = combinationAt(strategy, axes, index);
    if (isAccepted(strategy, combination)) combinations.push(combination);
    else refused += 1;
  }
  return accepted(strategy, combinations, refused);
}

/** Number of combinations of the axes. */
function checkAxes(strategy: string, axes: readonly GridAxis[]): number {
  if (axes.length === 0) throw new SweepError('name at least one --grid key=a..b[:step]');
  let size = 1;
  for (const [i, { key, from, to, step }] of axes.entries()) {
    if (axes.findIndex((axis) => axis.key === key) !== i) {
      throw new SweepError(`--grid names ${key} twice`);
    }
    strategyParameters(strategy, { [key]: from });
    strategyParameters(strategy, { [key]: to });
    size *= Math.floor((to - from) / step) + 1;
  }
  return size;
}

function combinationAt(strategy: string, axes: readonly GridAxis[], index: number): Combination {
  const values: Record<string, number> = {};
  let rest = index;
  // The last axis runs fastest, so neighbours share the first: the kernels share their averages.
  for (const { key, from, to, step } of axes.toReversed()) {
    const count = Math.floor((to - from) / step) + 1;
    values[key] = from + (rest % count) * step;
    rest = Math.floor(rest / count);
  }
  return strategyParameters(strategy, values);
}

function isAccepted(strategy: string, combination: Combination): boolean {
  try {
    createStrategy(strategy, combination);
    return true;
  } catch (error) {
    if (error instanceof StrategyParameterError) return false;
    throw error;
  }
}

function accepted(strategy: string, combinations: Combination[], refused: number): Trials {
  if (combinations.length === 0) throw new SweepError(`${strategy} accepts nothing of this grid`);
  return { combinations: combinations.sort(byValues(strategy)), refused };
}

function byValues(strategy: string): (a: Combination, b: Combination) => number {
  const keys = STRATEGIES.find((s) => s.name === strategy)?.parameters.map((p) => p.name) ?? [];
  return (a, b) => {
    for (const key of keys) {
      const difference = (a[key] as number) - (b[key] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** `count` of `all` in their order; all of them where there are no more. */
function drawn<Item>(all: readonly Item[], count: number, random: () => number): Item[] {
  const picked: Item[] = [];
  for (const [i, item] of all.entries()) {
    const isTaken = random() * (all.length - i) < count - picked.length;
    if (isTaken) picked.push(item);
  }
  return picked;
}

/** Numbers in [0, 1) from a seed: a Weyl sequence through an integer mixer. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
