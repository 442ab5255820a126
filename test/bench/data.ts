/** How fast candles come off the disk: half a million rows of CSV, beside Papa Parse; and their columnar form. */
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Papa from 'papaparse';
import { loadBars } from '../../research/data/load-bars.ts';
import { type BenchRow, median, row } from './rows.ts';

const ROWS = 500_000;
const ROUNDS = 5;
const LOAD_MS_MAX = 500;
const CACHED_MS_MAX = 20;

export async function dataBench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  try {
    const path = join(folder, 'BTCUSDT-1m.csv');
    writeFileSync(path, candleText());
    // Settled: the loader trusts no identity of a file that was changed a moment ago.
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const cacheDir = join(folder, 'cache');
    await loadBars(path, { cacheDir });
    const times: Record<'load' | 'peer' | 'cached', number[]> = { load: [], peer: [], cached: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.load.push(await elapsedMs(() => loadBars(path, { cacheDir: null })));
      times.peer.push(await elapsedMs(() => peerLoad(path)));
      times.cached.push(await elapsedMs(() => loadBars(path, { cacheDir })));
    }
    const peer = 'Papa Parse, its rows turned into the same columns as floats; unchecked';
    const peerValue = median(times.peer);
    return [
      row({
        name: `load ${ROWS} rows of CSV, checked, into ticks`,
        value: median(times.load),
        unit: 'ms',
        peer,
        peerValue,
        limit: { valueMax: LOAD_MS_MAX },
      }),
      row({
        name: `load ${ROWS} rows from the columnar form`,
        value: median(times.cached),
        unit: 'ms',
        peer,
        peerValue,
        limit: { valueMax: CACHED_MS_MAX },
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function peerLoad(path: string): Promise<void> {
  const { data } = Papa.parse<string[]>(readFileSync(path, 'utf8'), { skipEmptyLines: true });
  const columns = Array.from({ length: 6 }, () => new Float64Array(data.length - 1));
  for (let i = 1; i < data.length; i++) {
    for (let column = 0; column < columns.length; column++) {
      const values = columns[column];
      if (values) values[i - 1] = Number(data[i]?.[column]);
    }
  }
}

/** A walk in the form of the archive's plain columns; the same text every time. */
function candleText(): string {
  const lines = ['open_time,open,high,low,close,volume'];
  let price = 420_000;
  for (let i = 0; i < ROWS; i++) {
    const open = price;
    price += ((i * 7919) % 201) - 100;
    const cells = [open, Math.max(open, price) + 37, Math.min(open, price) - 41, price];
    const prices = cells.map((ticks) => `${Math.floor(ticks / 10)}.${ticks % 10}0`);
    lines.push(
      `${1_640_995_200_000 + i * 60_000},${prices.join(',')},${(i % 997) + 1}.${i % 10}25`,
    );
  }
  return `${lines.join('\n')}\n`;
}

async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
