/** A part of a sweep that one worker does at a time, and the kernel that does it. */
import { readFileSync } from 'node:fs';
import { columnsOf } from './columns.ts';
import type { CrossoverKernel } from './crossover-kernel.ts';
import type { Combination } from './grid.ts';
import type { LedgerRules, Outcome, SweepBars } from './ledger-rules.ts';
import { signalKernel } from './signal-kernel.ts';
import { timelineOf } from './timeline.ts';
import { typescriptKernel } from './typescript-kernel.ts';
import { wasmKernel } from './wasm-kernel.ts';

export const KERNEL_FILE = new URL('./kernel.wasm', import.meta.url);

/** `signals` takes any strategy; the others only SmaCrossover. */
export type KernelName = 'wasm' | 'typescript' | 'signals';

/** What all jobs of a sweep have in common. Its columns lie in shared memory. */
export interface SweepTask {
  readonly bars: SweepBars;
  readonly strategy: string;
  readonly rules: LedgerRules;
  readonly markDays: readonly number[];
  readonly kernel: KernelName;
}

/** Combinations that share the slow averages of a tile, and what a kill costs at most. */
const COMBINATIONS_A_JOB = 500;
/** Small sweeps are cut as well, so that every core has work. */
const JOBS_MIN = 8;

/** The kernel a strategy has; each strategy has the generic one. */
export function kernelFor(strategy: string): KernelName {
  return strategy === 'SmaCrossover' ? 'wasm' : 'signals';
}

/** [from, to) of each job. Depends on nothing but the count, so that a resumed sweep has the same jobs. */
export function jobRanges(combinations: number): [from: number, to: number][] {
  const size = Math.max(2, Math.min(COMBINATIONS_A_JOB, Math.ceil(combinations / JOBS_MIN)));
  return Array.from({ length: Math.ceil(combinations / size) }, (_, i) => [
    i * size,
    Math.min(combinations, (i + 1) * size),
  ]);
}

/** Prepares what all jobs share; the function does one job. */
export async function jobRunner(
  task: SweepTask,
): Promise<(combinations: readonly Combination[]) => Outcome[]> {
  const { bars, strategy, rules, markDays, kernel } = task;
  const shared = { columns: columnsOf(bars), timeline: timelineOf(bars), rules, markDays };
  if (kernel === 'signals') {
    return (combinations) => signalKernel({ ...shared, bars, strategy, combinations });
  }
  const crossover: CrossoverKernel =
    kernel === 'wasm'
      ? await wasmKernel(new Uint8Array(readFileSync(KERNEL_FILE)))
      : typescriptKernel;
  return (combinations) =>
    crossover({
      ...shared,
      crossovers: combinations.map(({ fastWindow = 0, slowWindow = 0 }) => ({
        fast: fastWindow,
        slow: slowWindow,
      })),
    });
}
