/** Makes the venue: a generated or a recorded market with its accounts, restored where there is a ledger. */

import { RecordingError } from '../../shared/adapters/recording/recording-error.ts';
import { scanRecording } from '../../shared/adapters/recording/recording-scan.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import { type Lots, parseMoney, type Ticks, type TimeMs } from '../../shared/core/units.ts';
import { GeneratedMarket } from '../../shared/simulation/generated-market.ts';
import type { Market } from '../../shared/simulation/market.ts';
import { MalformedFrameError } from '../../shared/simulation/recorded-frame.ts';
import { RecordedMarket } from '../../shared/simulation/recorded-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { Venue, VenueSink } from '../../shared/simulation/venue.ts';
import { FrameSupply } from './frame-supply.ts';
import type { LedgerFile } from './ledger-file.ts';
import type { Settings } from './options.ts';

const SYMBOL_DEFAULT = 'BTCUSDT';
/** Before the first frame, so that clients can connect and miss none. */
const LEAD_MS = 2_000;

interface OpenedMarket {
  readonly venue: Venue;
  /** null where the market is generated. */
  readonly supply: FrameSupply | null;
  readonly startMs: TimeMs;
}

/** Rejects with RecordingError where a recording is damaged. */
export async function openMarket(
  settings: Settings,
  ledger: LedgerFile | null,
  failed: (error: Error) => void,
  sink: VenueSink,
): Promise<OpenedMarket> {
  const recording = settings.replay.length > 0 ? await openRecording(settings, failed) : null;
  const symbol = recording?.symbol ?? settings.symbol ?? SYMBOL_DEFAULT;
  const kept = ledger?.read(symbol) ?? null;
  const market: Market =
    recording?.market ??
    new GeneratedMarket({
      seed: settings.seed,
      startMs: Math.max(settings.startMs, kept?.timeMs ?? 0),
    });
  const venue = new SimulatedExchange({ instrument: btcLike(symbol), sink, market });
  if (kept) venue.restore(kept.venue);
  for (const { apiKey, deposit } of settings.accounts) {
    if (!venue.hasAccount(apiKey)) venue.openAccount(apiKey, deposit);
  }
  return { venue, supply: recording?.supply ?? null, startMs: venue.nowMs };
}

/** A recording that begins a little before its first frame and says where a bad frame stands. */
class LedInMarket extends RecordedMarket {
  override readonly startMs: TimeMs = ((this.nextEventMs() ?? 0) - LEAD_MS) as TimeMs;
  readonly #supply: FrameSupply;

  constructor(supply: FrameSupply, offsetMs: number) {
    super({ next: () => supply.next(), offsetMs });
    this.#supply = supply;
  }

  override step(): void {
    try {
      super.step();
    } catch (error) {
      // The market takes the next frame only after it has played the one before.
      const place = this.#supply.lastTaken;
      if (!(error instanceof MalformedFrameError) || !place) throw error;
      throw new RecordingError('malformed', place, error.message, error);
    }
  }
}

async function openRecording(settings: Settings, failed: (error: Error) => void) {
  const { symbol, offsetMaxMs } = await scanRecording(settings.replay);
  if (settings.symbol !== null && symbol !== null && symbol !== settings.symbol) {
    throw new Error(`the recording is of ${symbol}, not of ${settings.symbol}`);
  }
  const supply = new FrameSupply(settings.replay, failed);
  await supply.start();
  // No frame before its own exchange time, and none earlier than it was received.
  const offsetMs = Math.max(0, offsetMaxMs ?? 0);
  const market = new LedInMarket(supply, offsetMs);
  return { market, supply, symbol };
}

/** BTCUSDT's filters under any name. Source: reference §3.4, to be read live on the real exchange. */
function btcLike(symbol: string): Instrument {
  return new Instrument({
    symbol,
    baseAsset: symbol.replace(/USDT$/, ''),
    tickSize: '0.10',
    lotSize: '0.001',
    lotsMin: 1 as Lots,
    lotsMax: 1_000_000 as Lots,
    marketLotsMax: 120_000 as Lots,
    priceMin: 5_568 as Ticks,
    priceMax: 45_297_640 as Ticks,
    notionalMin: parseMoney('50'),
    priceBandUpBps: 10_500,
    priceBandDownBps: 9_500,
  });
}
