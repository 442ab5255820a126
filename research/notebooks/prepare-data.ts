/**
 * Puts what the notebooks read where they read it: `data/candles.csv` and `data/funding.csv` beside
 * them. Without options it generates what is missing and leaves what is there. Never fetches anything.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DataSetError } from '../data/data-set-error.ts';
import { parseFunding } from '../data/parse-funding.ts';
import { unpack } from '../data/unpack.ts';
import { generatedMarketText } from './generated-market.ts';
import { readCandles } from './read-candles.ts';

const USAGE = `npm run notebooks:data -- [--data FILE] [--funding FILE] [--generated]
  --data FILE      candles of your own: CSV, gzipped or zipped, as \`plimsoll research --data\` takes them
  --funding FILE   funding rates of your own; without them your candles pay none
  --generated      back to the generated market
`;
const SEED = 9;
const DAYS = 120;

const folder = new URL('./data/', import.meta.url);
const candlesFile = new URL('candles.csv', folder);
const fundingFile = new URL('funding.csv', folder);

function generate(): void {
  const { candles, funding } = generatedMarketText({ seed: SEED, days: DAYS });
  writeFileSync(candlesFile, candles);
  writeFileSync(fundingFile, funding);
  process.stdout.write(`generated ${DAYS} days of an invented market\n`);
}

async function take(candlesPath: string, fundingPath: string | undefined): Promise<void> {
  const candles = await unpack(readFileSync(candlesPath), candlesPath);
  const { length } = readCandles(new TextDecoder().decode(candles), candlesPath);
  // The header alone is what the notebooks take for "no funding".
  let funding: Uint8Array = new TextEncoder().encode('funding_time,funding_rate\n');
  if (fundingPath !== undefined) {
    funding = await unpack(readFileSync(fundingPath), fundingPath);
    parseFunding(funding, fundingPath);
  }
  writeFileSync(candlesFile, candles);
  writeFileSync(fundingFile, funding);
  process.stdout.write(`took ${length} candles from ${candlesPath}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      funding: { type: 'string' },
      generated: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.funding !== undefined && values.data === undefined) {
    throw new TypeError('--funding goes with --data');
  }
  mkdirSync(folder, { recursive: true });
  if (values.data !== undefined) await take(values.data, values.funding);
  else if (values.generated || !existsSync(candlesFile) || !existsSync(fundingFile)) generate();
}

main().catch((error: unknown) => {
  const isExpected =
    error instanceof DataSetError ||
    error instanceof TypeError ||
    (error instanceof Error && 'code' in error);
  process.stderr.write(
    isExpected && error instanceof Error ? `${error.message}\n${USAGE}` : `${String(error)}\n`,
  );
  process.exitCode = 1;
});
