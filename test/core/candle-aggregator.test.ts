/**
 * Goal: every candle is what its mids make it, closed once, never reopened, and honest about what is
 * missing. Method: hand-made mids, and random ones against a model that keeps everything.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import { INTERVALS, intervalMs } from '../../shared/core/market/candle.ts';
import { CandleAggregator } from '../../shared/core/market/candle-aggregator.ts';
import type { HalfTicks } from '../../shared/core/units.ts';
import { ms } from './support.ts';

const mid = (value: number) => value as HalfTicks;

/** Feeds [time, mid] pairs to an aggregator of ten milliseconds. */
function feed(aggregator: CandleAggregator, ...mids: readonly (readonly [number, number])[]) {
  return mids.map(([timeMs, value]) => aggregator.onMid(ms(timeMs), mid(value)));
}

describe('closing', () => {
  it('comes with the first mid at or past the end', () => {
    const [, , closed] = feed(new CandleAggregator(10), [100, 5], [109, 7], [110, 6]);
    expect(closed).toMatchObject({
      openMs: 100,
      open: 5,
      high: 7,
      low: 5,
      close: 7,
      source: 'mid',
    });
  });

  it('comes by time where no mid does, exactly at the end', () => {
    const aggregator = new CandleAggregator(10);
    feed(aggregator, [100, 5]);
    expect(aggregator.endMs).toBe(110);
    expect(aggregator.closeDue(ms(109))).toBeNull();
    expect(aggregator.closeDue(ms(110))).toMatchObject({ openMs: 100, close: 5 });
    expect(aggregator.closeDue(ms(500))).toBeNull();
    expect(aggregator.endMs).toBeNull();
  });

  it('is for good: a late mid is dropped and counted, not merged', () => {
    const aggregator = new CandleAggregator(10);
    feed(aggregator, [100, 5]);
    aggregator.closeDue(ms(110));
    expect(feed(aggregator, [105, 99], [99, 98])).toEqual([null, null]);
    feed(aggregator, [110, 6], [104, 1]);
    expect(aggregator.lateMids).toBe(3);
    expect(aggregator.closeDue(ms(120))).toMatchObject({ openMs: 110, high: 6, low: 6 });
  });

  it('tells how many whole intervals had no mid before it', () => {
    const aggregator = new CandleAggregator(10);
    const candles = feed(aggregator, [100, 5], [145, 6], [150, 7]).filter((c) => c !== null);
    expect(candles.map((c) => c.gapBefore)).toEqual([0, 3]);
    expect(aggregator.closeDue(ms(200))?.gapBefore).toBe(0);
  });
});

describe('a partial candle', () => {
  const partial = (candles: readonly (MidPriceCandle | null)[]) =>
    candles.filter((c) => c !== null).map((c) => c.isPartial);

  it('is the first, unless the feed began with it', () => {
    expect(partial(feed(new CandleAggregator(10), [103, 5], [110, 5], [120, 5]))).toEqual([
      true,
      false,
    ]);
    expect(partial(feed(new CandleAggregator(10), [100, 5], [110, 5]))).toEqual([false]);
  });

  it('is the one the feed broke in and the one it came back in', () => {
    const aggregator = new CandleAggregator(10);
    feed(aggregator, [100, 5], [110, 5]);
    aggregator.interrupt();
    expect(partial(feed(aggregator, [133, 5], [140, 5], [150, 5]))).toEqual([true, true, false]);
  });

  it('is one only, where the feed came back within it', () => {
    const aggregator = new CandleAggregator(10);
    feed(aggregator, [100, 5]);
    aggregator.interrupt();
    expect(partial(feed(aggregator, [105, 5], [110, 5], [120, 5]))).toEqual([true, false]);
  });

  it('comes after a break between two candles', () => {
    const aggregator = new CandleAggregator(10);
    feed(aggregator, [100, 5]);
    aggregator.closeDue(ms(110));
    aggregator.interrupt();
    expect(partial(feed(aggregator, [112, 5], [120, 5]))).toEqual([true]);
  });
});

describe('any series of mids', () => {
  const step = fc.record({
    byMs: fc.integer({ min: -15, max: 25 }),
    value: fc.integer({ min: 1, max: 1_000 }),
    close: fc.boolean(),
  });

  it('gives the candles of a model that keeps every mid', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const aggregator = new CandleAggregator(10);
        const kept = new Map<number, number[]>();
        const closed: MidPriceCandle[] = [];
        let now = 1_000;
        let late = 0;
        let newest = -1;
        let floor = -1;
        for (const { byMs, value, close } of steps) {
          const at = Math.max(0, now + byMs);
          now = Math.max(now, at);
          if (close) {
            const candle = aggregator.closeDue(ms(now));
            if (candle) closed.push(candle);
            if (newest >= 0 && now >= newest + 10) floor = Math.max(floor, newest);
            continue;
          }
          const bucket = at - (at % 10);
          if (bucket < newest || bucket <= floor) {
            late += 1;
          } else {
            if (bucket > newest && newest >= 0) floor = Math.max(floor, newest);
            newest = bucket;
            kept.set(bucket, [...(kept.get(bucket) ?? []), value]);
          }
          const candle = aggregator.onMid(ms(at), mid(value));
          if (candle) closed.push(candle);
        }
        const last = aggregator.closeDue(ms(now + 10));
        if (last) closed.push(last);
        const expected = [...kept].map(([openMs, values]) => ({
          openMs,
          open: values[0],
          high: Math.max(...values),
          low: Math.min(...values),
          close: values.at(-1),
        }));
        expect(closed).toMatchObject(expected);
        expect(closed).toHaveLength(expected.length);
        expect(aggregator.lateMids).toBe(late);
        for (const [i, candle] of closed.entries()) {
          const before = closed[i - 1];
          const gap = before ? (candle.openMs - before.openMs) / 10 - 1 : 0;
          expect(candle.gapBefore).toBe(gap);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('intervals', () => {
  it('divide the day evenly', () => {
    for (const interval of INTERVALS) expect(86_400_000 % intervalMs(interval)).toBe(0);
    expect(intervalMs('5m')).toBe(300_000);
  });
});
