/** `plimsoll download`: data sets from the exchange's public archive. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  ARCHIVE_INTERVALS,
  ARCHIVE_KINDS,
  type ArchiveInterval,
  type ArchiveKind,
} from '../../research/data/download/archive-files.ts';
import type { Downloaded, DownloadProgress } from '../../research/data/download/download.ts';
import { ConfigurationError } from '../../shared/config/load.ts';
import { gapLines } from './data.ts';

const DAY_MS = 86_400_000;
const BASE_URL = 'https://data.binance.vision';

interface Flags {
  readonly symbol: string;
  readonly interval: ArchiveInterval;
  readonly kind: ArchiveKind;
  readonly from: number;
  readonly to: number;
  readonly baseUrl: string;
  readonly out: string;
  readonly json?: boolean;
}

export function addDownloadCommand(program: Command): void {
  const kinds = new Option('--kind <kind>', 'what').choices(ARCHIVE_KINDS).default('klines');
  const intervals = new Option('--interval <interval>', 'of candles');
  program
    .command('download')
    .description('fetch a data set from the public archive; resumes, checks, merges, reports gaps')
    .addOption(kinds)
    .option('--symbol <symbol>', 'contract', symbolOf, 'BTCUSDT')
    .addOption(intervals.choices(ARCHIVE_INTERVALS).default('5m'))
    .requiredOption('--from <day>', 'first day, UTC, e.g. 2024-01-01', dayOf)
    .requiredOption('--to <day>', 'last day, UTC, included', dayOf)
    .option('--base-url <url>', 'the archive or a mirror of it', BASE_URL)
    .option('--out <folder>', 'where data sets are kept', 'research/datasets')
    .option('--json', 'print the result as JSON')
    .action(async (flags: Flags) => {
      if (flags.to < flags.from) throw new ConfigurationError('--to lies before --from');
      const { symbol, interval, kind } = flags;
      // Loaded here: no other command should carry it.
      const { download } = await import('../../research/data/download/download.ts');
      const bar = process.stderr.isTTY ? progressBar(process.stderr) : null;
      const order = {
        series: { symbol, interval, kind },
        period: { fromMs: flags.from, toMs: flags.to + DAY_MS },
        baseUrl: flags.baseUrl.replace(/\/+$/, ''),
        outDir: flags.out,
      };
      const result = await download(order, bar?.draw).finally(() => bar?.clear());
      process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : told(result));
    });
}

function symbolOf(text: string): string {
  // It becomes part of paths and addresses.
  if (/^[A-Z0-9]{2,20}(_[0-9]{6})?$/.test(text)) return text;
  throw new InvalidArgumentError('a symbol is written like BTCUSDT.');
}

function dayOf(text: string): number {
  const timeMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes the 31st of February for the 2nd of March in some engines.
  if (!Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(text)) return timeMs;
  throw new InvalidArgumentError('a day is written like 2024-01-31.');
}

const BAR_WIDTH = 24;
const REDRAW_MS = 100;

/** One line that is drawn over; people only. */
function progressBar(terminal: NodeJS.WriteStream) {
  let drawnMs = 0;
  const draw = ({ name, filesDone, files, bytes }: DownloadProgress): void => {
    const nowMs = performance.now();
    if (nowMs - drawnMs < REDRAW_MS) return;
    drawnMs = nowMs;
    const done = Math.round((filesDone / files) * BAR_WIDTH);
    const bar = '█'.repeat(done) + '░'.repeat(BAR_WIDTH - done);
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    terminal.write(`\r\x1b[K${bar} ${filesDone}/${files} files, ${size}  ${name}`);
  };
  return { draw, clear: () => terminal.write('\r\x1b[K') };
}

function told({ path, manifest, fetched, kept, absent }: Downloaded): string {
  const lines = [
    path,
    `${manifest.rows} rows, ${manifest.from} to ${manifest.to}; ${fetched} files fetched, ${kept} already here`,
    ...gapLines(manifest.gaps),
  ];
  if (absent.length > 0) {
    lines.push(
      `not in the archive (yet): ${absent.slice(0, 5).join(', ')}${more(absent.length - 5)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}
