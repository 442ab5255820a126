/**
 * Goal: with candles alone the engine trades as it does on a book, and says nothing where it is told to be
 * quiet. Method: an engine stepped by closed candles, its commands looked at.
 */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../shared/core/command.ts';
import type { EngineSettings } from '../../shared/core/engine.ts';
import type { BookEvent } from '../../shared/core/event.ts';
import { MarketState } from '../../shared/core/market/market-state.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import {
  candle,
  intents,
  kinds,
  lots,
  ms,
  ofKind,
  Scenario,
  ScriptedStrategy,
  START_MS,
  ticks,
} from './support.ts';

const MINUTE = 60_000;
const sizing = { kind: 'lots', lots: lots(100) } as const;

function begin(script: Record<number, 1 | 0 | -1>, over: Partial<EngineSettings> = {}): Scenario {
  const strategies = [{ strategy: new ScriptedStrategy(script), sizing }];
  // What candles do not tell is not limited, as in a backtest.
  const unknown = {
    touchDepthMin: 0,
    fundingBlackoutMs: 0,
    accountAgeMaxMs: Number.MAX_SAFE_INTEGER,
  };
  const limits = { ...LIVE_LIMITS, ...unknown };
  return new Scenario({ strategies, limits, ...over }).start();
}

/** The candle that opened `minute` minutes after the start closes at `close` ticks. */
function close(scenario: Scenario, minute: number, ticks: number): Command[] {
  scenario.nowMs = START_MS + (minute + 1) * MINUTE;
  return scenario.post({
    kind: 'candle',
    candle: candle(START_MS + minute * MINUTE, 2 * ticks, { source: 'trade' }),
  });
}

describe('a candle of a data set', () => {
  it('is the market: its signal becomes an order at its close, and it is not stored again', () => {
    const scenario = begin({ [START_MS]: 1 });
    const commands = close(scenario, 0, 123_456);
    expect(kinds(commands)).not.toContain('saveCandle');
    const [intent] = intents(commands);
    expect(intent?.decisionId).toBe(`d-${MINUTE}-${START_MS}`);
    expect(intent?.request).toMatchObject({ side: 'buy', lots: 100, price: 123_642 });
    expect(scenario.engine.market.markPrice?.mark).toBe(123_456);
  });

  it('is book and mark price whenever they are asked for, until another of either comes', () => {
    const market = new MarketState();
    expect([market.book, market.markPrice, market.mark]).toEqual([null, null, null]);
    const timeMs = ms(START_MS + MINUTE);
    market.onCandle({ kind: 'candle', timeMs, candle: candle(START_MS, 2_001) });
    expect(market.mark).toBe(1_000);
    const book: BookEvent = {
      kind: 'book',
      timeMs,
      exchangeMs: timeMs,
      bid: ticks(5),
      bidLots: lots(1),
      ask: ticks(6),
      askLots: lots(1),
    };
    market.book = book;
    expect(market.book).toBe(book);
    expect(market.mark).toBe(1_000);
    expect(market.markPrice).toMatchObject({ mark: 1_000, timeMs, exchangeMs: timeMs });
    market.onCandle({ kind: 'candle', timeMs, candle: candle(START_MS, 4_000) });
    expect(market.book).toMatchObject({ bid: 2_000, ask: 2_001, timeMs, exchangeMs: timeMs });
  });

  it('is a tick of the clock: a loss seen at its close halts and flattens before anybody is asked', () => {
    const scenario = begin({ [START_MS]: 1, [START_MS + MINUTE]: 1 });
    close(scenario, 0, 100_000);
    scenario.complete(scenario.lastIntent());
    const commands = close(scenario, 1, 40_000);
    expect(scenario.engine.gate.state).toBe('halted');
    expect(intents(commands).map(({ purpose }) => purpose)).toEqual(['flatten']);
    expect(ofKind(commands, 'saveDecision')).toEqual([]);
  });

  it('asks for the account when it is time to reconcile', () => {
    const scenario = begin({});
    expect(kinds(close(scenario, 1, 100_000))).toContain('readAccount');
  });
});

describe('a quiet engine', () => {
  it('asks for the same in the same order, without a word', () => {
    const script = { [START_MS]: 1, [START_MS + MINUTE]: -1 } as const;
    const told = [false, true].map((isQuiet) => {
      const scenario = begin(script, { isQuiet });
      for (const minute of [0, 1, 2]) {
        close(scenario, minute, 100_000 + minute);
        const open = ofKind(scenario.commands, 'recordIntent').at(-1)?.intent;
        if (open && minute < 2) scenario.complete(open);
      }
      return scenario.commands;
    });
    const [loud = [], quiet = []] = told;
    expect(ofKind(quiet, 'notify')).toEqual([]);
    expect(ofKind(loud, 'notify').length).toBeGreaterThan(3);
    expect(quiet).toEqual(loud.filter(({ kind }) => kind !== 'notify'));
  });
});

describe('refusals', () => {
  it('are counted by reason once a decision, however often it is tried', () => {
    const strategy = new ScriptedStrategy({ [START_MS]: 1, [START_MS + 3 * MINUTE]: -1 });
    const tooLarge = { kind: 'lots', lots: lots(1_000) } as const;
    const scenario = begin({}, { strategies: [{ strategy, sizing: tooLarge }] });
    for (const minute of [0, 1, 2]) close(scenario, minute, 100_000);
    expect([...scenario.engine.refusals]).toEqual([['quantity', 1]]);
    for (const minute of [3, 4]) close(scenario, minute, 100_000);
    expect([...scenario.engine.refusals]).toEqual([['quantity', 2]]);
  });
});
