/**
 * The probability of backtest overfitting by combinatorially symmetric cross-validation: how often the
 * combination that is best on one half of the history is below the median on the other half.
 *
 * D. H. Bailey, J. Borwein, M. López de Prado and Q. J. Zhu, "The Probability of Backtest Overfitting",
 * Journal of Computational Finance 20(4), 2017. Days are cut into S equal blocks; each of the C(S, S/2)
 * choices of half of them is a training set, the rest its test set. With r the rank of the chosen one
 * among N in the test set, ω = r/(N + 1) and λ = ln(ω/(1 - ω)), the probability is the share of λ <= 0.
 */
import type { Outcome } from './ledger-rules.ts';
import { dailySharpe, type Stretch, stretch } from './stretch.ts';

export interface Overfitting {
  readonly blocks: number;
  readonly splits: number;
  readonly probability: number;
  /** Median of λ over the splits: above 0 the chosen one tends to stay above the median. */
  readonly medianLogit: number;
}

/** Days at which blocks begin and end. */
export function blockBounds(days: number, blocks: number): number[] {
  return Array.from({ length: blocks + 1 }, (_, i) => Math.floor((i * days) / blocks));
}

/** `sums[n][b]` are the sums of combination n in block b. `blocks` is even. Null for fewer than two combinations. */
export function overfitting(sums: readonly (readonly Stretch[])[]): Overfitting | null {
  const blocks = sums[0]?.length ?? 0;
  if (sums.length < 2 || blocks < 2 || blocks % 2 !== 0) return null;
  const logits: number[] = [];
  for (const training of halves(blocks)) {
    const all = 2 ** blocks - 1;
    const inSample = sharpesIn(sums, training);
    const outOfSample = sharpesIn(sums, all & ~training);
    const best = indexOfMost(inSample);
    const share = rankOf(outOfSample, best) / (sums.length + 1);
    logits.push(Math.log(share / (1 - share)));
  }
  logits.sort((a, b) => a - b);
  return {
    blocks,
    splits: logits.length,
    probability: logits.filter((logit) => logit <= 0).length / logits.length,
    medianLogit:
      ((logits[(logits.length - 1) >> 1] as number) + (logits[logits.length >> 1] as number)) / 2,
  };
}

/** The sums of every outcome in each block of days. */
export function blockSums(outcomes: readonly Outcome[], bounds: readonly number[]): Stretch[][] {
  return outcomes.map((outcome) =>
    bounds.slice(1).map((end, i) => stretch(outcome, bounds[i] as number, end)),
  );
}

/** Every choice of half of the blocks, as bits. */
function* halves(blocks: number): Generator<number> {
  for (let bits = 0; bits < 2 ** blocks; bits++) {
    let count = 0;
    for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
    if (count === blocks / 2) yield bits;
  }
}

function sharpesIn(sums: readonly (readonly Stretch[])[], chosen: number): Float64Array {
  const sharpes = new Float64Array(sums.length);
  for (const [n, row] of sums.entries()) {
    let [days, sum, sumSquares] = [0, 0, 0];
    for (let block = 0; block < row.length; block++) {
      if (((chosen >> block) & 1) === 0) continue;
      const part = row[block] as Stretch;
      days += part.days;
      sum += part.sum;
      sumSquares += part.sumSquares;
    }
    sharpes[n] = dailySharpe({ days, sum, sumSquares });
  }
  return sharpes;
}

function indexOfMost(values: Float64Array): number {
  let most = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) > (values[most] as number)) most = i;
  }
  return most;
}

/** 1 for the worst; equal ones share the middle of their ranks. */
function rankOf(values: Float64Array, index: number): number {
  const value = values[index] as number;
  let below = 0;
  let equal = 0;
  for (const other of values) {
    if (other < value) below += 1;
    else if (other === value) equal += 1;
  }
  return below + (equal + 1) / 2;
}
