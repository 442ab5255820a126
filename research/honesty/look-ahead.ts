/**
 * Finds strategies that read the future. A strategy is run on all bars, then again with everything from a cut on
 * missing, and again with it replaced by other prices. What it said before the cut must not change. It proves the
 * presence of look-ahead, never its absence: a leak that no cut meets goes unseen, so cuts are many and some are
 * put right after signals, where a shift by one bar shows.
 */
import { Random } from '../../shared/simulation/random.ts';
import type { Bars } from '../data/bars.ts';

/** Anything that gives one signal a bar: vectorised or event-driven, see signal-sources.ts. */
export interface SignalSource {
  readonly name: string;
  /** One entry a bar: 1, -1, or 0 for none. Must give the same for the same bars. */
  signals(bars: Bars): Int8Array;
}

export type FutureChange = 'cut off' | 'altered';

/** A signal that depended on bars after it. */
export interface LookAhead {
  readonly strategy: string;
  readonly bar: number;
  readonly openMs: number;
  /** The future that was changed began at this bar. */
  readonly cut: number;
  readonly change: FutureChange;
  readonly before: number;
  readonly after: number;
}

export interface LookAheadReport {
  readonly strategy: string;
  /** Cut points, each tried with the future cut off and with it altered. */
  readonly cuts: number;
  readonly seed: number;
  /** The first changed signal of each cut and change; none is a pass. */
  readonly failures: readonly LookAhead[];
}

export interface LookAheadOptions {
  /** Cut points to try, where there are so many. */
  readonly cuts: number;
  readonly seed: number;
}

/** Throws what `source` throws. */
export function detectLookAhead(
  bars: Bars,
  source: SignalSource,
  { cuts, seed }: LookAheadOptions,
): LookAheadReport {
  const random = new Random(seed).split('look-ahead');
  // Copies, here and below: a strategy must not reach what lies behind a view.
  const whole = source.signals(withFuture(bars, bars.length, random)).slice();
  const points = cutPoints(whole, cuts, random);
  const failures: LookAhead[] = [];
  for (const cut of points) {
    const futures: [FutureChange, Bars][] = [
      ['cut off', firstBars(bars, cut)],
      ['altered', withFuture(bars, cut, random)],
    ];
    for (const [change, changed] of futures) {
      const again = source.signals(changed);
      const bar = firstDifference(whole, again, cut);
      if (bar === null) continue;
      failures.push({
        strategy: source.name,
        bar,
        openMs: bars.openMs[bar] as number,
        cut,
        change,
        before: whole[bar] as number,
        after: again[bar] ?? 0,
      });
    }
  }
  return { strategy: source.name, cuts: points.length, seed, failures };
}

/** Half of them right after signals, spread evenly; the others anywhere. Rising, none twice. */
function cutPoints(signals: Int8Array, cuts: number, random: Random): number[] {
  const length = signals.length;
  const points = new Set<number>();
  const signalled = [...signals.keys()].filter((bar) => signals[bar] !== 0 && bar + 1 < length);
  const half = Math.min(signalled.length, Math.ceil(cuts / 2));
  for (let i = 0; i < half; i++) {
    points.add((signalled[Math.floor((i * signalled.length) / half)] as number) + 1);
  }
  const most = Math.min(cuts, length - 1);
  while (points.size < most) {
    points.add(1 + Math.floor((random.next() / 4_294_967_296) * (length - 1)));
  }
  return [...points].sort((a, b) => a - b);
}

function firstBars(bars: Bars, length: number): Bars {
  return {
    ...bars,
    length,
    openMs: bars.openMs.slice(0, length),
    open: bars.open.slice(0, length),
    high: bars.high.slice(0, length),
    low: bars.low.slice(0, length),
    close: bars.close.slice(0, length),
    volume: bars.volume.slice(0, length),
  };
}

/** A copy whose bars from `cut` on are a walk in steps of up to 1 %, away from where the real ones go. */
function withFuture(bars: Bars, cut: number, random: Random): Bars {
  const copy = firstBars(bars, bars.length);
  if (cut >= bars.length) return copy;
  const last = bars.close[cut - 1] as number;
  const isRising = (bars.close[bars.length - 1] as number) > last;
  let price = isRising ? last * 0.9 : last * 1.1;
  for (let bar = cut; bar < bars.length; bar++) {
    const open = Math.max(1, Math.round(price));
    price = Math.min(Math.max(price * (1 + random.between(-1_000, 1_000) / 100_000), 2), 2 ** 30);
    const close = Math.round(price);
    copy.open[bar] = open;
    copy.close[bar] = close;
    copy.high[bar] = Math.max(open, close) + 1;
    copy.low[bar] = Math.max(1, Math.min(open, close) - 1);
    copy.volume[bar] = random.below(1_000);
  }
  return copy;
}

function firstDifference(whole: Int8Array, again: Int8Array, cut: number): number | null {
  for (let bar = 0; bar < cut; bar++) if (whole[bar] !== again[bar]) return bar;
  return null;
}
