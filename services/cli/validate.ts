/** `plimsoll validate`: research, backtest and live say the same, or every difference is told. */
import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { instrumentOf } from '../../research/accounting/arithmetic.ts';
import type { Bars } from '../../research/data/bars.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import type { Check } from '../../research/validation/check.ts';
import { readSession } from '../../research/validation/check-journal.ts';
import { toldDifference, validationPage } from '../../research/validation/page.ts';
import { RecordedMarket } from '../../research/validation/recorded-market.ts';
import { registeredPair, type StrategyPair } from '../../research/validation/strategy-pair.ts';
import { type Validation, validate } from '../../research/validation/validate.ts';
import { createReplayMarketData } from '../../shared/adapters/binance/market/replay-market-data.ts';
import { readJournal } from '../../shared/adapters/journal/reader.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { STRATEGIES, StrategyParameterError } from '../../shared/strategies/registry.ts';

interface Flags {
  readonly data: string;
  readonly strategy: readonly string[];
  readonly param: Readonly<Record<string, number>>;
  readonly funding?: string;
  readonly recording: readonly string[];
  readonly journal?: string;
  readonly seed: number;
  readonly json?: string;
  readonly report?: string;
}

/** Differences shown of each check; `--json` and `--report` have more. */
const SHOWN_MAX = 5;

export function addValidateCommand(program: Command): void {
  const several = (text: string, before: readonly string[]) => [...before, text];
  program
    .command('validate')
    .description('prove that vectorised, event-driven and live runs say the same')
    .requiredOption('--data <file>', 'candles: archive CSV or zip, or plain CSV, gzipped or not')
    .option('--strategy <name>', 'strategy to validate; repeatable; all if not given', several, [])
    .option('--param <key=value>', 'parameter of the one strategy; repeatable', parameter, {})
    .option('--funding <file>', 'funding rates, charged in the backtests')
    .option('--recording <file>', 'recorded frames, in order; repeatable', several, [])
    .option('--journal <folder>', 'journal of a session; its newest in a folder')
    .option('--seed <n>', 'of gaps, ticks and cuts', seed, 1)
    .option('--json <file>', 'write the result as JSON')
    .option('--report <file>', 'write the result as one HTML file')
    .action(async (flags: Flags) => {
      process.exitCode = (await run(flags)) === 0 ? 0 : 1;
    });
}

/** Returns the number of differences. Throws ConfigurationError for what cannot be meant. */
async function run(flags: Flags): Promise<number> {
  const pairs = pairsOf(flags);
  const { bars, manifest } = await loadBars(flags.data);
  if (bars.length < 2) throw new ConfigurationError('--data has fewer than two candles');
  const { journal, recording } = flags;
  const validation = validate({
    bars,
    pairs,
    funding: flags.funding === undefined ? null : await loadFunding(flags.funding),
    seed: flags.seed,
    recording: recording.length === 0 ? null : await readRecorded(recording, bars),
    journal: journal === undefined ? null : await readSession(readJournal(journal)),
  });
  const about: [string, string][] = [
    ['data', `${manifest.file}, sha256 ${manifest.sha256}`],
    ['range', `${manifest.from} to ${manifest.to}, ${bars.length} candles`],
    ['seed', String(flags.seed)],
  ];
  if (flags.json !== undefined) {
    const result = { ...Object.fromEntries(about), ...validation };
    writeFileSync(flags.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  if (flags.report !== undefined) writeFileSync(flags.report, validationPage(validation, about));
  process.stdout.write(told(validation, about));
  return validation.differences;
}

function parameter(text: string, given: Record<string, number>): Record<string, number> {
  const [, key = '', value] = /^(\w+)=(\d+)$/.exec(text) ?? [];
  if (value === undefined) {
    throw new InvalidArgumentError('must be key=value, the value a whole number.');
  }
  return { ...given, [key]: Number(value) };
}

function seed(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value < 2 ** 32) return value;
  throw new InvalidArgumentError('must be a whole number below 4,294,967,296.');
}

function pairsOf({ strategy, param }: Flags): StrategyPair[] {
  if (Object.keys(param).length > 0 && strategy.length !== 1) {
    throw new ConfigurationError('--param needs one --strategy: parameters have their own names');
  }
  const names = strategy.length > 0 ? strategy : STRATEGIES.map(({ name }) => name);
  try {
    return [...new Set(names)].map((name) => registeredPair(name, param));
  } catch (error) {
    if (error instanceof StrategyParameterError) throw new ConfigurationError(error.message);
    throw error;
  }
}

async function readRecorded(files: readonly string[], bars: Bars): Promise<RecordedMarket> {
  const market = new RecordedMarket();
  const replay = createReplayMarketData({ files, instrument: instrumentOf(bars) });
  await replay.start(market);
  await replay.finished;
  return market;
}

function told(validation: Validation, about: readonly (readonly [string, string])[]): string {
  const { checks, sources, differences } = validation;
  const lines = [
    ...about.map(([name, text]) => `${name.padEnd(8)}${text}`),
    '',
    ...table(checks),
    ...checks.filter((check) => check.differences > 0).flatMap(toldCheck),
    ...sources.map(
      ({ strategy, candles, signals, agreeing, differing }) =>
        `apart: ${strategy} on ${candles.mid} mid and ${candles.trade} trade candles of the recording: ${signals.mid} and ${signals.trade} signals, ${agreeing} agree, ${differing} differ`,
    ),
    differences === 0 ? 'zero differences' : `DIFFERENT: ${differences} differences`,
  ];
  return `${lines.join('\n')}\n`;
}

function table(checks: readonly Check[]): string[] {
  const rows = [
    ['check', 'strategy', 'count', 'differences', 'compared'],
    ...checks.map(({ name, strategy, sides, compared, differences }) => [
      name,
      strategy ?? '-',
      String(compared),
      String(differences),
      sides,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, i) =>
        i === 2 || i === 3 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  '),
  );
}

function toldCheck({ name, strategy, examples, differences }: Check): string[] {
  const shown = examples.slice(0, SHOWN_MAX);
  return [
    `${name}${strategy === null ? '' : `, ${strategy}`}: the first ${shown.length} of ${differences}`,
    ...shown.map((one) => `  ${toldDifference(one)}`),
  ];
}
