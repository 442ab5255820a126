/**
 * Goal: a download is the archive's data, whole, or an error that says what to do. Method: a loopback
 * archive with generated zips, and every fault a network and an archive are known for.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveKind, archiveFiles } from '../../research/data/download/archive-files.ts';
import { type DownloadProgress, download } from '../../research/data/download/download.ts';
import { DownloadError } from '../../research/data/download/download-error.ts';
import { loadBars } from '../../research/data/load-bars.ts';
import { loadFunding } from '../../research/data/load-funding.ts';
import { type ArchiveServer, startArchive } from './archive-server.ts';
import { zipOf } from './data-support.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const QUICK = { attemptsMax: 3, backoffMs: 1, idleMs: 2_000 };
const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
const HEADER =
  'open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n';

let archive: ArchiveServer;
let outDir: string;

beforeEach(async () => {
  archive = await startArchive();
  outDir = mkdtempSync(join(tmpdir(), 'plimsoll-download-'));
});
afterEach(async () => {
  await archive.close();
  rmSync(outDir, { recursive: true });
});

/** Hourly candles of [fromMs, toMs), as the archive has them. */
function candles(fromMs: number, toMs: number, { extra = '', volume = '12.345' } = {}): string {
  let text = '';
  for (let at = fromMs; at < toMs; at += HOUR_MS) {
    const open = 40_000 + ((at / HOUR_MS) % 1000);
    text += `${at},${open}.10,${open + 9}.00,${open - 9}.50${extra},${open + 1}.20,${volume},${at + HOUR_MS - 1},1.5,10,1.1,2.2,0\n`;
  }
  return text;
}

const klinePath = (stamp: string, kind = 'klines') =>
  `data/futures/um/${stamp.length > 7 ? 'daily' : 'monthly'}/${kind}/BTCUSDT/1h/BTCUSDT-1h-${stamp}.zip`;

async function putDay(stamp: string, { header = true, kind = 'klines', extra = '' } = {}) {
  const text = (header ? HEADER : '') + candles(day(stamp), day(stamp) + DAY_MS, { extra });
  archive.put(klinePath(stamp, kind), await zipOf(`BTCUSDT-1h-${stamp}.csv`, text));
}

function order(from: string, to: string, kind: ArchiveKind = 'klines') {
  return {
    series: { symbol: 'BTCUSDT', kind, interval: '1h' as const },
    period: { fromMs: day(from), toMs: day(to) + DAY_MS },
    baseUrl: archive.url,
    outDir,
  };
}

describe('the files of a period', () => {
  const names = (from: string, to: string, kind: ArchiveKind = 'klines') => {
    const series = { symbol: 'BTCUSDT', kind, interval: '5m' } as const;
    return archiveFiles(series, { fromMs: day(from), toMs: day(to) + DAY_MS }).map(
      ({ name }) => name,
    );
  };

  it('are months where they are whole, and days at the ends', () => {
    expect(names('2024-01-30', '2024-03-02')).toEqual([
      'BTCUSDT-5m-2024-01-30.zip',
      'BTCUSDT-5m-2024-01-31.zip',
      'BTCUSDT-5m-2024-02.zip',
      'BTCUSDT-5m-2024-03-01.zip',
      'BTCUSDT-5m-2024-03-02.zip',
    ]);
  });

  it('are days for trades, and months for funding', () => {
    expect(names('2024-02-01', '2024-02-29', 'aggTrades')).toHaveLength(29);
    expect(names('2024-02-28', '2024-03-01', 'fundingRate')).toEqual([
      'BTCUSDT-fundingRate-2024-02.zip',
      'BTCUSDT-fundingRate-2024-03.zip',
    ]);
  });
});

describe('a download', () => {
  it('merges months and days, with and without header, into one data set with its manifest', async () => {
    await putDay('2024-01-31', { header: false });
    const february = HEADER + candles(day('2024-02-01'), day('2024-03-01'));
    archive.put(klinePath('2024-02'), await zipOf('BTCUSDT-1h-2024-02.csv', february));
    await putDay('2024-03-01');
    const told: DownloadProgress[] = [];
    const result = await download(
      order('2024-01-31', '2024-03-01'),
      (progress) => told.push(progress),
      QUICK,
    );
    expect(result).toMatchObject({ fetched: 3, kept: 0, absent: [] });
    expect(told.at(-1)).toMatchObject({ files: 3, filesDone: 2 });
    expect(result.manifest).toMatchObject({
      symbol: 'BTCUSDT',
      source: 'klines',
      intervalMs: HOUR_MS,
      tickSize: '0.10',
      rows: 31 * 24,
      missing: 0,
      from: '2024-01-31T00:00:00Z',
      to: '2024-03-02T00:00:00Z',
    });
    const { bars, manifest } = await loadBars(result.path, { cacheDir: null });
    expect(manifest).toEqual(result.manifest);
    expect(bars.length).toBe(31 * 24);
    expect(bars.volume[5]).toBe(12.345);
    expect(JSON.parse(readFileSync(`${result.path}.manifest.json`, 'utf8'))).toEqual(manifest);
  });

  it.each(['0.00000001', '51234567890.5'])('keeps a volume of %s', async (volume) => {
    const text = candles(day('2024-01-01'), day('2024-01-02'), { volume });
    archive.put(klinePath('2024-01-01'), await zipOf('a.csv', text));
    const { path } = await download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
    const [first = 0] = (await loadBars(path, { cacheDir: null })).bars.volume;
    // Exact to 90 million, rounded in the last places beyond.
    expect(first / Number(volume)).toBeCloseTo(1, 12);
  });

  it('fetches nothing twice, and gives the same bytes again', async () => {
    await putDay('2024-01-01');
    const first = await download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
    const bytes = readFileSync(first.path);
    const second = await download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
    expect(second).toMatchObject({ fetched: 0, kept: 1 });
    expect(archive.requests).toHaveLength(1);
    expect(readFileSync(second.path).equals(bytes)).toBe(true);
  });

  it('fetches again what the archive replaced', async () => {
    await putDay('2024-01-01');
    await download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
    await putDay('2024-01-01', { header: false });
    const again = await download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
    expect(again).toMatchObject({ fetched: 1, kept: 0 });
  });

  it('takes a month by its days until it is published, and names the days that are not there yet', async () => {
    for (let date = 1; date <= 26; date++) await putDay(`2024-02-${String(date).padStart(2, '0')}`);
    const { manifest, absent, fetched } = await download(
      order('2024-02-01', '2024-02-29'),
      undefined,
      QUICK,
    );
    expect(fetched).toBe(26);
    expect(absent).toEqual(['27', '28', '29'].map((date) => `BTCUSDT-1h-2024-02-${date}.zip`));
    expect(manifest.to).toBe('2024-02-27T00:00:00Z');
  });

  it('reports a day that is missing in the middle as a gap', async () => {
    await putDay('2024-01-01');
    await putDay('2024-01-03');
    const { manifest } = await download(order('2024-01-01', '2024-01-03'), undefined, QUICK);
    expect(manifest.gaps).toEqual([
      { fromMs: day('2024-01-02'), toMs: day('2024-01-03'), missing: 24 },
    ]);
  });

  it('keeps mark prices apart, rounded to 0.01', async () => {
    await putDay('2024-01-01', { kind: 'markPriceKlines', extra: '123456' });
    const { path, manifest } = await download(
      order('2024-01-01', '2024-01-01', 'markPriceKlines'),
      undefined,
      QUICK,
    );
    expect(path).toContain('BTCUSDT-markPriceKlines-1h-2024-01-01');
    expect(manifest).toMatchObject({ source: 'markPriceKlines', tickSize: '0.01', rows: 24 });
    const { manifest: loaded } = await loadBars(path, { cacheDir: null });
    expect(loaded).toEqual(manifest);
  });

  it('merges funding of the days asked for', async () => {
    const root = 'data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate';
    for (const month of ['2024-01', '2024-02']) {
      let text = 'calc_time,funding_interval_hours,last_funding_rate\n';
      for (let i = 0; i < 87; i++)
        text += `${day(`${month}-01`) + i * 8 * HOUR_MS + 3},8,0.00010000\n`;
      archive.put(`${root}-${month}.zip`, await zipOf('f.csv', text));
    }
    const { path, manifest } = await download(
      order('2024-01-31', '2024-02-02', 'fundingRate'),
      undefined,
      QUICK,
    );
    const { length, timeMs } = await loadFunding(path);
    expect([length, timeMs[0]]).toEqual([6, day('2024-02-01')]);
    expect(manifest).toMatchObject({
      rows: 6,
      intervalMs: null,
      source: 'fundingRate',
      missing: 0,
    });
    await expect(loadBars(path, { cacheDir: null })).rejects.toThrow(
      'holds fundingRate, not candles',
    );
  });

  it('merges trades and finds holes in their ids', async () => {
    const trade = (id: number, at: number) =>
      `${id},42000.10,0.5,${id * 2},${id * 2 + 1},${at},true\n`;
    const put = async (stamp: string, text: string) =>
      archive.put(
        `data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-${stamp}.zip`,
        await zipOf('t.csv', text),
      );
    const [one, two] = [day('2024-01-01'), day('2024-01-02')];
    await put('2024-01-01', trade(1, one) + trade(2, one + 5));
    await put(
      '2024-01-02',
      `agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n${trade(5, two)}`,
    );
    const { path, manifest } = await download(
      order('2024-01-01', '2024-01-02', 'aggTrades'),
      undefined,
      QUICK,
    );
    expect(manifest).toMatchObject({
      rows: 3,
      missing: 2,
      gaps: [{ fromMs: one + 5, toMs: two, missing: 2 }],
    });
    expect(gunzipSync(readFileSync(path)).toString().split('\n')).toHaveLength(5);
    await put('2024-01-02', trade(2, two));
    await expect(
      download(order('2024-01-01', '2024-01-02', 'aggTrades'), undefined, QUICK),
    ).rejects.toThrow(/2024-01-02\.zip, line 1: trade 2 comes after 2/);
  });
});

describe('when the network or the archive fails', () => {
  const path = klinePath('2024-01-01');
  const get = () => download(order('2024-01-01', '2024-01-01'), undefined, QUICK);
  /** Cuts what the archive holds back, once the bytes sent so far are on the disk. */
  const getCut = () =>
    download(
      order('2024-01-01', '2024-01-01'),
      ({ bytes }) => bytes > 0 && archive.hangUp(),
      QUICK,
    );
  const local = (suffix: string) => join(outDir, 'archive', path) + suffix;
  beforeEach(() => putDay('2024-01-01'));

  it('resumes a cut connection where it was cut', async () => {
    archive.fail(path, { kind: 'silent', afterBytes: 100 });
    expect((await getCut()).manifest.rows).toBe(24);
    expect(archive.requests).toEqual([
      'BTCUSDT-1h-2024-01-01.zip',
      'BTCUSDT-1h-2024-01-01.zip bytes=100-',
    ]);
    expect(existsSync(local('.part'))).toBe(false);
  });

  it('resumes what an earlier run left, and starts over where it was of another edition', async () => {
    const cuts = Array.from({ length: 3 }, () => ({ kind: 'silent', afterBytes: 50 }) as const);
    archive.fail(path, ...cuts);
    await expect(getCut()).rejects.toThrow(/gave up after 3 tries/);
    expect(readFileSync(local('.part'))).toHaveLength(150);
    expect((await get()).fetched).toBe(1);
    expect(archive.requests.at(-1)).toMatch(/bytes=150-/);
    rmSync(local(''));
    writeFileSync(local('.part'), 'another edition');
    expect((await get()).fetched).toBe(1);
    rmSync(local(''));
    writeFileSync(local('.part'), new Uint8Array(1_000_000));
    expect((await get()).fetched).toBe(1);
  });

  it('starts over where the server ignores the range', async () => {
    archive.fail(path, { kind: 'silent', afterBytes: 60 }, { kind: 'ignoreRange' });
    expect((await getCut()).manifest.rows).toBe(24);
  });

  it('tries again after 500, 429 and silence', async () => {
    archive.fail(
      `${path}.CHECKSUM`,
      { kind: 'status', status: 500 },
      { kind: 'status', status: 429 },
    );
    archive.fail(path, { kind: 'silent', afterBytes: 10 });
    const result = await download(order('2024-01-01', '2024-01-01'), undefined, {
      ...QUICK,
      idleMs: 100,
    });
    expect(result.fetched).toBe(1);
  });

  it('refuses a wrong check sum, keeps what came aside and names it', async () => {
    archive.fail(path, { kind: 'corrupt' });
    await expect(get()).rejects.toThrow(/check sum is wrong .* kept as .*2024-01-01\.zip\.bad/);
    expect(existsSync(local('.bad'))).toBe(true);
    expect(existsSync(local(''))).toBe(false);
    expect((await get()).fetched).toBe(1);
  });

  it('ends at once where the archive refuses for good, or its check sum is none', async () => {
    archive.fail(path, { kind: 'status', status: 403 });
    await expect(get()).rejects.toThrow(/the archive answered 403/);
    expect(archive.requests).toHaveLength(1);
    archive.put(path, new Uint8Array(10), 'not a sum');
    await expect(get()).rejects.toThrow(/CHECKSUM holds no sha256/);
  });

  it('says so when the archive has nothing, or cannot be reached', async () => {
    await expect(download(order('2030-01-01', '2030-01-02'), undefined, QUICK)).rejects.toThrow(
      /has none of the 2 files asked for .*check symbol, interval and dates/,
    );
    await archive.close();
    await expect(get()).rejects.toThrow(DownloadError);
    await expect(get()).rejects.toThrow(/gave up after 3 tries: the host refuses connections/);
    archive = await startArchive();
  });

  it('names the part that is malformed, and leaves the data set of before alone', async () => {
    const { path: dataSet } = await get();
    const before = readFileSync(dataSet);
    archive.put(path, await zipOf('a.csv', `${HEADER}1704067200000,1,2,3,4,5\n`));
    await expect(get()).rejects.toThrow(/BTCUSDT-1h-2024-01-01\.zip, line 2: high is below low/);
    expect(readFileSync(dataSet).equals(before)).toBe(true);
    expect((await loadBars(dataSet, { cacheDir: null })).bars.length).toBe(24);
    await putDay('2024-01-01', { header: false, extra: '5' });
    expect((await get()).manifest.tickSize).toBe('0.001');
  });
});
