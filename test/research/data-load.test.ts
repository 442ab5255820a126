/** Goal: a file gives its bars however it is packed, and its cached form the same ones. Method: files in a folder of their own. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { loadBars } from '../../research/data/load-bars.ts';
import { manifestPath } from '../../research/data/manifest.ts';
import { zipOf } from './data-support.ts';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

const START_MS = Date.UTC(2024, 0, 1);
const HEADER = 'open_time,open,high,low,close,volume';
const minute = (i: number, cells = '42000.1,42010,41990.5,42005.0,1.25') =>
  `${START_MS + i * 60_000},${cells}`;

const lines = (...rows: string[]) => `${rows.join('\n')}\n`;

describe('files', () => {
  const text = lines(HEADER, minute(0), minute(1), minute(3));
  const file = (name: string, content: Uint8Array | string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    // Long settled, so that its identity may be remembered.
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    return path;
  };

  it('reads plain, gzipped and zipped files alike, whatever they are called', async () => {
    const plain = await loadBars(file('ETHUSDT-1m.csv', text), { cacheDir: null });
    const packed = await loadBars(file('ETHUSDT-1m.csv.gz', gzipSync(text)), { cacheDir: null });
    const zipped = await loadBars(file('ETHUSDT.bin', await zipOf('a.csv', text)), {
      cacheDir: null,
    });
    expect(plain.bars.symbol).toBe('ETHUSDT');
    expect(packed.bars).toEqual(plain.bars);
    expect(zipped.bars).toEqual(plain.bars);
    expect(plain.manifest).toMatchObject({
      rows: 3,
      missing: 1,
      file: 'ETHUSDT-1m.csv',
      source: 'klines',
    });
  });

  it('keeps the columnar form and reads it back the same', async () => {
    const cacheDir = join(folder, 'cache');
    const path = file('kept.csv', text);
    const first = await loadBars(path, { cacheDir });
    const second = await loadBars(path, { cacheDir });
    expect([first.notes.cache, second.notes.cache]).toEqual(['written', 'read']);
    expect(second.bars).toEqual(first.bars);
    expect(second.manifest).toEqual(first.manifest);
    expect(readdirSync(cacheDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const other = await loadBars(path, { cacheDir, tickSize: '0.01' });
    expect([other.notes.cache, other.bars.tickSize]).toEqual(['written', '0.01']);
  });

  it('reads the new content of a file that was changed', async () => {
    const cacheDir = join(folder, 'cache-changed');
    const path = file('changed.csv', text);
    await loadBars(path, { cacheDir });
    file('changed.csv', text.replace('42005.0', '42006.0'));
    const { bars, notes } = await loadBars(path, { cacheDir });
    expect([bars.close[0], notes.cache]).toEqual([420_060, 'written']);
  });

  it('rebuilds a cached form that is damaged anywhere, and uses none of it', async () => {
    const cacheDir = join(folder, 'cache-damaged');
    const path = file('damaged.csv', text);
    const whole = await loadBars(path, { cacheDir });
    const name = readdirSync(cacheDir).find((entry) => entry.endsWith('.bars'))!;
    const good = readFileSync(join(cacheDir, name));
    for (let at = 0; at < good.length + 1; at++) {
      const bad = at === good.length ? good.subarray(0, -8) : Uint8Array.from(good);
      if (at < good.length) bad[at] = bad[at]! ^ 0x01;
      writeFileSync(join(cacheDir, name), bad);
      const { bars, notes } = await loadBars(path, { cacheDir });
      expect(notes.cache).toBe('written');
      expect(bars).toEqual(whole.bars);
    }
  });

  it('loads without a cache where none can be written, and says why', async () => {
    const blocked = file('not-a-folder', '');
    const { bars, notes } = await loadBars(file('blocked.csv', text), {
      cacheDir: join(blocked, 'x'),
    });
    expect(bars.length).toBe(3);
    expect(notes.cache).toMatch(/^not written: /);
  });

  it('holds a file to the manifest beside it', async () => {
    const path = file('described.csv', text);
    const { manifest } = await loadBars(path, {
      symbol: 'XBTUSDT',
      lotSize: '0.01',
      cacheDir: null,
    });
    writeFileSync(manifestPath(path), JSON.stringify(manifest));
    expect((await loadBars(path, { cacheDir: null })).bars).toMatchObject({
      symbol: 'XBTUSDT',
      lotSize: '0.01',
    });
    file('described.csv', text.replace('42005.0', '42006.0'));
    await expect(loadBars(path, { cacheDir: null })).rejects.toThrow(
      /is not the file its manifest describes/,
    );
    writeFileSync(manifestPath(path), '{"symbol": 1}');
    await expect(loadBars(path, { cacheDir: null })).rejects.toThrow(
      /manifest\.json: is no manifest/,
    );
    writeFileSync(manifestPath(path), '{');
    await expect(loadBars(path, { cacheDir: null })).rejects.toThrow(/manifest\.json: is no JSON/);
  });

  it('refuses what is not there, a folder, and a zip without exactly one table', async () => {
    await expect(loadBars(join(folder, 'nothing.csv'))).rejects.toThrow('there is no such file');
    mkdirSync(join(folder, 'a-folder'), { recursive: true });
    await expect(loadBars(join(folder, 'a-folder'), { cacheDir: null })).rejects.toThrow(
      'cannot be read: EISDIR',
    );
    const empty = file('readme.zip', await zipOf('readme.txt', 'hello'));
    await expect(loadBars(empty, { cacheDir: null })).rejects.toThrow(
      'holds 0 CSV files, one expected',
    );
  });
});
