/** Goal: what is shown of closed candles. Method: the commands of a real engine, as the session's observer sees them. */
import { describe, expect, it } from 'vitest';
import { candleLines, jsonPresenter } from '../../services/trader/presenter.ts';
import type { Candle, MidPriceCandle } from '../../shared/core/market/candle.ts';
import { ofKind, Scenario, START_MS } from '../core/support.ts';

function shown(scenario: Scenario, over: Partial<Candle> = {}): unknown[] {
  const lines: unknown[] = [];
  const { onCommand } = candleLines(
    jsonPresenter((text) => lines.push(JSON.parse(text))),
    scenario.engine,
  );
  for (const command of ofKind(scenario.commands, 'saveCandle')) {
    onCommand({ ...command, candle: { ...command.candle, ...over } as MidPriceCandle });
  }
  return lines;
}

describe('a closed candle', () => {
  it('is shown with its prices and the account, at core time', () => {
    const scenario = new Scenario().start();
    scenario.book(100_010);
    scenario.book(99_990);
    scenario.closeCandle();
    expect(shown(scenario)).toEqual([
      {
        time: new Date(scenario.nowMs).toISOString(),
        topic: 'candle',
        severity: 'info',
        text: 'close 9999.05  high 10001.05  low 9999.05  position 0.000  equity 10000.00',
      },
    ]);
  });

  it('is called partial or late where it is', () => {
    const scenario = new Scenario().start();
    scenario.closeCandle();
    const marks = (over: Partial<Candle>) =>
      /\((.*)\)/.exec(JSON.stringify(shown(scenario, over)))?.[1];
    expect(marks({})).toBeUndefined();
    expect(marks({ isPartial: true })).toBe('partial');
    expect(marks({ gapBefore: 3 })).toBe('after a gap of 3');
    expect(marks({ isPartial: true, gapBefore: 1 })).toBe('partial, after a gap of 1');
  });

  it('is shown without equity while no mark price is known', () => {
    const scenario = new Scenario();
    const { instrument } = new Scenario().start().engine;
    scenario.post({ kind: 'instrument', spec: instrument.spec });
    scenario.book();
    scenario.nowMs = START_MS + 61_000;
    scenario.book();
    expect(shown(scenario)).toMatchObject([{ text: expect.stringMatching(/position 0\.000$/) }]);
  });
});
