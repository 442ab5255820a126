/** Makes the venue: a generated or a recorded market with its accounts, restored where there is a ledger. */

import { FrameSupply } from '../../shared/adapters/recording/frame-supply.ts';
import { RecordingError } from '../../shared/adapters/recording/recording-error.ts';
import { scanRecording } from '../../shared/adapters/recording/recording-scan.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { btcLike } from '../../shared/simulation/btc-like.ts';
import { GeneratedMarket } from '../../shared/simulation/generated-market.ts';
import type { Market } from '../../shared/simulation/market.ts';
import { MalformedFrameError } from '../../shared/simulation/recorded-frame.ts';
import { RecordedMarket } from '../../shared/simulation/recorded-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import type { Venue, VenueSink } from '../../shared/simulation/venue.ts';
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
