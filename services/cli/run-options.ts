/**
 * The options of a run on candles, shared by `research` and `backtest`: declared once, read once. What
 * candles cannot answer is refused here.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { STOP_PPM_MAX, STOP_PPM_MIN } from '../../research/accounting/account-options.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import {
  EXECUTIONS,
  type Execution,
  isSize,
  parseDuration,
  parseStopDistance,
  SIZE_FORMS,
} from '../../shared/config/values.ts';
import type { Interval } from '../../shared/core/market/candle.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { MalformedNumberError, parseDecimal, parseMoney } from '../../shared/core/units.ts';

/** `none` takes every order; `live` sends each through the live risk limits. */
export type RiskMode = 'none' | 'live';

export interface RunOptions {
  /** One file of candles, or recordings in order. */
  readonly data: readonly string[];
  /** Of the candles made of a recording; null where not given. */
  readonly interval: Interval | null;
  readonly funding: string | null;
  /** Candles of the mark price. */
  readonly mark: string | null;
  readonly strategy: string;
  readonly params: Readonly<Record<string, number>>;
  readonly feeBps: number;
  /** Of a maker, which candles cannot tell and so refuse. Null where not given. */
  readonly makerFeeBps: number | null;
  readonly slippageBps: number;
  /** Distance of the protective stop from the entry price, in ppm of it; null for none. */
  readonly stopDistancePpm: number | null;
  readonly latencyMs: number;
  readonly risk: RiskMode;
  readonly execution: Execution;
  readonly makerDeadlineMs: number;
  readonly lots: 'exact' | 'none';
  /** [fromMs, toMs) of open times. */
  readonly fromMs: number;
  readonly toMs: number;
  /** In 1e-8 USDT. */
  readonly cash: number;
  readonly leverage: number;
  /** One of the SIZE_FORMS. */
  readonly size: string;
  readonly json: string | null;
  readonly signals: string | null;
  readonly trades: string | null;
  /** File for the report as HTML. */
  readonly report: string | null;
}

export const CANDLE_DATA = 'candles: archive CSV or zip, or plain CSV, gzipped or not';

/** Adds the options of a run. `risk` is what `--risk` is where it is not given; `data` says what `--data` takes. */
export function runOptions(
  command: Command,
  { risk, data }: { risk: RiskMode; data: string },
): Command {
  return command
    .requiredOption('--data <file>', data, several)
    .option('--funding <file>', 'funding rates; without them no funding is paid')
    .option(
      '--mark <file>',
      'candles of the mark price, which funding is paid at and stops are met by',
    )
    .option('--strategy <name>', 'strategy to run', 'SmaCrossoverInflection')
    .option('--param <key=value>', 'strategy parameter; repeatable', parameter, {})
    .option('--fee-bps <bps>', 'fee of a taker a side', bps, 5)
    .option(
      '--maker-fee-bps <bps>',
      'fee of a maker a side; refused on candles, which cannot tell one',
      bps,
    )
    .option(
      '--stop <percent>',
      'protective stop, percent from the entry price, or none',
      stop,
      'none',
    )
    .option('--slippage-bps <bps>', 'how much worse than the open a fill is', bps, 0)
    .option('--latency-ms <ms>', 'from signal to fill; on candles less than a bar', wholeNumber, 0)
    .addOption(
      new Option('--fill <rule>', 'when a signal fills')
        .choices(['next-open'])
        .default('next-open'),
    )
    .addOption(
      new Option('--execution <style>', 'how trades meet a recorded book; refused on candles')
        .choices(EXECUTIONS)
        .default('market'),
    )
    .option('--maker-deadline <time>', 'how long a maker’s order may rest', deadline, 30_000)
    .addOption(new Option('--risk <mode>', 'risk limits').choices(['none', 'live']).default(risk))
    .addOption(
      new Option('--lots <mode>', 'whole lots, or none: the unrounded ideal')
        .choices(['exact', 'none'])
        .default('exact'),
    )
    .option('--from <time>', 'first open time, e.g. 2024-01-01, UTC', time)
    .option('--to <time>', 'open time to end before, UTC', time)
    .option('--cash <usdt>', 'USDT to begin with', cash, parseMoney('100000'))
    .option('--leverage <n>', 'largest notional as a multiple of equity', leverage, 3)
    .option(
      '--size <size>',
      `position of one signal: ${SIZE_FORMS}, or a plain multiple`,
      size,
      '1x',
    )
    .option('--json <file>', 'write the result as JSON')
    .option('--signals <file>', 'write the signals as CSV')
    .option('--trades <file>', 'write the fills as CSV')
    .option('--report <file>', 'write a report as one HTML file');
}

/** The options as given. Throws ConfigurationError where they contradict each other. */
export function readRunOptions(flags: Readonly<Record<string, unknown>>): RunOptions {
  const text = (key: string) => (flags[key] as string | undefined) ?? null;
  const options: RunOptions = {
    data: flags.data as string[],
    interval: (flags.interval as Interval | undefined) ?? null,
    funding: text('funding'),
    mark: text('mark'),
    strategy: flags.strategy as string,
    params: flags.param as Record<string, number>,
    feeBps: flags.feeBps as number,
    makerFeeBps: (flags.makerFeeBps as number | undefined) ?? null,
    slippageBps: flags.slippageBps as number,
    stopDistancePpm: flags.stop === 'none' ? null : (flags.stop as number),
    latencyMs: flags.latencyMs as number,
    risk: flags.risk as RiskMode,
    execution: flags.execution as Execution,
    makerDeadlineMs: flags.makerDeadline as number,
    lots: flags.lots as 'exact' | 'none',
    fromMs: (flags.from as number | undefined) ?? Number.NEGATIVE_INFINITY,
    toMs: (flags.to as number | undefined) ?? Number.POSITIVE_INFINITY,
    cash: flags.cash as number,
    leverage: flags.leverage as number,
    size: flags.size as string,
    json: text('json'),
    signals: text('signals'),
    trades: text('trades'),
    report: text('report'),
  };
  if (options.mark !== null && options.funding === null && options.stopDistancePpm === null) {
    throw new ConfigurationError(
      '--mark says at what price funding is paid and stops are met: give --funding or --stop too',
    );
  }
  requireStopInLimits(options);
  if (options.fromMs >= options.toMs) throw new ConfigurationError('--from must be before --to');
  return options;
}

/** The limits for real money would refuse each stop of a run with them. */
function requireStopInLimits({ stopDistancePpm, risk }: RunOptions): void {
  const { stopDistanceMaxPpm } = LIVE_LIMITS;
  if (risk !== 'live' || stopDistancePpm === null || stopDistancePpm <= stopDistanceMaxPpm) return;
  throw new ConfigurationError(
    `--stop ${stopDistancePpm / 10_000}: --risk live allows ${stopDistanceMaxPpm / 10_000} % at most; give a nearer stop or --risk none`,
  );
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function parameter(text: string, given: Record<string, number>): Record<string, number> {
  const [key = '', value = '', ...rest] = text.split('=');
  if (key === '' || value === '' || rest.length > 0 || !Number.isFinite(Number(value))) {
    throw new InvalidArgumentError('must be key=value, the value a number.');
  }
  return { ...given, [key]: Number(value) };
}

/** Bps with up to four decimals, kept as the number their text means. */
export function bps(text: string): number {
  return decimal(text, 4) / 10_000;
}

function deadline(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 1_000 || ms > 300_000) {
    throw new InvalidArgumentError('must be a duration from 1s to 5m.');
  }
  return ms;
}

/** ppm of "3", "3%" or "0.5"; "none" as it is, because commander makes an empty text of null. */
function stop(text: string): number | 'none' {
  if (text === 'none') return text;
  const ppm = parseStopDistance(text.endsWith('%') ? text : `${text}%`);
  if (ppm === null) throw new InvalidArgumentError('must be percent like 3 or 0.5, or none.');
  if (ppm < STOP_PPM_MIN || ppm > STOP_PPM_MAX) {
    throw new InvalidArgumentError(
      `must be from ${STOP_PPM_MIN / 10_000} to ${STOP_PPM_MAX / 10_000} %, or none.`,
    );
  }
  return ppm;
}

function wholeNumber(text: string): number {
  const value = decimal(text, 0);
  if (value < 0) throw new InvalidArgumentError('must be zero or more.');
  return value;
}

function leverage(text: string): number {
  const value = decimal(text, 2) / 100;
  if (value < 1) throw new InvalidArgumentError('must be at least 1.');
  return value;
}

function cash(text: string): number {
  const money = decimal(text, 8);
  if (money <= 0) throw new InvalidArgumentError('must be above zero.');
  return money;
}

function size(text: string): string {
  const written = /^\d+(\.\d+)?$/.test(text) ? `${text}x` : text;
  if (!isSize(written)) throw new InvalidArgumentError(`must be ${SIZE_FORMS}.`);
  return written;
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?$/;

/** ms UTC of "2024-01-31", "2024-01-31T12:00" or a count of ms. */
export function time(text: string): number {
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const ms = TIME.test(text) ? Date.parse(withZone(text)) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('must be like 2024-01-31 or 2024-01-31T12:00, in UTC, or ms.');
  }
  return ms;
}

function withZone(text: string): string {
  return text.includes('T') && !text.endsWith('Z') ? `${text}Z` : text;
}

function decimal(text: string, decimals: number): number {
  try {
    return parseDecimal(text, decimals);
  } catch (error) {
    if (error instanceof MalformedNumberError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
