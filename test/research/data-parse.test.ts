/** Goal: candles and funding are read exactly or refused with file, line and reason. Method: small texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSetError } from '../../research/data/data-set-error.ts';
import { type ParseOptions, parseBars } from '../../research/data/parse-bars.ts';
import { parseFunding } from '../../research/data/parse-funding.ts';

const START_MS = Date.UTC(2024, 0, 1);
const HEADER = 'open_time,open,high,low,close,volume';
const minute = (i: number, cells = '42000.1,42010,41990.5,42005.0,1.25') =>
  `${START_MS + i * 60_000},${cells}`;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const lines = (...rows: string[]) => `${rows.join('\n')}\n`;
const parse = (text: string, options: Partial<ParseOptions> = {}) =>
  parseBars(bytesOf(text), { file: 'x.csv', symbol: 'BTCUSDT', ...options });

describe('reading rows', () => {
  it.each([
    ['with a header', lines(HEADER, minute(0), minute(1))],
    ['without one', lines(minute(0), minute(1))],
    [
      'with CRLF, a byte order mark and blank lines at the end',
      `\uFEFF${HEADER}\r\n${minute(0)}\r\n${minute(1)}\r\n\r\n`,
    ],
    ['in µs', lines(minute(0), minute(1)).replaceAll(/^(\d{13})/gm, '$1000')],
    [
      'in the archive form',
      lines(...[0, 1].map((i) => `${minute(i)},${START_MS + i * 60_000 + 59_999},1.5,3,0.1,0.2,0`)),
    ],
  ])('reads candles %s', (_, text) => {
    const { bars } = parse(text);
    expect(bars).toMatchObject({
      length: 2,
      intervalMs: 60_000,
      tickSize: '0.10',
      lotSize: '0.001',
    });
    expect([...bars.openMs]).toEqual([START_MS, START_MS + 60_000]);
    expect([bars.open[0], bars.high[0], bars.low[0], bars.close[0]]).toEqual([
      420_001, 420_100, 419_905, 420_050,
    ]);
    expect(bars.volume[0]).toBe(1.25);
  });

  it.each([
    ['', /^x\.csv: is empty$/],
    ['\n\r\n', /^x\.csv: is empty$/],
    [lines(HEADER), /^x\.csv: has a header and no rows$/],
    [
      lines('time,price'),
      /^x\.csv, line 1: expected open_time,open,high,low,close,volume, found "time,price"$/,
    ],
    [lines(minute(0), minute(1, '1,2,1')), /line 2: the row ends before close/],
    [lines(minute(0), ''.concat(minute(1), ',7')), /line 2: has 7 columns, 6 expected/],
    [lines(`${minute(0)},1704067259999,8`), /line 1: has 8 columns, 6 or 12 expected/],
    [lines(minute(0), minute(1, '1,2,1,abc,5')), /line 2: close: "abc" is not a plain number/],
    [lines(minute(0), minute(1, '1,2,1,1e1,5')), /line 2: close: "1e1" is not a plain number/],
    [lines(minute(0), minute(1, '1,2,1,,5')), /line 2: close: an empty cell/],
    [lines(minute(0), minute(1, '1,2,1,1.,5')), /line 2: close: "1\." is not/],
    [lines(minute(0), minute(1, '1,2,1,.5,5')), /line 2: close: "\.5" is not/],
    [lines(minute(0), minute(1, '1,2,1,1.2.3,5')), /line 2: close: "1\.2\.3" is not/],
    [lines(minute(0), minute(1, '1,2,1,-1,5')), /line 2: close: "-1" is negative/],
    [lines(minute(0), minute(1, '1,2,1,1,-5')), /line 2: volume: "-5" is negative/],
    [lines(minute(0), minute(1, '1,2,0,1,5')), /line 2: low is zero/],
    [lines(minute(0), minute(1, '1,2,1,1.000000001,5')), /line 2: close has more than 8 decimals/],
    [lines(minute(0), minute(1, '1,99999999999,1,1,5')), /line 2: high is above 90000000/],
    [lines(minute(0), minute(1, '2,1,2,2,5')), /line 2: high is below low/],
    [lines(minute(0), minute(1, '3,2,1,1,5')), /line 2: open is outside low to high/],
    [lines(minute(0), minute(1, '1,2,1,3,5')), /line 2: close is outside low to high/],
    [lines(minute(0), '', minute(1)), /line 2: open_time: an empty cell/],
    [lines(minute(0), '1704067260,1,1,1,1,1'), /line 2: open_time 1704067260 is neither ms nor µs/],
    [
      lines(minute(0), minute(1), minute(2).replace('000,', '007,')),
      /line 3: open_time \d+ is not a multiple/,
    ],
    [`${minute(0)}\r${minute(1)}\r`, /line 1: a carriage return inside the line/],
    [lines(minute(0)), /^x\.csv: has one row only: its interval must be given$/],
  ])('refuses %j', (text, reason) => {
    expect(() => parse(text)).toThrow(DataSetError);
    expect(() => parse(text)).toThrow(reason);
  });

  it('takes volumes beyond what is exact, as they are statistics', () => {
    const { volume } = parse(lines(minute(0), minute(1, '1,1,1,1,51234567890.5'))).bars;
    expect(volume[1]).toBeCloseTo(51_234_567_890.5, 3);
    expect(() => parse(lines(minute(0), minute(1, `1,1,1,1,${'9'.repeat(400)}`)))).toThrow(
      /line 2: volume is above/,
    );
  });

  it('counts lines with the header', () => {
    expect(() => parse(lines(HEADER, minute(0), 'x'))).toThrow(/line 3/);
  });

  it('says when the last line has no end', () => {
    expect(parse(`${minute(0)}\n${minute(1)}`).notes.isLastLineOpen).toBe(true);
    expect(parse(lines(minute(0), minute(1))).notes.isLastLineOpen).toBe(false);
  });
});

describe('order, duplicates and gaps', () => {
  it('refuses rows out of order, and sorts them only when asked to', () => {
    const text = lines(minute(0), minute(2), minute(1), minute(3));
    expect(() => parse(text)).toThrow(
      /line 3: open_time \d+ comes after \d+: rows are out of order/,
    );
    const { bars, notes } = parse(text, { sort: true });
    expect([...bars.openMs]).toEqual([0, 1, 2, 3].map((i) => START_MS + i * 60_000));
    expect(notes.rowsMoved).toBe(1);
  });

  it('drops exact duplicates and counts them', () => {
    const { bars, notes } = parse(lines(minute(0), minute(1), minute(1), minute(1), minute(2)));
    expect(bars.length).toBe(3);
    expect(notes).toMatchObject({ rowsRead: 5, duplicatesDropped: 2, gaps: [] });
    const moved = parse(lines(minute(0), minute(1), minute(0), minute(2)), { sort: true });
    expect(moved.notes.duplicatesDropped).toBe(1);
  });

  it('refuses two rows that differ about one candle, by both lines', () => {
    const text = lines(minute(0), minute(1), minute(1, '1,2,1,1,5'));
    expect(() => parse(text)).toThrow(/line 3: differs from line 2 about the same open_time/);
  });

  it('lists gaps and bridges none', () => {
    const { bars, notes } = parse(lines(...[0, 1, 2, 5, 6, 9].map((i) => minute(i))));
    expect(bars.length).toBe(6);
    expect(notes.gaps.map(({ missing }) => missing)).toEqual([2, 2]);
    expect(notes.gaps[0]).toMatchObject({ fromMs: START_MS + 180_000, toMs: START_MS + 300_000 });
  });

  it('refuses an interval that the rows are not on, or that does not divide the day', () => {
    const text = lines(minute(0), minute(1));
    expect(() => parse(text, { intervalMs: 300_000 })).toThrow(/line 2: .* not a multiple/);
    expect(() => parse(text, { intervalMs: 7_000 })).toThrow(/does not divide the day/);
    expect(() => parse(text, { intervalMs: Number.NaN })).toThrow(/does not divide the day/);
  });
});

describe('ticks', () => {
  const priced = (price: string) =>
    lines(minute(0, `${price},${price},${price},${price},1`), minute(1, '7,7,7,7,1'));

  it.each([
    ['BTCUSDT', '42000.1', '0.10', 420_001],
    ['BTCUSDT', '42000', '0.10', 420_000],
    ['BTCUSDT', '42000.25', '0.01', 4_200_025],
    ['ETHUSDT', '42000.10', '0.1', 420_001],
    ['ETHUSDT', '42000', '1', 42_000],
    ['XUSDT', '0.00000012', '0.00000001', 12],
  ])('%s at %s has ticks of %s', (symbol, price, tickSize, ticks) => {
    const { bars } = parse(priced(price), { symbol });
    expect([bars.tickSize, bars.open[0]]).toEqual([tickSize, ticks]);
  });

  it('refuses what a given tick does not fit, and what does not fit 32 bits', () => {
    expect(() => parse(priced('42000.15'), { tickSize: '0.10' })).toThrow(
      /line 1: price 42000\.15 is not a multiple of the tick, 0\.10/,
    );
    expect(() => parse(priced('42000.12345678'))).toThrow(/line 1: price .* is no count of ticks/);
    expect(() => parse(priced('1'), { tickSize: 'ten' })).toThrow(
      /^x\.csv: a tick size is a plain decimal above zero, not "ten"/,
    );
  });

  it('rounds mark prices, and counts it', () => {
    const { bars, notes } = parse(priced('42000.12545678'), { roundToTick: true });
    expect([bars.tickSize, bars.open[0], notes.pricesRounded]).toEqual(['0.01', 4_200_013, 4]);
  });

  it('is exact for every price of a grid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900_000_000 }), (ticks) => {
        const text = `${Math.floor(ticks / 10)}.${ticks % 10}0`;
        expect(parse(priced(text)).bars.open[0]).toBe(ticks);
      }),
    );
  });
});

describe('funding', () => {
  it('reads both forms and snaps times to the hour', () => {
    const archive =
      'calc_time,funding_interval_hours,last_funding_rate\n1704067200004,8,0.00037409\n1704095999991,8,-0.0001\n';
    const plain = 'funding_time,funding_rate\n1704067200000,0.00037409\n1704096000000,-0.00010000';
    for (const text of [archive, plain]) {
      const { timeMs, rateE8 } = parseFunding(bytesOf(text), 'f.csv');
      expect([...timeMs]).toEqual([1_704_067_200_000, 1_704_096_000_000]);
      expect([...rateE8]).toEqual([37_409, -10_000]);
    }
  });

  it.each([
    ['', /f\.csv: is empty/],
    ['funding_time,funding_rate\n', /has a header and no rows/],
    ['open_time,open,high,low\n', /line 1: has 4 columns/],
    ['1704067200000,0.1\n1704067200000,0.2\n', /line 2: .* not after/],
    ['1704067200000,0.1\n1704096000000\n', /line 2: has 1 columns/],
    ['1704067200000,1e-4\n', /line 1: funding rate: not a plain decimal/],
    ['1704067200000,2\n', /line 1: funding rate 2 is above 100 %/],
    ['1704069000000,0.1\n', /line 1: .* not near a full hour/],
    ['yesterday,0.1\n', /line 1: "yesterday" is no time/],
  ])('refuses %j', (text, reason) => {
    expect(() => parseFunding(bytesOf(text), 'f.csv')).toThrow(DataSetError);
    expect(() => parseFunding(bytesOf(text), 'f.csv')).toThrow(reason);
  });
});
