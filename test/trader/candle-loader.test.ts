/** Candles to warm up from: our own where the store has them, the exchange's where it does not or does not answer. */
import { describe, expect, it } from 'vitest';
import { createCandleLoader } from '../../services/trader/candle-loader.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import type { Candle } from '../../shared/core/market/candle.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';

const KEY = { environment: 'test', account: 'main', instrument: 'BTCUSDT' };
const candle = (minute: number) =>
  ({
    openMs: (minute * 60_000) as TimeMs,
    close: 2 * minute,
    source: 'trade',
  }) as unknown as Candle;

function loader(failure: Error | null) {
  const said: string[] = [];
  const store = createMemoryStore(KEY);
  if (failure) store.candles = () => Promise.reject(failure);
  const load = createCandleLoader({
    store,
    exchange: { candles: async () => [candle(1), candle(2)] } as unknown as ExchangeClient,
    clock: { busy: (work) => work } as Clock,
    interval: '1m',
    log: (text) => said.push(text),
  });
  return { load: () => load.load(2), said };
}

describe('candles from before now', () => {
  it('are the exchange’s where the store is out, which is said and ends nothing', async () => {
    const { load, said } = loader(new StoreUnavailableError('outage'));
    expect(await load()).toEqual([candle(1), candle(2)]);
    expect(said).toEqual(['the stored candles could not be read: outage']);
  });

  it('are none where the store breaks in another way', async () => {
    await expect(loader(new TypeError('broken')).load()).rejects.toThrow('broken');
  });
});
