/** `plimsoll data`: what is in a data set, and what about it deserves suspicion. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Bars } from '../../research/data/bars.ts';
import {
  type Description,
  describe,
  type Stretch,
  type Suspect,
} from '../../research/data/describe.ts';
import type { Gap } from '../../research/data/gaps.ts';
import type { LoadedBars } from '../../research/data/load-bars.ts';
import { utc } from '../../research/data/utc.ts';

/** Shown of each list; `--json` has all. */
const LISTED_MAX = 5;

interface Flags {
  readonly json?: boolean;
  readonly sort?: boolean;
  readonly tick?: string;
  readonly symbol?: string;
  readonly jumpPercent: number;
  readonly wickPercent: number;
}

export function addDataCommand(program: Command): void {
  program
    .command('data')
    .description('describe data sets: rows, range, gaps, duplicates, suspicious prices')
    .argument('<files...>', 'candles as CSV, gzipped CSV or archive zip')
    .option('--symbol <symbol>', 'contract; from the manifest or the name of the file if not given')
    .option('--tick <size>', 'price step; the finest that the prices need if not given')
    .option('--sort', 'put rows that are out of order right instead of refusing them')
    .addOption(
      percentOption('--jump-percent <percent>', 'tell opens this far from the last close', 1),
    )
    .addOption(percentOption('--wick-percent <percent>', 'tell wicks this long', 3))
    .option('--json', 'print as JSON, a line a file')
    .action(async (files: readonly string[], flags: Flags) => {
      // Loaded here: no other command should carry it.
      const { loadBars } = await import('../../research/data/load-bars.ts');
      const { symbol, tick, sort = false } = flags;
      const options = { sort, ...(symbol && { symbol }), ...(tick && { tickSize: tick }) };
      for (const file of files) {
        const loaded = await loadBars(file, options);
        const description = describe(loaded.bars, flags);
        const { manifest, notes } = loaded;
        const text = flags.json
          ? JSON.stringify({ ...manifest, notes: { ...notes, gaps: undefined }, ...description })
          : told(file, loaded, description);
        process.stdout.write(`${text}\n`);
      }
    });
}

/** A line with the total and one for each of the first gaps. */
export function gapLines(gaps: readonly Gap[]): string[] {
  if (gaps.length === 0) return ['no gap'];
  const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0);
  const lines = gaps.map(
    ({ fromMs, toMs, missing }) => `  ${utc(fromMs)} to ${utc(toMs)}: ${missing} missing`,
  );
  return [`${gaps.length} gaps, ${missing} rows missing`, ...some(lines)];
}

function percentOption(flags: string, description: string, standard: number): Option {
  const parse = (text: string): number => {
    const percent = Number(text);
    if (text.trim() !== '' && percent > 0 && percent < Number.POSITIVE_INFINITY) return percent;
    throw new InvalidArgumentError('a percentage above 0 is expected.');
  };
  return new Option(flags, description).argParser(parse).default(standard);
}

function told(file: string, { bars, manifest, notes }: LoadedBars, about: Description): string {
  const { symbol, source, from, to, rows, tickSize, sha256 } = manifest;
  const facts: [string, string][] = [
    ['data set', file],
    ['symbol', `${symbol}, ${source}`],
    ['interval', duration(bars.intervalMs)],
    ['range', `${from} to ${to}`],
    [
      'rows',
      `${rows}${notes.duplicatesDropped > 0 ? ` (and ${notes.duplicatesDropped} exact duplicates, dropped)` : ''}`,
    ],
    ['tick', `${tickSize}; prices ${price(bars, about.lowest)} to ${price(bars, about.highest)}`],
    ['sha256', sha256],
  ];
  if (notes.rowsMoved > 0) facts.push(['sorted', `${notes.rowsMoved} rows were out of order`]);
  if (notes.pricesRounded > 0) facts.push(['rounded', `${notes.pricesRounded} prices to the tick`]);
  if (notes.timeUnit !== 'ms')
    facts.push(['times', notes.timeUnit === 'us' ? 'in µs' : 'in ms and µs']);
  if (notes.isLastLineOpen) facts.push(['end', 'the last line has no line end: it may be cut off']);
  if (notes.cache.startsWith('not')) facts.push(['cache', notes.cache]);
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return [
    ...facts.map(([name, text]) => name.padEnd(width) + text),
    ...gapLines(manifest.gaps),
    ...stretchLines('without volume', about.zeroVolume),
    ...stretchLines('without range (high = low)', about.zeroRange),
    ...suspectLines('jumps from the last close', about.jumps),
    ...suspectLines('long wicks', about.wicks),
  ].join('\n');
}

function stretchLines(name: string, stretches: readonly Stretch[]): string[] {
  if (stretches.length === 0) return [`no candle ${name}`];
  const candles = stretches.reduce((sum, stretch) => sum + stretch.candles, 0);
  const lines = stretches.map(
    ({ fromMs, toMs, candles }) => `  ${utc(fromMs)} to ${utc(toMs)}: ${candles}`,
  );
  return [`${candles} candles ${name}`, ...some(lines)];
}

/** The farthest first. */
function suspectLines(name: string, suspects: readonly Suspect[]): string[] {
  if (suspects.length === 0) return [`no ${name}`];
  const sorted = suspects.toSorted((a, b) => Math.abs(b.percent) - Math.abs(a.percent));
  const lines = sorted.map(({ openMs, percent }) => `  ${utc(openMs)}: ${signed(percent)} %`);
  return [`${suspects.length} ${name}`, ...some(lines)];
}

function some(lines: readonly string[]): string[] {
  if (lines.length <= LISTED_MAX) return [...lines];
  return [
    ...lines.slice(0, LISTED_MAX),
    `  and ${lines.length - LISTED_MAX} more (--json has all)`,
  ];
}

function signed(percent: number): string {
  return `${percent > 0 ? '+' : ''}${percent.toFixed(2)}`;
}

function price(bars: Bars, ticks: number): string {
  const decimals = (bars.tickSize.split('.')[1] ?? '').length;
  return (ticks * Number(bars.tickSize)).toFixed(decimals);
}

function duration(ms: number): string {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000}d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1_000}s`;
}
