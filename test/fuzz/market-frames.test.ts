/**
 * Goal: no frame of the market streams and no snapshot crashes the reader, holds it up, gives it a number
 * that is none, or silences it for good. Method: damaged frames; then the frames of an honest exchange.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MalformedMessageError,
  parseDepthSnapshot,
} from '../../shared/adapters/binance/market/depth-snapshot.ts';
import { FrameScanner } from '../../shared/adapters/binance/market/frame-scanner.ts';
import { parseMarkPrice } from '../../shared/adapters/binance/market/mark-price.ts';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import {
  depthFrame,
  FactList,
  INSTRUMENT,
  markFrame,
  snapshotBody,
  tickerFrame,
  tradeFrame,
} from '../market-data/support/frames.ts';
import { damaged, damagedBytes } from './support/damage.ts';
import { expectWholeNumbers, fuzz, isRefused, readOrRefused } from './support/judge.ts';

const FRAMES = [
  depthFrame({
    first: 11,
    last: 12,
    previous: 10,
    bids: [['100.0', '1.5']],
    asks: [['100.1', '2']],
  }),
  tickerFrame(12, ['100.0', '1.5'], ['100.1', '2.000']),
  tradeFrame(7),
  markFrame(1_000),
];
const BODIES = FRAMES.map((frame) => JSON.parse(frame.toString('utf8')) as unknown);
const SNAPSHOT: unknown = JSON.parse(
  snapshotBody(
    10,
    [
      ['100.0', '1'],
      ['99.9', '0.002'],
    ],
    [['100.1', '2']],
  ),
);

const frames = fc.oneof(
  { weight: 5, arbitrary: damaged(...BODIES).map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: damagedBytes(...FRAMES) },
);

describe('a market frame', () => {
  it('is read into whole numbers or called malformed', () => {
    const scanner = new FrameScanner(INSTRUMENT);
    fuzz(
      frames,
      (raw) => {
        const kind = scanner.scan(raw);
        if (kind === 'malformed' || kind === 'other') return;
        const { eventMs, firstId, lastId, previousId, bid, bidLots, ask, askLots } = scanner;
        expectWholeNumbers([eventMs, firstId, lastId, previousId, bid, bidLots, ask, askLots]);
        if (kind !== 'depth') return;
        for (const { prices, lots, count } of [scanner.bids, scanner.asks]) {
          expectWholeNumbers([...prices.subarray(0, count), ...lots.subarray(0, count)]);
        }
      },
      600,
    );
  });

  it('of a mark price is a whole fact or none', () => {
    fuzz(
      damaged(BODIES[3]).map((text) => Buffer.from(text)),
      (raw) => {
        const fact = parseMarkPrice(raw, INSTRUMENT);
        expectWholeNumbers(fact);
        if (fact) expect(fact.mark).toBeGreaterThan(0);
      },
    );
  });
});

describe('a depth snapshot', () => {
  it('is read into whole numbers or refused in words', () => {
    fuzz(damaged(SNAPSHOT), (body) => {
      const read = () => parseDepthSnapshot(body, INSTRUMENT);
      const snapshot = readOrRefused(read, MalformedMessageError);
      if (isRefused(snapshot)) return;
      expectWholeNumbers([snapshot.lastUpdateId, snapshot.eventMs]);
      for (const { prices, lots, count } of [snapshot.bids, snapshot.asks]) {
        expectWholeNumbers([...prices.subarray(0, count), ...lots.subarray(0, count)]);
      }
    });
  });
});

describe('the reader', () => {
  /** An honest exchange, the reader, and whatever else is said in between. */
  class Session {
    readonly list = new FactList();
    isAsked = false;
    #id = 1_000;
    readonly reader = new MarketReader({
      instrument: INSTRUMENT,
      tradeStream: 'aggTrade',
      publish: (fact) => this.list.onMarket(fact),
      wantSnapshot: () => {
        this.isAsked = true;
      },
    });

    /** The next diff, and the snapshot where one was asked for; a trade and a mark price. */
    honest(): void {
      const [first, last] = [this.#id + 1, this.#id + 2];
      const bids = [['100.0', `${(this.#id % 7) + 1}`]] as const;
      const asks = [['100.1', '2']] as const;
      if (this.isAsked) {
        this.isAsked = false;
        const body = snapshotBody(this.#id, [['100.0', '1']], [['100.1', '2']]);
        this.reader.onSnapshot(body);
      }
      this.reader.onFrame(depthFrame({ first, last, previous: this.#id, bids, asks }), 'public');
      this.reader.onFrame(tickerFrame(last, bids[0], asks[0]), 'public');
      this.reader.onFrame(tradeFrame(this.#id), 'market');
      this.reader.onFrame(markFrame(this.#id), 'market');
      this.#id = last;
    }
  }

  /** Whether book, trade and mark price came of one round of honest frames. */
  function isWell(session: Session): boolean {
    const before = session.list.facts.length;
    session.honest();
    const kinds = session.list.facts.slice(before).map(({ kind }) => kind);
    return ['book', 'trade', 'markPrice'].every((kind) => kinds.some((k) => k === kind));
  }

  const lie = fc.tuple(frames, fc.constantFrom('public', 'market'));

  it('publishes whole numbers only, and goes on with good frames after bad ones', () => {
    fuzz(
      fc.array(lie, { minLength: 1, maxLength: 6 }),
      (lies) => {
        const session = new Session();
        for (let round = 0; round < 3; round++) session.honest();
        expect(isWell(session)).toBe(true);
        for (const [raw, socket] of lies) {
          session.reader.onFrame(raw, socket);
          session.honest();
        }
        expectWholeNumbers(session.list.facts);
        for (let round = 0; round < 12; round++) session.honest();
        expect(isWell(session)).toBe(true);
      },
      250,
    );
  });

  it('is not silenced by a well-formed frame far ahead of its stream', () => {
    const far = 9_000_000_000_000_000;
    const lies: [Buffer, 'public' | 'market'][] = [
      [depthFrame({ first: 1_007, last: far, previous: 1_006 }), 'public'],
      [tickerFrame(far, ['100.0', '1'], ['100.1', '2']), 'public'],
      [tradeFrame(far), 'market'],
      [markFrame(8_000_000_000_000_000), 'market'],
    ];
    for (const [raw, socket] of lies) {
      const session = new Session();
      for (let round = 0; round < 3; round++) session.honest();
      session.reader.onFrame(raw, socket);
      for (let round = 0; round < 12; round++) session.honest();
      expect(isWell(session), raw.toString('utf8')).toBe(true);
    }
  });

  it('takes any snapshot, and the next good one', () => {
    fuzz(damaged(SNAPSHOT), (body) => {
      const session = new Session();
      session.reader.onFrame(FRAMES[0]!, 'public');
      session.reader.onSnapshot(body);
      for (let round = 0; round < 12; round++) session.honest();
      expectWholeNumbers(session.list.facts);
      expect(isWell(session)).toBe(true);
    });
  });

  it('takes frames doubled and out of order', () => {
    fuzz(fc.array(fc.nat(3), { maxLength: 20 }), (order) => {
      const session = new Session();
      for (const which of order) {
        session.reader.onFrame(FRAMES[which]!, which < 2 ? 'public' : 'market');
      }
      for (let round = 0; round < 12; round++) session.honest();
      expect(isWell(session)).toBe(true);
    });
  });
});
