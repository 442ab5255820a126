/** What `research` and `backtest` read alike before they part: candles, parameters, the account. */
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import type { Bars } from '../../research/data/bars.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import type { Manifest } from '../../research/data/manifest.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { parseSize } from '../../shared/config/values.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import { StrategyParameterError, strategyParameters } from '../../shared/strategies/registry.ts';
import type { RunOptions } from './run-options.ts';

export interface CandleRun {
  /** All parameters in force, defaults included. */
  readonly params: Readonly<Record<string, number>>;
  /** Of the file; `bars` may be a part of it. */
  readonly manifest: Manifest;
  readonly bars: Bars;
  readonly account: AccountOptions;
}

/** Throws ConfigurationError for what candles cannot answer, DataSetError for unusable data. */
export async function readCandleRun(options: RunOptions): Promise<CandleRun> {
  if (options.execution !== 'market') {
    throw new ConfigurationError(
      `--execution ${options.execution}: candles cannot tell whether a resting order would have filled; give \`backtest\` a recording of the book as --data`,
    );
  }
  if (options.makerFeeBps !== null) {
    throw new ConfigurationError(
      '--maker-fee-bps: candles cannot tell whether a resting order would have filled, so every fill pays --fee-bps; for maker fills give `backtest` a recording of the book as --data',
    );
  }
  if (options.interval !== null) {
    throw new ConfigurationError(
      '--interval is of candles made of a recording; these candles have their own',
    );
  }
  const [file = '', second] = options.data;
  if (second !== undefined) {
    throw new ConfigurationError('--data is given twice: only recordings follow each other');
  }
  const params = asked(() => strategyParameters(options.strategy, options.params));
  const { bars: all, manifest } = await loadBars(file);
  const bars = sliceBars(all, options.fromMs, options.toMs);
  if (bars.length === 0) throw new ConfigurationError('no bar opens between --from and --to');
  requireLatencyInBar(options.latencyMs, bars.intervalMs);
  return { params, manifest, bars, account: await accountOptions(options, bars) };
}

/** What a person asked for in a way that cannot be meant is told as that, with exit code 2. */
export function asked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedNumberError || error instanceof StrategyParameterError) {
      throw new ConfigurationError(error.message);
    }
    throw error;
  }
}

/** The account a run is asked to have. Throws ConfigurationError for a size the data set's lots cannot mean. */
async function accountOptions(options: RunOptions, bars: Bars): Promise<AccountOptions> {
  const { cash, feeBps, slippageBps, leverage, lots, funding, mark, stopDistancePpm } = options;
  const size = asked(() => parseSize(options.size, instrumentOf(bars)));
  return {
    ...{ cash, size, feeBps, slippageBps, leverage, lots },
    ...(stopDistancePpm === null ? {} : { stopDistancePpm }),
    ...(funding === null ? {} : { funding: await loadFunding(funding) }),
    ...(mark === null ? {} : { markBars: await loadMarkBars(mark, bars) }),
  };
}

/** Mark prices are finer than a tick: each to the nearest one, in the unit of the candles they go with. */
async function loadMarkBars(path: string, { symbol, tickSize, lotSize }: Bars): Promise<Bars> {
  return (await loadBars(path, { symbol, tickSize, lotSize, roundToTick: true })).bars;
}

/** Refuses a latency that a candle cannot answer: an order that takes a bar or longer meets another open. */
function requireLatencyInBar(latencyMs: number, intervalMs: number): void {
  if (latencyMs < intervalMs) return;
  throw new ConfigurationError(
    `--latency-ms ${latencyMs} crosses a bar of ${intervalMs} ms: candles cannot say what price the order would meet; stay below a bar, or give \`backtest\` a recording of the book as --data`,
  );
}
