/** Goal: every kernel says what the plain ledger says, for every combination, gaps, ties and fees included. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Bars } from '../../research/data/bars.ts';
import { columnsOf } from '../../research/sweep/columns.ts';
import type { CrossoverKernel } from '../../research/sweep/crossover-kernel.ts';
import type { LedgerRules, Outcome } from '../../research/sweep/ledger-rules.ts';
import { signalKernel } from '../../research/sweep/signal-kernel.ts';
import { timelineOf } from '../../research/sweep/timeline.ts';
import { typescriptKernel } from '../../research/sweep/typescript-kernel.ts';
import { wasmKernel } from '../../research/sweep/wasm-kernel.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { plainOutcome, walk } from './sweep-support.ts';

const WASM = 'research/sweep/kernel.wasm';
/** Both sum the same numbers in another order; nothing else may differ. */
const RELATIVE = 1e-10;

let kernels: Record<'wasm' | 'typescript', CrossoverKernel>;

beforeAll(async () => {
  kernels = {
    wasm: await wasmKernel(new Uint8Array(readFileSync(WASM))),
    typescript: typescriptKernel,
  };
});

function expectEqual(outcome: Outcome, plain: ReturnType<typeof plainOutcome>): void {
  const last = outcome.marks.at(-1)!;
  expect([outcome.signals, outcome.fills, last.days]).toEqual([
    plain.signals,
    plain.fills,
    plain.days,
  ]);
  expect(outcome.equityMultiple).toBe(last.equity);
  const pairs: [number, number][] = [
    [outcome.equityMultiple, plain.equityMultiple],
    [1 - outcome.maxDrawdown, 1 - plain.maxDrawdown],
    [1 + outcome.fees, 1 + plain.fees],
    [1 + last.sum, 1 + plain.sum],
    [1 + last.sumSquares, 1 + plain.sumSquares],
  ];
  for (const [ours, theirs] of pairs) {
    expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(RELATIVE * Math.abs(theirs));
  }
}

function check(bars: Bars, windows: readonly (readonly [number, number])[], rules: LedgerRules) {
  const columns = columnsOf(bars);
  const timeline = timelineOf(bars);
  const crossovers = windows.map(([fast, slow]) => ({ fast, slow }));
  const values = windows.map(([fastWindow, slowWindow]) => ({ fastWindow, slowWindow }));
  const shared = { columns, timeline, rules, markDays: [timeline.days] };
  const results = [
    kernels.wasm({ ...shared, crossovers }),
    kernels.typescript({ ...shared, crossovers }),
    signalKernel({ ...shared, bars, strategy: 'SmaCrossover', combinations: values }),
  ];
  for (const [i, value] of values.entries()) {
    const plain = plainOutcome(bars, vectorizedSignals('SmaCrossover', bars, value), rules);
    // What the exchange would take away is outside the kernels' claim.
    fc.pre(!plain.isMarginCall);
    for (const outcomes of results) expectEqual(outcomes[i]!, plain);
  }
}

const arbitraryBars = fc
  .record({
    length: fc.integer({ min: 1, max: 2_500 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    intervalMs: fc.constantFrom(60_000, 300_000, 3_600_000),
    step: fc.constantFrom(0, 0.000_01, 0.004, 0.03),
    gapBars: fc.constantFrom(1, 7, 80),
    gapsAt: fc.array(fc.integer({ min: 1, max: 2_500 }), { maxLength: 4 }),
  })
  .map(walk);

const arbitraryWindows = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 120 }))
    .map(([fast, more]) => [fast, fast + more] as const),
  { minLength: 1, maxLength: 9 },
);

describe('sweep kernels', () => {
  it('equal the plain ledger on random candles', () => {
    const rules = fc.record({
      size: fc.constantFrom(0.1, 0.5, 1),
      feeRate: fc.constantFrom(0, 0.0005, 0.002, -0.0001),
    });
    fc.assert(fc.property(arbitraryBars, arbitraryWindows, rules, check), { numRuns: 60 });
  });

  it('equal the plain ledger where averages tie all the time', () => {
    check(
      walk({ length: 900, seed: 3, step: 0 }),
      [
        [2, 3],
        [5, 40],
      ],
      { size: 1, feeRate: 0.0005 },
    );
  });

  it('equal the plain ledger for a strategy without a kernel of its own', () => {
    const bars = walk({ length: 4_000, seed: 11, gapsAt: [1_500] });
    const timeline = timelineOf(bars);
    const rules = { size: 1, feeRate: 0.0005 };
    const combinations = [
      { longWindow: 30, smoothingWindow: 4 },
      { longWindow: 100, smoothingWindow: 10 },
    ];
    const strategy = 'SmaCrossoverInflection';
    const markDays = [timeline.days];
    const job = {
      bars,
      columns: columnsOf(bars),
      timeline,
      rules,
      markDays,
      strategy,
      combinations,
    };
    for (const [i, outcome] of signalKernel(job).entries()) {
      const signals = vectorizedSignals(strategy, bars, combinations[i]!);
      expectEqual(outcome, plainOutcome(bars, signals, rules));
    }
  });

  it('read the same running sums at every asked day', () => {
    const bars = walk({ length: 5_000, seed: 5 });
    const timeline = timelineOf(bars);
    const shared = { columns: columnsOf(bars), timeline, rules: { size: 1, feeRate: 0.0005 } };
    const markDays = [1, 3, timeline.days];
    const crossovers = [{ fast: 3, slow: 9 }];
    const [wasm] = kernels.wasm({ ...shared, markDays, crossovers });
    const [plain] = kernels.typescript({ ...shared, markDays, crossovers });
    expect(wasm!.marks.map(({ days }) => days)).toEqual(markDays);
    for (const [i, mark] of wasm!.marks.entries()) {
      expect(mark.equity).toBeCloseTo(plain!.marks[i]!.equity, 12);
    }
    const upToDayThree = walk({ length: 5_000, seed: 5 });
    const end = timeline.tiles.findIndex(({ daysDone }) => daysDone === 3);
    const length = timeline.tiles[end]!.first + timeline.tiles[end]!.count;
    const cut = { ...upToDayThree, length, openMs: upToDayThree.openMs.slice(0, length) };
    const [short] = kernels.wasm({
      ...shared,
      columns: columnsOf(cut),
      timeline: timelineOf(cut),
      markDays: [3],
      crossovers,
    });
    expect(short!.marks[0]).toEqual(wasm!.marks[1]);
  });

  it('keep the sums of the day before where a day has no bar', () => {
    // Two hours of day 1, then 80 hours of nothing: days 2 to 4 are missing.
    const bars = walk({ length: 90, seed: 7, intervalMs: 3_600_000, gapsAt: [2], gapBars: 80 });
    const timeline = timelineOf(bars);
    const rules = { size: 1, feeRate: 0.0005 };
    const markDays = [1, 3, timeline.days];
    const job = { columns: columnsOf(bars), timeline, rules, markDays };
    for (const kernel of Object.values(kernels)) {
      const [first, missing, last] = kernel({ ...job, crossovers: [{ fast: 1, slow: 2 }] })[0]!
        .marks;
      expect(missing).toEqual({ ...first!, days: 3 });
      expect(last!.days).toBe(8);
      expect(last!.sumSquares).toBeGreaterThan(0);
    }
  });

  it('refuse windows whose averages floats cannot tell apart', () => {
    const bars = walk({ length: 10, seed: 1 });
    const timeline = timelineOf(bars);
    const job = {
      columns: columnsOf(bars),
      timeline,
      rules: { size: 1, feeRate: 0 },
      markDays: [1],
    };
    for (const kernel of Object.values(kernels)) {
      expect(() => kernel({ ...job, crossovers: [{ fast: 1, slow: 100_000 }] })).toThrow(
        /too long/,
      );
    }
  });

  it('is built from the source that lies beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-wasm-'));
    try {
      const out = join(folder, 'kernel.wasm');
      execFileSync('npm', ['run', '--silent', 'wasm', '--', '-o', out], { stdio: 'pipe' });
      expect(readFileSync(out).equals(readFileSync(WASM))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
