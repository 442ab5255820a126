/**
 * Goal: strategies see every candle once and in order, decide only when warm and live, and are netted
 * into one decision. Method: scripted strategies and hand-made candles.
 */
import { describe, expect, it } from 'vitest';
import { StrategyManager } from '../../shared/core/strategy/strategy-manager.ts';
import { BrokenInvariantError } from '../../shared/core/units.ts';
import {
  candle,
  INSTRUMENT,
  lots,
  ms,
  Scenario,
  ScriptedStrategy,
  START_MS,
  usdt,
} from './support.ts';

const MINUTE = 60_000;
const at = (minute: number) => START_MS + minute * MINUTE;
const bar = (minute: number) => candle(at(minute), 200_000);
const BASIS = () => ({
  equity: usdt(10_000),
  instrument: INSTRUMENT,
  nowMs: ms(START_MS),
});
const size = (value: number) => ({ kind: 'lots', lots: lots(value) }) as const;

function managed(...strategies: [ScriptedStrategy, number][]): StrategyManager {
  const manager = new StrategyManager(MINUTE);
  for (const [strategy, quantity] of strategies) manager.add(strategy, size(quantity));
  return manager;
}

describe('dispatch', () => {
  it('decides once a candle: the same or an older one again says nothing', () => {
    const strategy = new ScriptedStrategy({ [at(0)]: 1, [at(1)]: -1 });
    const manager = managed([strategy, 10]);
    expect(manager.onCandle(bar(0), BASIS).decision?.target).toBe(10);
    expect(manager.onCandle(bar(0), BASIS)).toEqual({ signals: [], decision: null });
    expect(manager.onCandle(bar(1), BASIS).decision?.target).toBe(-10);
    expect(manager.onCandle(bar(0), BASIS).decision).toBeNull();
    expect(strategy.taken).toEqual([at(0), at(1)]);
  });

  it('gives no decision without a signal', () => {
    const manager = managed([new ScriptedStrategy({}), 10]);
    expect(manager.onCandle(bar(0), BASIS)).toEqual({ signals: [], decision: null });
  });

  it('refuses a candle of another interval', () => {
    const manager = managed([new ScriptedStrategy({}), 10]);
    const other = candle(START_MS, 1, { intervalMs: 1_000 });
    expect(() => manager.onCandle(other, BASIS)).toThrow(BrokenInvariantError);
  });

  it('names all contributions and reasons, and when and for how long it was decided', () => {
    const a = new ScriptedStrategy({ [at(0)]: 1 }, 'A');
    const b = new ScriptedStrategy({ [at(0)]: -1 }, 'B');
    const { decision, signals } = managed([a, 10], [b, 4]).onCandle(bar(0), BASIS);
    expect(signals.map((s) => s.strategy)).toEqual(['A', 'B']);
    expect(decision).toEqual({
      decisionId: `d-${MINUTE}-${START_MS}`,
      target: 6,
      reason: 'A: scripted 1; B: scripted -1',
      contributions: [
        { strategy: 'A', target: 10 },
        { strategy: 'B', target: -4 },
      ],
      decidedMs: START_MS,
      intervalMs: MINUTE,
    });
  });

  it('keeps what a silent strategy wants in the net of the others', () => {
    const a = new ScriptedStrategy({ [at(0)]: 1 }, 'A');
    const b = new ScriptedStrategy({ [at(1)]: -1 }, 'B');
    const manager = managed([a, 10], [b, 4]);
    manager.onCandle(bar(0), BASIS);
    expect(manager.onCandle(bar(1), BASIS).decision?.target).toBe(6);
  });

  it('wants flat, and never minus zero, where the size comes out as nothing', () => {
    const strategy = new ScriptedStrategy({ [at(0)]: -1 });
    const manager = new StrategyManager(MINUTE);
    manager.add(strategy, { kind: 'notional', notional: usdt(1) });
    expect(Object.is(manager.onCandle(bar(0), BASIS).decision?.target, 0)).toBe(true);
  });
});

describe('life cycle', () => {
  it('refuses a name twice and an unknown one', () => {
    const manager = managed([new ScriptedStrategy({}), 1]);
    expect(() => manager.add(new ScriptedStrategy({}), size(1))).toThrow('added twice');
    for (const act of ['remove', 'pause', 'start', 'status'] as const) {
      expect(() => manager[act]('Nobody')).toThrow('no such strategy');
    }
  });

  it('keeps a paused strategy’s last target and its indicators current, and lets it decide nothing', () => {
    const a = new ScriptedStrategy({ [at(0)]: 1, [at(1)]: -1 }, 'A');
    const b = new ScriptedStrategy({ [at(1)]: 1, [at(2)]: -1 }, 'B');
    const manager = managed([a, 10], [b, 4]);
    manager.onCandle(bar(0), BASIS);
    manager.pause('A');
    const { signals, decision } = manager.onCandle(bar(1), BASIS);
    expect(signals.map((s) => s.strategy)).toEqual(['B']);
    expect(decision?.target).toBe(14);
    expect(a.taken).toHaveLength(2);
    manager.start('A');
    expect(manager.status('A')).toBe('running');
  });

  it('leaves a removed strategy out of the next decision', () => {
    const a = new ScriptedStrategy({ [at(0)]: 1 }, 'A');
    const b = new ScriptedStrategy({ [at(1)]: 1 }, 'B');
    const manager = managed([a, 10], [b, 4]);
    manager.onCandle(bar(0), BASIS);
    manager.remove('A');
    expect(manager.onCandle(bar(1), BASIS).decision?.target).toBe(4);
  });

  it('restores what each strategy last wanted, and drops names that are gone', () => {
    const b = new ScriptedStrategy({ [at(0)]: 1 }, 'B');
    const manager = managed([new ScriptedStrategy({}, 'A'), 10], [b, 4]);
    const contributions = [
      { strategy: 'A', target: lots(-10) },
      { strategy: 'Gone', target: lots(99) },
    ];
    manager.restore({
      decisionId: 'x',
      target: lots(89),
      reason: '',
      contributions,
      decidedMs: ms(0),
      intervalMs: MINUTE,
    });
    expect(manager.onCandle(bar(0), BASIS).decision?.target).toBe(-6);
  });
});

describe('warm-up', () => {
  it('feeds past candles and decides nothing on their signals', () => {
    const strategy = new ScriptedStrategy({ [at(0)]: 1, [at(1)]: -1 }, 'A', 3);
    const manager = managed([strategy, 10]);
    expect(manager.candlesMissing).toBe(3);
    expect(manager.warmUp([bar(0), bar(1)])).toBe(2);
    expect(manager.candlesMissing).toBe(1);
    expect(manager.status('A')).toBe('waiting');
    expect(manager.warmUp([bar(1), bar(2)])).toBe(1);
    expect(manager.status('A')).toBe('running');
    expect(manager.newestMs).toBe(at(2));
  });

  it('starts over at a gap', () => {
    const strategy = new ScriptedStrategy({}, 'A', 3);
    const manager = managed([strategy, 10]);
    manager.warmUp([bar(0), bar(1), bar(2)]);
    manager.onCandle(bar(4), BASIS);
    expect(manager.gaps).toBe(1);
    expect(strategy.resets).toBe(1);
    expect(manager.candlesMissing).toBe(2);
    expect(manager.status('A')).toBe('waiting');
  });

  it('is warm again at once after a gap when history tells of what was missed', () => {
    const strategy = new ScriptedStrategy({}, 'A', 3);
    const manager = managed([strategy, 10]);
    manager.warmUp([bar(0), bar(1), bar(2)]);
    manager.onCandle(bar(5), BASIS);
    manager.onCandle(bar(6), BASIS);
    strategy.taken.length = 0;
    // The exchange does not know the newest candle yet; we have it ourselves.
    manager.warmUp([bar(1), bar(2), bar(3), bar(4), bar(5)]);
    expect(strategy.taken).toEqual([at(1), at(2), at(3), at(4), at(5), at(6)]);
    expect(manager.candlesMissing).toBeLessThanOrEqual(0);
    expect(manager.status('A')).toBe('running');
    expect(manager.newestMs).toBe(at(6));
  });

  it('keeps the candles since the gap where history does not reach them', () => {
    const strategy = new ScriptedStrategy({}, 'A', 3);
    const manager = managed([strategy, 10]);
    manager.warmUp([bar(0), bar(1), bar(2)]);
    manager.onCandle(bar(5), BASIS);
    manager.onCandle(bar(6), BASIS);
    manager.warmUp([bar(1), bar(2), bar(3)]);
    expect(manager.candlesMissing).toBe(1);
    expect(manager.newestMs).toBe(at(6));
    manager.onCandle(bar(7), BASIS);
    expect(manager.status('A')).toBe('running');
  });

  it('does not start a warm strategy over for old history', () => {
    const strategy = new ScriptedStrategy({}, 'A', 2);
    const manager = managed([strategy, 10]);
    manager.warmUp([bar(2), bar(3)]);
    expect(manager.warmUp([bar(0), bar(1), bar(2)])).toBe(0);
    expect(strategy.resets).toBe(0);
  });
});

describe('the engine', () => {
  it('asks for history at a gap, even where no mark price has come yet', () => {
    const scenario = new Scenario({
      strategies: [{ strategy: new ScriptedStrategy({}, 'A', 5), sizing: size(1) }],
    });
    scenario.post({ kind: 'candleHistory', candles: [bar(-5), bar(-4)] });
    scenario.start();
    scenario.closeCandle();
    expect(scenario.commands.filter((c) => c.kind === 'readCandles')).toEqual([
      { kind: 'readCandles', count: 5 },
    ]);
    scenario.post({ kind: 'candleHistory', candles: [bar(-4), bar(-3), bar(-2), bar(-1)] });
    expect(scenario.engine.strategies.candlesMissing).toBe(0);
  });
});
