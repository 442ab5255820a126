/** `plimsoll backtest` on recordings of the book: opens them, runs, and says what candles could not. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { FUNDING_RATE_E8 } from '../../research/backtest/recorded-exchange.ts';
import {
  LATENCY_MAX_MS,
  type RecordedSource,
  runRecorded,
} from '../../research/backtest/run-recorded.ts';
import { findGaps } from '../../research/data/gaps.ts';
import { manifestOf } from '../../research/data/manifest.ts';
import { eventDrivenSource } from '../../research/honesty/signal-sources.ts';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import { FrameSupply } from '../../shared/adapters/recording/frame-supply.ts';
import { scanRecording } from '../../shared/adapters/recording/recording-scan.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { executionSettings, parseSize } from '../../shared/config/values.ts';
import { intervalMs } from '../../shared/core/market/candle.ts';
import type { Money } from '../../shared/core/units.ts';
import { btcLike } from '../../shared/simulation/btc-like.ts';
import { createStrategy, strategyParameters } from '../../shared/strategies/registry.ts';
import { asked } from './candle-run.ts';
import type { FinishedRun } from './finished-run.ts';
import type { RunOptions } from './run-options.ts';

const INTERVAL = '1s';
/** The exchange's own for a small account. */
const MAKER_FEE_BPS = 2;

/** Runs as asked. Throws ConfigurationError for what a recording cannot answer, RecordingError for a damaged one. */
export async function backtestRecording(given: RunOptions): Promise<FinishedRun> {
  const options = { ...given, interval: given.interval ?? INTERVAL };
  refuseUnanswerable(options);
  const params = asked(() => strategyParameters(options.strategy, options.params));
  const source = await opened(options.data);
  const { cash, risk, leverage, latencyMs, feeBps, slippageBps, stopDistancePpm } = options;
  const makerFeeBps = options.makerFeeBps ?? MAKER_FEE_BPS;
  const size = asked(() => parseSize(options.size, source.instrument));
  const { bars, signals, run, refusals, makerFills } = await runRecorded(source, {
    strategy: createStrategy(options.strategy, params),
    intervalMs: intervalMs(options.interval),
    cash: cash as Money,
    ...{ size, risk, leverage, latencyMs, stopDistancePpm },
    execution: executionSettings(options.execution, options.makerDeadlineMs),
    makerFeePpm: ppm(makerFeeBps, '--maker-fee-bps'),
    takerFeePpm: ppm(feeBps, '--fee-bps'),
  });
  const gaps = findGaps(bars.openMs, bars.intervalMs);
  return {
    options,
    params,
    manifest: manifestOf({
      bars,
      notes: { duplicatesDropped: 0, gaps },
      file: options.data.map((file) => basename(file)).join(', '),
      sha256: await sha256(options.data),
      source: 'recorded book',
    }),
    bars,
    account: {
      ...{ cash, size, feeBps, slippageBps, leverage, lots: 'exact' },
      ...(stopDistancePpm === null ? {} : { stopDistancePpm }),
    },
    signals,
    source: eventDrivenSource(options.strategy, () => createStrategy(options.strategy, params)),
    run,
    breakEvenFeeBps: null,
    breakEvenNote: 'not looked for on a recording: run again with another --fee-bps',
    refusals,
    recorded: { makerFeeBps, makerFills, fundingRateE8: FUNDING_RATE_E8 },
  };
}

/** What the book answers by itself, or the simulated exchange decides, is not to be asked for. */
function refuseUnanswerable(options: RunOptions): void {
  const refuse = (reason: string): never => {
    throw new ConfigurationError(`${reason} (--data is a recording)`);
  };
  const { latencyMs, leverage } = options;
  if (options.slippageBps !== 0) refuse('--slippage-bps: the recorded book says what a fill costs');
  if (options.lots === 'none') refuse('--lots none: the exchange takes whole lots only');
  if (options.funding !== null || options.mark !== null) {
    refuse(
      '--funding and --mark: the simulated exchange charges its own rate at its own mark price',
    );
  }
  if (Number.isFinite(options.fromMs) || Number.isFinite(options.toMs)) {
    refuse('--from and --to: a recording is played whole, because its book has one beginning');
  }
  if (!Number.isInteger(leverage)) {
    refuse(`--leverage ${leverage}: the exchange takes whole numbers`);
  }
  if (latencyMs > LATENCY_MAX_MS) {
    refuse(
      `--latency-ms ${latencyMs}: the exchange refuses orders this old; give at most ${LATENCY_MAX_MS}`,
    );
  }
}

/** The exchange's unit of fees. Throws ConfigurationError for a rebate or what is finer. */
function ppm(feeBps: number, option: string): number {
  const rate = Math.round(feeBps * 100);
  if (rate < 0 || Math.abs(rate - feeBps * 100) > 1e-6) {
    throw new ConfigurationError(
      `${option} ${feeBps}: on a recording a fee is zero or more, in steps of 0.01 bps`,
    );
  }
  return rate;
}

async function opened(files: readonly string[]): Promise<RecordedSource> {
  const { symbol, offsetMaxMs } = await scanRecording(files);
  let failure: Error | null = null;
  const frames = new FrameSupply(files, (error) => {
    failure = error;
  });
  await frames.start();
  const instrument = btcLike(symbol ?? 'BTCUSDT');
  return {
    instrument,
    frames,
    // No frame before its own exchange time, and none earlier than it was received.
    offsetMs: Math.max(0, offsetMaxMs ?? 0),
    checked: () => {
      if (failure !== null) throw failure;
    },
    reader: (publish) =>
      new MarketReader({
        instrument,
        tradeStream: 'trade',
        publish,
        // A recording has its snapshots where it has them.
        wantSnapshot: () => undefined,
      }),
  };
}

/** Of all files, one after another. */
async function sha256(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
