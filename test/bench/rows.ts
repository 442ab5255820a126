/** The rows a benchmark prints, and the few statistics behind them. */

/** One figure beside its peer's, measured in the same run. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the peer is and does, so that the ratio can be judged. */
  readonly peer: string;
  readonly peerValue: number;
  /** How many times better than the peer: above 1 is better, whichever way the unit counts. */
  readonly ratio: number;
  /** What is demanded, e.g. "value <= 200"; rows without one only inform. */
  readonly limit?: string;
  readonly met?: boolean;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string;
  readonly peerValue: number;
  /** True for rates; false, the default, for times and sizes. */
  readonly isMoreBetter?: boolean;
  readonly limit?:
    | { readonly valueMax: number }
    | { readonly valueMin: number }
    | { readonly ratioMin: number };
}

export function row(figure: Figure): BenchRow {
  const { name, value, unit, peer, peerValue, isMoreBetter = false, limit } = figure;
  const ratio = isMoreBetter ? value / peerValue : peerValue / value;
  const plain = {
    name,
    value: rounded(value),
    unit,
    peer,
    peerValue: rounded(peerValue),
    ratio: rounded(ratio),
  };
  if (!limit) return plain;
  if ('valueMax' in limit) {
    return { ...plain, limit: `value <= ${limit.valueMax}`, met: value <= limit.valueMax };
  }
  if ('valueMin' in limit) {
    return { ...plain, limit: `value >= ${limit.valueMin}`, met: value >= limit.valueMin };
  }
  return { ...plain, limit: `ratio >= ${limit.ratioMin}`, met: ratio >= limit.ratioMin };
}

/** Three significant digits: the machine's noise is larger than the fourth. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The value that `share` (0 to 1) of all lie at or below; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nanoseconds that `work` takes. */
export function elapsedNs(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

/**
 * Runs the parties by turns, so that a busy machine strikes all alike, and gives each one's median.
 * The first `warmUp` rounds do not count: the compiler takes its time.
 */
export function interleaved<Name extends string>(
  parties: Readonly<Record<Name, () => number>>,
  { warmUp, rounds }: { warmUp: number; rounds: number },
): Record<Name, number> {
  const names = Object.keys(parties) as Name[];
  const values = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const name of names) {
      const value = parties[name]();
      if (round >= warmUp) values.get(name)?.push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(values.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}
