/** An outcome as a row of doubles: how it leaves a worker, and how it lies in a checkpoint. */
import type { Mark, Outcome } from './ledger-rules.ts';

const HEAD = 5;
const MARK = 3;

export function rowLength(markCount: number): number {
  return HEAD + markCount * MARK;
}

/** All outcomes of a job, one row after another. */
export function toRows(outcomes: readonly Outcome[], markCount: number): Float64Array<ArrayBuffer> {
  const rows = new Float64Array(outcomes.length * rowLength(markCount));
  for (const [i, outcome] of outcomes.entries()) {
    const { equityMultiple, maxDrawdown, fees, signals, fills, marks } = outcome;
    const sums = marks.flatMap(({ equity, sum, sumSquares }) => [equity, sum, sumSquares]);
    rows.set(
      [equityMultiple, maxDrawdown, fees, signals, fills, ...sums],
      i * rowLength(markCount),
    );
  }
  return rows;
}

export function fromRows(rows: Float64Array, markDays: readonly number[]): Outcome[] {
  const length = rowLength(markDays.length);
  return Array.from({ length: rows.length / length }, (_, i) => {
    const row = rows.subarray(i * length, (i + 1) * length);
    const [equityMultiple = 0, maxDrawdown = 0, fees = 0, signals = 0, fills = 0] = row;
    const marks = markDays.map((days, mark): Mark => {
      const at = HEAD + mark * MARK;
      const [equity = 0, sum = 0, sumSquares = 0] = row.subarray(at, at + MARK);
      return { days, equity, sum, sumSquares };
    });
    return { equityMultiple, maxDrawdown, fees, signals, fills, marks };
  });
}
