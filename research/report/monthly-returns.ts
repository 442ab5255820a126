/** Returns by calendar month, UTC. */
import type { RunResult } from '../accounting/run-result.ts';
import type { Bars } from '../data/bars.ts';
import { DAY_MS, dailyEquity } from '../metrics/daily-equity.ts';

export interface YearOfReturns {
  readonly year: number;
  /** January first; null for months without data. The first and last may be parts of months. */
  readonly months: readonly (number | null)[];
  /** Of what the data covers of the year. */
  readonly total: number;
}

/** Oldest first. Returns are NaN or infinite after a ruin. */
export function monthlyReturns(bars: Bars, run: RunResult): YearOfReturns[] {
  const daily = dailyEquity(bars, run.equity);
  const firstDay = Math.floor((bars.openMs[0] as number) / DAY_MS);
  const years: { year: number; months: (number | null)[]; start: number; end: number }[] = [];
  let before = run.cash;
  daily.forEach((equity, i) => {
    const date = new Date((firstDay + i) * DAY_MS);
    const tomorrow = new Date((firstDay + i + 1) * DAY_MS);
    if (tomorrow.getUTCMonth() === date.getUTCMonth() && i + 1 < daily.length) return;
    const year = date.getUTCFullYear();
    let entry = years.at(-1);
    if (entry?.year !== year) {
      entry = { year, months: new Array<number | null>(12).fill(null), start: before, end: before };
      years.push(entry);
    }
    entry.months[date.getUTCMonth()] = equity / before - 1;
    entry.end = equity;
    before = equity;
  });
  return years.map(({ year, months, start, end }) => ({ year, months, total: end / start - 1 }));
}
