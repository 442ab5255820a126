/** Goal: no bytes crash or hang the reader, or give it NaN. Method: fast-check, from noise to a few changed bytes. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataSetError } from '../../research/data/data-set-error.ts';
import { parseBars } from '../../research/data/parse-bars.ts';
import { parseFunding } from '../../research/data/parse-funding.ts';
import { unpack } from '../../research/data/unpack.ts';
import { zipOf } from './data-support.ts';

const START_MS = Date.UTC(2024, 0, 1);
const HEADER = 'open_time,open,high,low,close,volume';
const minute = (i: number, cells = '42000.1,42010,41990.5,42005.0,1.25') =>
  `${START_MS + i * 60_000},${cells}`;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const lines = (...rows: string[]) => `${rows.join('\n')}\n`;

describe('any bytes', () => {
  const good = bytesOf(lines(HEADER, ...Array.from({ length: 8 }, (_, i) => minute(i))));

  /** Whatever came in: bars that are sound, or a DataSetError. */
  function expectSoundOrRefused(bytes: Uint8Array): void {
    let bars: ReturnType<typeof parseBars>['bars'];
    try {
      bars = parseBars(bytes, { file: 'x', symbol: 'BTCUSDT', sort: true }).bars;
    } catch (error) {
      expect(error).toBeInstanceOf(DataSetError);
      return;
    }
    for (let i = 0; i < bars.length; i++) {
      expect(bars.low[i]).toBeGreaterThan(0);
      expect(bars.low[i]).toBeLessThanOrEqual(bars.high[i]!);
      expect(bars.volume[i]).toBeGreaterThanOrEqual(0);
      expect(bars.openMs[i]! % bars.intervalMs).toBe(0);
    }
  }

  function expectFundingOrRefused(bytes: Uint8Array): void {
    try {
      const { length, timeMs, rateE8 } = parseFunding(bytes, 'x');
      expect([timeMs.length, rateE8.length]).toEqual([length, length]);
      expect(timeMs.every((at) => at % 3_600_000 === 0)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(DataSetError);
    }
  }

  it('never crash, hang or give NaN', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789.,-\n\re'), maxLength: 200 });
    fc.assert(fc.property(bytes, expectSoundOrRefused), { numRuns: 500 });
    fc.assert(
      fc.property(digits, (text) => expectSoundOrRefused(bytesOf(text))),
      { numRuns: 500 },
    );
    fc.assert(fc.property(bytes, expectFundingOrRefused), { numRuns: 500 });
    fc.assert(
      fc.property(digits, (text) => expectFundingOrRefused(bytesOf(text))),
      { numRuns: 500 },
    );
  });

  it('nor do good rows with a few bytes changed', () => {
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(good);
        for (const [at, byte] of changes) bytes[at] = byte;
        expectSoundOrRefused(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it('nor do damaged packings', async () => {
    const zip = await zipOf('a.csv', new TextDecoder().decode(good));
    const gzip = gzipSync(good);
    const damage = fc.tuple(fc.constantFrom(zip, gzip), fc.nat(), fc.nat(255), fc.nat());
    await fc.assert(
      fc.asyncProperty(damage, async ([packed, at, byte, cutAt]) => {
        const bytes = Uint8Array.from(packed);
        bytes[at % bytes.length] = byte;
        const cut = cutAt % 3 === 0 ? bytes.subarray(0, cutAt % bytes.length) : bytes;
        const text = await unpack(cut, 'x').catch((error: unknown) => {
          expect(error).toBeInstanceOf(DataSetError);
          return null;
        });
        if (text) expectSoundOrRefused(text);
      }),
      { numRuns: 300 },
    );
  });
});
