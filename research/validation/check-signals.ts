/** The two forms of a strategy on the same candles: as they are, with gaps, and after a restart in the middle. */
import type { Candle } from '../../shared/core/market/candle.ts';
import { Random } from '../../shared/simulation/random.ts';
import type { Bars } from '../data/bars.ts';
import { detectLookAhead } from '../honesty/look-ahead.ts';
import { countGaps } from '../vectorized/contiguous.ts';
import { type Check, Comparison } from './check.ts';
import { joinSignals, type SignalRows } from './join-signals.ts';
import { candlesOf, runEventDriven, type StrategyPair, vectorizedRows } from './strategy-pair.ts';

const RESTARTS = 24;
const LOOK_AHEAD_CUTS = 40;

/** Every bar from the first on, warm-up included; then the gaps that each side saw. */
export function checkSignals(pair: StrategyPair, bars: Bars, name: string): Check {
  const sides = 'vectorised and event-driven signals, bar by bar';
  const comparison = new Comparison({ name, strategy: pair.name, sides });
  const { rows, gaps } = runEventDriven(pair, bars, { live: candlesOf(bars) });
  joinSignals(comparison, {
    left: { name: 'vectorised', rows: vectorizedRows(pair, bars) },
    right: { name: 'event-driven', rows },
  });
  const seen = { left: countGaps(bars), right: gaps };
  comparison.same(bars.openMs[0] ?? 0, 'gaps in the data and gaps seen', seen);
  return comparison.result();
}

/**
 * Cut anywhere and around signals, the event-driven form begins again, warmed as a trader would be: with the
 * candles before the cut that follow each other, as many as it asks for. From there on it must say what the
 * uninterrupted vectorised form says. The last candle of history comes a second time, as it may live.
 */
export function checkRestarts(pair: StrategyPair, bars: Bars, seed: number): Check {
  const sides = 'uninterrupted vectorised and restarted event-driven signals, bar by bar';
  const comparison = new Comparison({ name: 'restarts', strategy: pair.name, sides });
  const candles = candlesOf(bars);
  const whole = vectorizedRows(pair, bars);
  for (const cut of restartPoints(whole, new Random(seed).split('restarts'))) {
    const history = historyBefore(candles, cut, pair.create().warmUpCandles);
    const live = [...history.slice(-1), ...candles.slice(cut)];
    const { rows } = runEventDriven(pair, bars, { history, live });
    const fromMs = candles[cut]?.openMs;
    const left = { name: 'uninterrupted', rows: whole };
    joinSignals(comparison, { left, right: { name: 'restarted', rows } }, fromMs);
  }
  return comparison.result();
}

export function checkLookAhead(pair: StrategyPair, bars: Bars, seed: number): Check {
  const sides = 'past signals with the future as it was, and cut off or altered; cuts';
  const comparison = new Comparison({ name: 'look-ahead', strategy: pair.name, sides });
  const source = { name: pair.name, signals: (given: Bars) => pair.vectorized(given) };
  const { cuts, failures } = detectLookAhead(bars, source, { cuts: LOOK_AHEAD_CUTS, seed });
  comparison.compared(2 * cuts);
  for (const { openMs, before, after, change } of failures) {
    comparison.differs(openMs, `${before} became ${after} when the future was ${change}`);
  }
  return comparison.result();
}

/** Half of them just before, at or just after a signal, where a lost state shows at once. */
function restartPoints({ signals }: SignalRows, random: Random): number[] {
  const { length } = signals;
  if (length < 2) return [];
  const signalled = Array.from(signals).flatMap((signal, bar) => (signal === 0 ? [] : [bar]));
  const anywhere = (bound: number) => Math.floor((random.next() / 4_294_967_296) * bound);
  const points = new Set<number>();
  for (let i = 0; i < RESTARTS; i++) {
    const signal = signalled[anywhere(signalled.length)];
    const isNear = i % 2 === 0 && signal !== undefined;
    const point = isNear ? signal + random.between(-1, 1) : anywhere(length);
    points.add(Math.min(Math.max(point, 1), length - 1));
  }
  return [...points].sort((a, b) => a - b);
}

function historyBefore(candles: readonly Candle[], cut: number, count: number): Candle[] {
  const history: Candle[] = [];
  for (let i = cut - 1; i >= 0 && history.length < count; i--) {
    const candle = candles[i] as Candle;
    const next = candles[i + 1] as Candle;
    if (i < cut - 1 && next.gapBefore > 0) break;
    history.push(candle);
  }
  return history.reverse();
}
