// Goal: no book is published unless it is the exchange's own. Method: scripted diffs, snapshots and
// tickers in every wrong order, without sockets.
import { beforeEach, describe, expect, it } from 'vitest';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import {
  contractFrame,
  type Diff,
  depthFrame,
  FactList,
  INSTRUMENT,
  type Level,
  markFrame,
  snapshotBody,
  tickerFrame,
  tradeFrame,
} from './support/frames.ts';

const BIDS: Level[] = [
  ['99.9', '1.000'],
  ['99.8', '2.000'],
];
const ASKS: Level[] = [
  ['100.1', '1.500'],
  ['100.2', '2.500'],
];

let sink: FactList;
let wanted: string[];
let mirrored: string[];
let reader: MarketReader;

beforeEach(() => {
  sink = new FactList();
  wanted = [];
  mirrored = [];
  reader = new MarketReader({
    instrument: INSTRUMENT,
    tradeStream: 'aggTrade',
    publish: (fact) => sink.onMarket(fact),
    wantSnapshot: (reason) => wanted.push(reason),
    listener: {
      invalid: () => mirrored.push('invalid'),
      begin: () => mirrored.push('begin'),
      level: (side, price, lots) => mirrored.push(`${side} ${price} ${lots}`),
      applied: () => mirrored.push('applied'),
      trade: ({ id }) => mirrored.push(`trade ${id}`),
    },
  });
});

function diff(first: number, last: number, previous: number, rest: Partial<Diff> = {}): void {
  reader.onFrame(depthFrame({ first, last, previous, ...rest }), 'public');
}

/** Brings the book live at update id 20. */
function begin(): void {
  diff(5, 10, 4);
  diff(11, 20, 10, { bids: [['99.9', '3.000']] });
  reader.onSnapshot(snapshotBody(15, BIDS, ASKS));
}

describe('synchronisation', () => {
  it('asks for a snapshot at the first diff and publishes once the two meet', () => {
    diff(5, 10, 4);
    expect(wanted).toEqual(['diffs have begun']);
    diff(11, 20, 10, { bids: [['99.9', '3.000']], eventMs: 1_234 });
    expect(wanted).toHaveLength(1);
    expect(sink.facts).toEqual([]);
    reader.onSnapshot(snapshotBody(15, BIDS, ASKS));
    expect(sink.statuses).toEqual(['book up']);
    expect(sink.of('book')).toEqual([
      { kind: 'book', exchangeMs: 1_234, bid: 999, bidLots: 3_000, ask: 1_001, askLots: 1_500 },
    ]);
  });

  it('refuses a snapshot older than all buffered diffs and asks for another', () => {
    diff(11, 20, 10);
    reader.onSnapshot(snapshotBody(5, BIDS, ASKS));
    expect(sink.of('book')).toEqual([]);
    expect(wanted).toHaveLength(2);
  });

  it('waits for the diff that spans a snapshot newer than all buffered ones', () => {
    diff(11, 20, 10, { bids: [['99.9', '9.000']] });
    reader.onSnapshot(snapshotBody(25, BIDS, ASKS));
    expect(sink.facts).toEqual([]);
    diff(21, 24, 20);
    expect(sink.facts).toEqual([]);
    diff(25, 30, 24);
    expect(sink.of('book')).toMatchObject([{ bid: 999, bidLots: 1_000 }]);
  });

  it('begins with a diff that follows the snapshot without a hole', () => {
    diff(1, 2, 0);
    reader.onSnapshot(snapshotBody(12, BIDS, ASKS));
    diff(15, 20, 12);
    expect(sink.statuses).toEqual(['book up']);
  });

  it('takes the book down at a gap, buffers the diff that showed it, and recovers', () => {
    begin();
    diff(31, 40, 30);
    expect(sink.statuses).toEqual(['book up', 'book down']);
    expect(wanted).toHaveLength(2);
    diff(41, 50, 40, { asks: [['100.1', '0.000']] });
    const before = sink.of('book').length;
    reader.onSnapshot(snapshotBody(38, BIDS, ASKS));
    expect(sink.statuses.at(-1)).toBe('book up');
    expect(sink.of('book').slice(before)).toMatchObject([{ ask: 1_002 }]);
    expect(reader.stats.resyncs).toBe(1);
  });

  it('ignores repeated and late diffs', () => {
    begin();
    diff(21, 30, 20, { bids: [['99.9', '5.000']] });
    diff(21, 30, 20, { bids: [['99.9', '6.000']] });
    diff(11, 20, 10, { bids: [['99.9', '7.000']] });
    expect(sink.of('book').map(({ bidLots }) => bidLots)).toEqual([3_000, 5_000]);
    expect(reader.stats.resyncs).toBe(0);
  });

  it('treats a diff that overtook another as a gap', () => {
    begin();
    diff(31, 40, 30);
    diff(21, 30, 20);
    expect(sink.statuses).toEqual(['book up', 'book down']);
  });

  it('passes over a snapshot nobody asked for', () => {
    begin();
    reader.onSnapshot(snapshotBody(1, [['1.0', '1']], [['2.0', '1']]));
    diff(21, 30, 20);
    expect(sink.of('book').at(-1)).toMatchObject({ bid: 999, ask: 1_001 });
  });

  it('drops a malformed snapshot and asks again', () => {
    diff(5, 10, 4);
    for (const body of ['<html>', '{"lastUpdateId":"9"}', snapshotBody(9, [['x', '1']], ASKS)]) {
      reader.onSnapshot(body);
    }
    expect(wanted).toHaveLength(4);
    expect(reader.stats.malformed).toBe(3);
    expect(sink.facts).toEqual([]);
  });
});

describe('what is never published', () => {
  it('a crossed book; two in a row take the book down', () => {
    begin();
    diff(21, 30, 20, { bids: [['100.1', '1.000']] });
    expect(sink.of('book')).toHaveLength(1);
    expect(sink.statuses).toEqual(['book up']);
    diff(31, 40, 30, { bids: [['100.3', '1.000']] });
    expect(sink.of('book')).toHaveLength(1);
    expect(sink.statuses).toEqual(['book up', 'book down']);
    expect(wanted).toHaveLength(2);
  });

  it('a book with an empty side', () => {
    begin();
    diff(21, 30, 20, {
      asks: [
        ['100.1', '0'],
        ['100.2', '0'],
      ],
    });
    expect(sink.of('book')).toHaveLength(1);
  });

  it('anything after a malformed frame until the book is taken anew', () => {
    begin();
    reader.onFrame(Buffer.from('{"stream":"x","data":{"e":"depthUpdate","E":1e9}}'), 'public');
    expect(reader.stats.malformed).toBe(1);
    expect(sink.statuses).toEqual(['book up', 'book down']);
    diff(21, 30, 20);
    expect(sink.of('book')).toHaveLength(1);
  });

  it('but a malformed market frame leaves the book alone', () => {
    begin();
    reader.onFrame(Buffer.from('garbage'), 'market');
    reader.onFrame(markFrame(5, 'NaN'), 'market');
    reader.onFrame(markFrame(5, '-1.0'), 'market');
    expect(reader.stats.malformed).toBe(3);
    expect(sink.statuses).toEqual(['book up']);
    expect(sink.of('markPrice')).toEqual([]);
  });
});

describe('the check against bookTicker', () => {
  const ticker = (u: number, bidLots: string) =>
    reader.onFrame(tickerFrame(u, ['99.9', bidLots], ['100.1', '1.500']), 'public');

  it('compares with the largest u not above the diff, whatever order they come in', () => {
    begin();
    ticker(18, '3.000');
    ticker(29, '5.000');
    ticker(33, '8.000');
    diff(21, 30, 20, { bids: [['99.9', '5.000']] });
    expect(reader.stats).toMatchObject({ bookChecks: 2, bookMismatches: 0 });
    diff(31, 40, 30, { bids: [['99.9', '8.000']] });
    expect(reader.stats.bookChecks).toBe(2);
    ticker(41, '9.000');
    expect(reader.stats).toMatchObject({ bookChecks: 3, bookMismatches: 0 });
  });

  it('counts a difference in quantity, and three in a row take the book anew', () => {
    begin();
    ticker(19, '3.000');
    let last = 20;
    for (const expected of [1, 2, 3]) {
      diff(last + 1, last + 10, last);
      last += 10;
      ticker(last, '4.000');
      expect(reader.stats.bookMismatches).toBe(expected);
    }
    expect(sink.statuses).toEqual(['book up', 'book down']);
    expect(wanted).toHaveLength(2);
  });
});

describe('trades and mark price', () => {
  it('publishes each trade once', () => {
    for (const id of [7, 8, 8, 7, 9]) reader.onFrame(tradeFrame(id), 'market');
    expect(sink.of('trade')).toHaveLength(3);
    expect(sink.of('trade')[0]).toEqual({
      kind: 'trade',
      exchangeMs: 1_000,
      price: 1_000,
      lots: 10,
      isBuyerMaker: true,
    });
  });

  it('publishes the mark price to the nearest tick, once, and the market feed as up', () => {
    reader.onFrame(markFrame(5_000), 'market');
    reader.onFrame(markFrame(5_000), 'market');
    expect(sink.statuses).toEqual(['market up']);
    expect(sink.of('markPrice')).toEqual([
      {
        kind: 'markPrice',
        exchangeMs: 5_000,
        mark: 1_000,
        index: 1_000,
        fundingRateE8: -12_300,
        nextFundingMs: 28_800_000,
      },
    ]);
  });
});

describe('news of contracts', () => {
  it('publishes those of ours, and minds no other', () => {
    reader.onFrame(contractFrame('ETHUSDT', 'SETTLING'), 'market');
    reader.onFrame(contractFrame('BTCUSDT', 'PRE_SETTLE', 1_700_000_000_000), 'market');
    expect(sink.facts).toEqual([
      { kind: 'contractStatus', status: 'PRE_SETTLE', deliveryMs: 1_700_000_000_000 },
    ]);
    expect(reader.stats.malformed).toBe(0);
  });

  it.each([['trading'], ['A'.repeat(41)], [null]])('are malformed with a state of %s', (cs) => {
    expect(reader.onFrame(contractFrame('BTCUSDT', cs), 'market')).toBe('malformed');
    expect(sink.facts).toEqual([]);
  });

  it('are malformed without a date', () => {
    expect(reader.onFrame(contractFrame('BTCUSDT', 'TRADING', 'never'), 'market')).toBe(
      'malformed',
    );
  });
});

it('gives a mirror the whole book, then every change, and says when it is invalid', () => {
  begin();
  diff(21, 30, 20, { bids: [['99.7', '1.000']], asks: [['100.1', '0.000']] });
  diff(99, 100, 98);
  expect(mirrored).toEqual([
    'begin',
    'bid 999 3000',
    'bid 998 2000',
    'ask 1001 1500',
    'ask 1002 2500',
    'applied',
    'bid 997 1000',
    'ask 1001 0',
    'applied',
    'invalid',
  ]);
});
