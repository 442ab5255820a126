/** Goal: an alert a crossing, no more and no less. Method: values in sequence; random walks against the rule. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COOL_DOWN_MS, QUIET, step, type WatchState } from '../../services/margin-alert/levels.ts';
import type { TimeMs } from '../../shared/core/units.ts';

const WATCH = { levels: [100, 200] };

/** The news of values a minute apart, or as far as given. */
function news(values: readonly (number | null)[], minutes = 1): string[] {
  let state: WatchState = QUIET;
  return values.map((value, i) => {
    const told = step(WATCH, state, value, (i * minutes * 60_000) as TimeMs);
    state = told.state;
    if (!told.news) return '';
    return told.news.kind === 'crossed' ? `crossed ${told.news.level}` : 'cleared';
  });
}

describe('levels', () => {
  it('are told once as they are crossed, each, and once when all is well', () => {
    expect(news([50, 100, 150, 199, 200, 250, 150, 50])).toEqual([
      ...['', 'crossed 1', '', '', 'crossed 2', '', '', 'cleared'],
    ]);
  });

  it('are told at once where several are jumped', () => {
    expect(news([0, 250, 250])).toEqual(['', 'crossed 2', '']);
  });

  it('hold until the value has clearly fallen back', () => {
    expect(news([100, 95, 101, 95, 90, 89])).toEqual(['crossed 1', '', '', '', '', 'cleared']);
  });

  it('keep quiet within the cool-down, and speak after it where it is still so', () => {
    const crossings = news([100, 0, 100, 100], 14);
    expect(crossings).toEqual(['crossed 1', 'cleared', '', 'crossed 1']);
  });

  it('escalate within the cool-down', () => {
    expect(news([100, 200])).toEqual(['crossed 1', 'crossed 2']);
  });

  it('stay as they are while the value is not known', () => {
    expect(news([100, null, 100, null, 0])).toEqual(['crossed 1', '', '', '', 'cleared']);
  });

  it('never tell a level twice within the cool-down, and never miss one that lasts', () => {
    const walk = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(walk, (values) => {
        let state: WatchState = QUIET;
        const told = new Map<number, number>();
        let worst = { level: 0, sinceMs: 0 };
        values.forEach((value, i) => {
          const nowMs = (i * 60_000) as TimeMs;
          const next = step(WATCH, state, value, nowMs);
          state = next.state;
          if (next.news?.kind === 'crossed') {
            const last = told.get(next.news.level) ?? Number.NEGATIVE_INFINITY;
            expect(nowMs - last).toBeGreaterThanOrEqual(COOL_DOWN_MS);
            told.set(next.news.level, nowMs);
          }
          const level = WATCH.levels.filter((limit) => value >= limit).length;
          if (level < worst.level || level === 0) worst = { level, sinceMs: nowMs };
          else if (level > worst.level) worst = { level, sinceMs: nowMs };
          // Above a level for as long as the cool-down: somebody has been told, now or just before.
          if (worst.level > 0 && nowMs - worst.sinceMs >= COOL_DOWN_MS) {
            expect(state.told).toBeGreaterThanOrEqual(worst.level);
          }
        });
      }),
    );
  });
});
