// Goal: the byte scanner reads what JSON.parse reads, and nothing it is fed can hurt. Method: generated
// frames compared with JSON.parse and exact decimal parsing; damaged and random bytes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameScanner } from '../../shared/adapters/binance/market/frame-scanner.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import { formatDecimal } from '../../shared/core/units.ts';
import { depthFrame, INSTRUMENT, SPEC, tickerFrame, tradeFrame } from './support/frames.ts';

const price = fc.integer({ min: 1, max: 5_000_000 }).map((ticks) => `${formatDecimal(ticks, 1)}0`);
const quantity = fc.integer({ min: 0, max: 1_000_000_000 }).map((lots) => formatDecimal(lots, 3));
const level = fc.tuple(price, quantity);
const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const diff = fc.record({
  first: id,
  last: id,
  previous: id,
  // The last millisecond a date can have.
  eventMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  bids: fc.array(level, { maxLength: 40 }),
  asks: fc.array(level, { maxLength: 40 }),
});

describe('FrameScanner', () => {
  it('reads every valid depth frame as JSON.parse and exact decimals do', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    fc.assert(
      fc.property(diff, (values) => {
        const raw = depthFrame(values);
        expect(scanner.scan(raw)).toBe('depth');
        const { data } = JSON.parse(raw.toString()) as {
          data: { U: number; u: number; pu: number; E: number; b: string[][]; a: string[][] };
        };
        expect([scanner.firstId, scanner.lastId, scanner.previousId, scanner.eventMs]).toEqual([
          data.U,
          data.u,
          data.pu,
          data.E,
        ]);
        for (const [list, levels] of [
          [scanner.bids, data.b],
          [scanner.asks, data.a],
        ] as const) {
          expect(list.count).toBe(levels.length);
          levels.forEach(([text = '', amount = ''], i) => {
            expect(list.prices[i]).toBe(INSTRUMENT.parsePrice(text));
            expect(list.lots[i]).toBe(INSTRUMENT.parseQuantity(amount));
          });
        }
      }),
    );
  });

  it('survives any bytes and never makes a number that is not whole and safe', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    const numbers = () => [
      ...scanner.bids.prices.subarray(0, scanner.bids.count),
      ...scanner.bids.lots.subarray(0, scanner.bids.count),
      scanner.bid,
      scanner.bidLots,
      scanner.ask,
      scanner.askLots,
      scanner.lastId,
      scanner.eventMs,
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        scanner.scan(Buffer.from(bytes));
        expect(numbers().every((n) => Number.isSafeInteger(n) && n >= 0)).toBe(true);
      }),
    );
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(diff, damage, fc.nat(), (values, changes, cut) => {
        const raw = depthFrame(values);
        for (const [at, byte] of changes) raw[at % raw.length] = byte;
        scanner.scan(raw);
        scanner.scan(raw.subarray(0, cut % raw.length));
        expect(numbers().every((n) => Number.isSafeInteger(n) && n >= 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a frame cut anywhere for malformed', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    for (const raw of [
      depthFrame({ first: 1, last: 2, previous: 0, bids: [['10.0', '1.000']] }),
      tickerFrame(5, ['10.0', '1.000'], ['10.1', '2.000']),
      tradeFrame(7),
    ]) {
      for (let length = 0; length < raw.length; length++) {
        expect(scanner.scan(raw.subarray(0, length))).toBe('malformed');
      }
      expect(scanner.scan(raw)).not.toBe('malformed');
    }
  });

  it.each([
    ['a price of zero', '["0.00","1"]'],
    ['a negative price', '["-1.00","1"]'],
    ['an exponent', '["1e400","1"]'],
    ['a price between ticks', '["10.05","1"]'],
    ['a quantity finer than a lot', '["10.0","0.0001"]'],
    ['a number where text belongs', '[10.0,1]'],
    ['NaN', '["NaN","1"]'],
    ['a price beyond whole numbers', '["99999999999999999999","1"]'],
    ['a third element', '["10.0","1","2"]'],
    ['no quantity', '["10.0"]'],
    ['an empty text', '["","1"]'],
  ])('refuses %s', (_, text) => {
    const scanner = new FrameScanner(INSTRUMENT);
    const raw = depthFrame({ first: 1, last: 2, previous: 0 }).toString();
    expect(scanner.scan(Buffer.from(raw.replace('"b":[]', `"b":[${text}]`)))).toBe('malformed');
  });

  it('refuses a frame of another symbol, a field twice, and a missing field', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    const raw = depthFrame({ first: 1, last: 2, previous: 0 }).toString();
    expect(scanner.scan(depthFrame({ first: 1, last: 2, previous: 0, symbol: 'ETHUSDT' }))).toBe(
      'malformed',
    );
    expect(scanner.scan(Buffer.from(raw.replace('"u":2', '"u":2,"u":3')))).toBe('malformed');
    expect(scanner.scan(Buffer.from(raw.replace(',"pu":0', '')))).toBe('malformed');
  });

  it('passes over fields it does not know and does not mind their order', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    const raw =
      '{"e":"bookTicker","st":{"x":[1,"}"]},"A":"2.5","a":"10.1","ps":"BTC\\"USDT","B":"1","b":"10","s":"BTCUSDT","u":9,"E":3}';
    expect(scanner.scan(Buffer.from(raw))).toBe('bookTicker');
    expect([scanner.bid, scanner.bidLots, scanner.ask, scanner.askLots]).toEqual([
      100, 1_000, 101, 2_500,
    ]);
  });

  it('calls answers to subscriptions and unknown events other', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    expect(scanner.scan(Buffer.from('{"result":null,"id":1}'))).toBe('other');
    expect(scanner.scan(Buffer.from('{"e":"forceOrder","E":1,"o":{"s":"BTCUSDT"}}'))).toBe('other');
  });

  it('counts in steps where a tick is not a power of ten', () => {
    const scanner = new FrameScanner(new Instrument({ ...SPEC, tickSize: '0.50' }));
    const frame = (text: string) =>
      depthFrame({ first: 1, last: 2, previous: 0, bids: [[text, '1']] });
    expect(scanner.scan(frame('10.50'))).toBe('depth');
    expect(scanner.bids.prices[0]).toBe(21);
    expect(scanner.scan(frame('10.40'))).toBe('malformed');
  });
});
