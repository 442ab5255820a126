/** Goal: real files load as they are. Method: the samples in PLIMSOLL_DATA; skipped where it is not set. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { resample } from '../../research/data/resample.ts';
import { sliceBars } from '../../research/data/slice-bars.ts';

const DATA = process.env.PLIMSOLL_DATA;
const sample = (path: string) => join(DATA ?? '', path);
const FIVE_MINUTES = 'candles/perp_btcusdt_5m_20230101_20240514.csv.gz';
const ONE_DAY = 'archive/um_BTCUSDT-1m-2024-03-30.csv';
const options = { cacheDir: null };

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-samples-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(DATA === undefined)('real samples (PLIMSOLL_DATA)', () => {
  it('loads the five-minute file whole, without a gap', async () => {
    const { bars, manifest } = await loadBars(sample(FIVE_MINUTES), options);
    expect(bars.length).toBe(143_900);
    expect(manifest).toMatchObject({
      symbol: 'BTCUSDT',
      intervalMs: 300_000,
      tickSize: '0.10',
      from: '2023-01-01T00:00:00Z',
      to: '2024-05-14T15:40:00Z',
      missing: 0,
    });
    expect([bars.open[0], bars.high[0], bars.low[0], bars.close[0]]).toEqual([
      165_375, 165_380, 165_230, 165_292,
    ]);
  });

  it('loads the archive as shipped: CSV with a header, zip with one, zip without', async () => {
    const { notes } = await loadBars(sample(ONE_DAY), options);
    expect(notes).toMatchObject({ rowsRead: 1440, hasHeader: true, timeUnit: 'ms', gaps: [] });
    const futures = 'archive/futures-um-klines-BTCUSDT-1h-2024-10-28.zip';
    const spot = 'archive/spot-klines-BTCUSDT-1h-2024-10-28.zip';
    for (const [file, hasHeader, tickSize] of [
      [futures, true, '0.10'],
      [spot, false, '0.01'],
    ] as const) {
      const loaded = await loadBars(sample(file), options);
      expect(loaded.bars).toMatchObject({ length: 24, intervalMs: 3_600_000, tickSize });
      expect(loaded.notes.hasHeader).toBe(hasHeader);
    }
  });

  it('resamples the archive day to the 288 rows that the five-minute file has', async () => {
    const day = resample((await loadBars(sample(ONE_DAY), options)).bars, 300_000);
    const { bars } = await loadBars(sample(FIVE_MINUTES), options);
    const same = sliceBars(bars, day.openMs[0]!, day.openMs[0]! + 86_400_000);
    expect(day.length).toBe(288);
    for (const column of ['openMs', 'open', 'high', 'low', 'close'] as const) {
      expect(day[column]).toEqual(same[column]);
    }
    const thousandths = (volume: Float64Array) => [...volume].map((v) => Math.round(v * 1000));
    expect(thousandths(day.volume)).toEqual(thousandths(same.volume));
  });

  it('loads funding, snapped to the hour', async () => {
    const file = 'candles/perp_btcusdt_funding_8h_20190910_20250531.csv.gz';
    const { length, timeMs, rateE8 } = await loadFunding(sample(file));
    expect(length).toBe(6270);
    expect(timeMs.every((at) => at % 3_600_000 === 0)).toBe(true);
    expect([timeMs[0], rateE8[0], rateE8[length - 1]]).toEqual([1_568_102_400_000, 10_000, 8_506]);
  });

  it('refuses copies that were truncated, damaged, shuffled or contradict themselves', async () => {
    const copy = (name: string, content: Uint8Array | string) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return loadBars(path, options);
    };
    const packed = readFileSync(sample(FIVE_MINUTES));
    await expect(copy('cut.csv.gz', packed.subarray(0, 1_000_000))).rejects.toThrow(
      'cut.csv.gz: is damaged',
    );
    const flipped = Uint8Array.from(packed);
    flipped[500_000] = flipped[500_000]! ^ 0x10;
    await expect(copy('flipped.csv.gz', flipped)).rejects.toThrow('flipped.csv.gz');
    const zip = Uint8Array.from(
      readFileSync(sample('archive/futures-um-klines-BTCUSDT-1h-2024-10-28.zip')),
    );
    zip[700] = zip[700]! ^ 0x10;
    await expect(copy('flipped.zip', zip)).rejects.toThrow('flipped.zip: is damaged');
    await expect(copy('cut.zip', zip.subarray(0, 1200))).rejects.toThrow('cut.zip: is damaged');

    const text = readFileSync(sample(ONE_DAY), 'utf8');
    await expect(copy('cut.csv', text.slice(0, 100_000))).rejects.toThrow(/cut\.csv, line \d+/);
    const lines = text.trimEnd().split('\n');
    [lines[10], lines[20]] = [lines[20]!, lines[10]!];
    await expect(copy('shuffled.csv', lines.join('\n'))).rejects.toThrow('shuffled.csv, line 12');
    const repeated = [...lines.slice(0, 6), lines[5]!.replace(',698', ',697'), ...lines.slice(6)];
    await expect(copy('twice.csv', repeated.join('\n'))).rejects.toThrow(/twice\.csv, line 7/);
  });
});
