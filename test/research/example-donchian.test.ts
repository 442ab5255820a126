/**
 * Goal: the worked example of research/adding-a-strategy.md does what the page says. Method: both forms over random closes
 * with gaps, compared bar by bar, and against the rule in its plainest words.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import type { Bars } from '../../research/data/bars.ts';
import { DonchianBreakout } from '../../research/example/donchian-breakout.ts';
import { donchianBreakout } from '../../research/example/donchian-breakout-vectorized.ts';
import { StrategyManager } from '../../shared/core/strategy/strategy-manager.ts';
import type { HalfTicks, Lots, Money, TimeMs } from '../../shared/core/units.ts';
import { barsOf, walk } from './vectorized-support.ts';

/** The event-driven form behind the engine's own manager: what is warm, and what a gap does, is its word. */
function eventDriven(bars: Bars, window: number): number[] {
  const manager = new StrategyManager(bars.intervalMs);
  manager.add(new DonchianBreakout({ window }), { kind: 'lots', lots: 1 as Lots });
  const instrument = instrumentOf(bars);
  return Array.from(bars.close, (close, bar) => {
    const price = (2 * close) as HalfTicks;
    const openMs = bars.openMs[bar] as TimeMs;
    const { signals } = manager.onCandle(
      {
        openMs,
        intervalMs: bars.intervalMs,
        open: price,
        high: price,
        low: price,
        close: price,
        source: 'trade',
        isPartial: false,
        gapBefore: 0,
      },
      () => ({ equity: 0 as Money, instrument, nowMs: (openMs + bars.intervalMs) as TimeMs }),
    );
    return signals[0]?.direction ?? 0;
  });
}

/** The rule as one would say it, for data without gaps. */
function naive(closes: readonly number[], window: number): number[] {
  let side = 0;
  return closes.map((close, bar) => {
    const before = closes.slice(Math.max(0, bar - window), bar);
    if (before.length < window) return 0;
    const now = close > Math.max(...before) ? 1 : close < Math.min(...before) ? -1 : 0;
    if (now === 0 || now === side) return 0;
    side = now;
    return now;
  });
}

const close = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20_000_000 }));
const rows = fc.array(
  fc.record({
    close,
    gap: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
  }),
  { maxLength: 150 },
);
const windows = fc.integer({ min: 1, max: 20 });

describe('the worked example, DonchianBreakout', () => {
  it('says the same vectorised and event-driven, for any closes, gaps and windows', () => {
    fc.assert(
      fc.property(rows, windows, (data, window) => {
        const bars = barsOf(data);
        expect([...donchianBreakout.signals(bars, { window })]).toEqual(eventDriven(bars, window));
      }),
      { numRuns: 200 },
    );
  });

  it('says what the rule says in plain words', () => {
    fc.assert(
      fc.property(fc.array(close, { maxLength: 120 }), windows, (closes, window) => {
        const signals = donchianBreakout.signals(barsOf(closes), { window });
        expect([...signals]).toEqual(naive(closes, window));
      }),
      { numRuns: 200 },
    );
  });

  it('is equal over long walks, where it signals often', () => {
    const bars = barsOf(walk(5_000, 4));
    const signals = [...donchianBreakout.signals(bars, { window: 48 })];
    expect(signals.filter(Boolean).length).toBeGreaterThan(20);
    expect(signals).toEqual(eventDriven(bars, 48));
  });

  it('does not count a close into the channel that it must leave, and a tie is no breakout', () => {
    const bars = barsOf([10, 12, 11, 12, 13, 12, 10, 9]);
    expect([...donchianBreakout.signals(bars, { window: 3 })]).toEqual([0, 0, 0, 0, 1, 0, -1, 0]);
  });

  it('names on its page only files and folders that exist', () => {
    const page = new URL('../../research/adding-a-strategy.md', import.meta.url);
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+)\)/g)].map(([, to]) => to);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(() => readFileSync(new URL(link ?? '', page))).not.toThrow();
  });
});
