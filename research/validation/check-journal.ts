/** What a live session decided, by its journal, against backtests of the same candles. */
import type { JournalRecord } from '../../shared/adapters/journal/format.ts';
import type { EngineRecipe } from '../../shared/config/build-engine.ts';
import type { DecisionRecord, Event } from '../../shared/core/event.ts';
import { type Candle, intervalMs } from '../../shared/core/market/candle.ts';
import { formatDecimal, type Money, parseDecimal } from '../../shared/core/units.ts';
import { runBacktest } from '../backtest/run-backtest.ts';
import type { Bars } from '../data/bars.ts';
import { type Check, Comparison } from './check.ts';
import { joinSignals, type SignalRows } from './join-signals.ts';
import { registeredPair, vectorizedRows } from './strategy-pair.ts';

/** What a journal says of candles and decisions. */
export interface JournaledSession {
  readonly recipe: EngineRecipe;
  /** History and the session's own, which go first, oldest first. */
  readonly candles: readonly Candle[];
  /** The session's own candles on which it could decide, with what it decided. */
  readonly decided: SignalRows;
}

/** Thrown for a journal that cannot be compared with anything. */
export class UnusableJournalError extends Error {
  override readonly name = 'UnusableJournalError';
}

/**
 * Reads what can be compared: from the moment the session knew its account to the first flatten, after which
 * what the strategy says is no longer kept. Throws UnusableJournalError, and what the records throw.
 */
export async function readSession(
  records: AsyncIterable<JournalRecord>,
): Promise<JournaledSession> {
  const reader = new SessionReader();
  for await (const record of records) reader.take(record);
  return reader.session();
}

class SessionReader {
  #recipe: EngineRecipe | null = null;
  readonly #candles = new Map<number, Candle>();
  readonly #own = new Set<number>();
  readonly #times: number[] = [];
  readonly #signals = new Map<number, number>();
  #isRecovered = false;
  #isAccountKnown = false;
  #isMarked = false;
  #isFlattening = false;

  take(record: JournalRecord): void {
    if (record.kind === 'header') {
      this.#recipe ??= record.header.configuration.recipe as EngineRecipe;
    } else if (record.kind === 'event') {
      this.#onEvent(record.event);
    } else {
      for (const command of record.commands) {
        if (command.kind === 'saveCandle') this.#onCandle(command.candle);
        if (command.kind === 'saveDecision') this.#onDecision(command.decision);
      }
    }
  }

  session(): JournaledSession {
    if (this.#recipe === null) throw new UnusableJournalError('the journal names no strategy');
    if (this.#times.length === 0) {
      throw new UnusableJournalError('the journal has no candle on which the session could decide');
    }
    const candles = [...this.#candles.values()].sort((a, b) => a.openMs - b.openMs);
    const signals = this.#times.map((timeMs) => this.#signals.get(timeMs) ?? 0);
    return { recipe: this.#recipe, candles, decided: { times: this.#times, signals } };
  }

  /** The engine asks its strategies only once it knows what it owns and what that is worth. */
  #onEvent(event: Event): void {
    if (event.kind === 'recovered') {
      this.#isRecovered = true;
      this.#isAccountKnown ||= event.account !== null;
    } else if (event.kind === 'accountSnapshot') {
      this.#isAccountKnown = true;
    } else if (event.kind === 'markPrice') {
      this.#isMarked = true;
    } else if (event.kind === 'operator' || (event.kind === 'drain' && event.flatten)) {
      this.#isFlattening = true;
    } else if (event.kind === 'candleHistory') {
      for (const candle of event.candles) {
        if (!this.#own.has(candle.openMs)) this.#candles.set(candle.openMs, candle);
      }
    }
  }

  #onCandle(candle: Candle): void {
    if (this.#isFlattening) return;
    this.#candles.set(candle.openMs, candle);
    this.#own.add(candle.openMs);
    const isAsked = this.#isRecovered && this.#isAccountKnown && this.#isMarked;
    if (isAsked) this.#times.push(candle.openMs);
  }

  /** A decision is named by its candle. Its target's sign is the signal's: one strategy, one instrument. */
  #onDecision({ decisionId, target }: DecisionRecord): void {
    if (this.#isFlattening) return;
    const openMs = Number(decisionId.split('-').at(-1));
    if (!this.#own.has(openMs)) {
      throw new UnusableJournalError(`decision ${decisionId} belongs to no candle of the journal`);
    }
    if (target === 0) {
      throw new UnusableJournalError(
        `decision ${decisionId} is for no lot, which hides its direction: run the session with a larger size`,
      );
    }
    this.#signals.set(openMs, Math.sign(target));
  }
}

const LOTS: Parameters<typeof runBacktest>[1]['account'] = {
  cash: 1e13,
  size: { kind: 'notional', notional: 1e11 as Money },
  feeBps: 0,
  slippageBps: 0,
  leverage: 3,
  lots: 'exact',
};

/** The session's decisions against the vectorised signals, and against the engine-driven backtest's. */
export function checkJournal({ recipe, candles, decided }: JournaledSession): readonly Check[] {
  const bars = barsOf(recipe, candles);
  const pair = registeredPair(recipe.strategy, recipe.params);
  const driven = () => {
    const { signals } = runBacktest(bars, { strategy: pair.create(), account: LOTS, risk: 'none' });
    return { times: bars.openMs, signals };
  };
  const others: [string, SignalRows][] = [
    ['vectorised', vectorizedRows(pair, bars)],
    ['backtest', driven()],
  ];
  return others.map(([name, rows]) => {
    const sides = `decisions in the journal and ${name} signals on its candles`;
    const about = { name: `journal, ${name}`, strategy: pair.name, sides };
    const comparison = new Comparison(about);
    const left = { name: 'live', rows: decided };
    const right = { name, rows: within(rows, decided) };
    joinSignals(comparison, { left, right });
    return comparison.result();
  });
}

/** The rows from the first to the last time of `session`: what came before was warm-up and decided nothing. */
function within({ times, signals }: SignalRows, session: SignalRows): SignalRows {
  const fromMs = session.times[0] ?? 0;
  const toMs = session.times[session.times.length - 1] ?? 0;
  const kept = Array.from(times, (_, i) => i).filter(
    (i) => (times[i] as number) >= fromMs && (times[i] as number) <= toMs,
  );
  return {
    times: kept.map((i) => times[i] as number),
    signals: kept.map((i) => signals[i] as number),
  };
}

/** Candles as bars whose tick is half the contract's, so that a mid is a whole number. */
function barsOf({ interval, instrument }: EngineRecipe, candles: readonly Candle[]): Bars {
  const decimals = (instrument.tickSize.split('.')[1]?.length ?? 0) + 1;
  const halfTick = parseDecimal(instrument.tickSize, decimals) / 2;
  const column = (price: 'open' | 'high' | 'low' | 'close') =>
    Int32Array.from(candles, (candle) => candle[price]);
  return {
    symbol: instrument.symbol,
    tickSize: formatDecimal(halfTick, decimals),
    lotSize: instrument.lotSize,
    intervalMs: intervalMs(interval),
    length: candles.length,
    openMs: Float64Array.from(candles, (candle) => candle.openMs),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: new Float64Array(candles.length).fill(1),
  };
}
