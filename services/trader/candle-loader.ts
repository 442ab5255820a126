/**
 * Candles from before now: those this trader stored, completed by the exchange's own.
 */
import { type Candle, type Interval, intervalMs } from '../../shared/core/market/candle.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';

export interface CandleLoader {
  /** Up to `count` candles that follow each other without a gap up to the last one ended, oldest first. */
  load(count: number): Promise<readonly Candle[]>;
}

export function createCandleLoader(options: {
  store: Store;
  exchange: ExchangeClient;
  clock: Clock;
  interval: Interval;
  log: (message: string) => void;
}): CandleLoader {
  const { store, exchange, clock, interval, log } = options;
  const lengthMs = intervalMs(interval);

  /** None where the store does not answer: the exchange's own will do, and nothing is worth ending a session. */
  async function readStored(count: number): Promise<readonly Candle[]> {
    try {
      return await clock.busy(store.candles(lengthMs, count));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      log(`the stored candles could not be read: ${error.message}`);
      return [];
    }
  }

  return {
    async load(count) {
      if (count === 0) return [];
      const stored = await readStored(count);
      const byOpenMs = new Map<number, Candle>();
      try {
        for (const candle of await exchange.candles(interval, count)) {
          byOpenMs.set(candle.openMs, candle);
        }
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        log(`the exchange's candles could not be read: ${error.message}`);
      }
      // Our own mids go before the exchange's trades: they are what the strategy trades on.
      for (const candle of stored) byOpenMs.set(candle.openMs, candle);
      return newestRun(
        [...byOpenMs.values()].sort((a, b) => a.openMs - b.openMs),
        lengthMs,
        count,
      );
    },
  };
}

/** The candles at the end that follow each other without a gap. */
function newestRun(candles: readonly Candle[], lengthMs: number, count: number): Candle[] {
  const run: Candle[] = [];
  for (const candle of candles.toReversed()) {
    const next = run.at(-1);
    if (run.length === count || (next && candle.openMs !== next.openMs - lengthMs)) break;
    run.push(candle);
  }
  return run.reverse();
}
