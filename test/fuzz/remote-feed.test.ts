/** Goal: neither side of a RemoteFeed believes what it cannot. Method: its messages, damaged. */
import { describe, expect, it } from 'vitest';
import { parseFromClient, parseFromPublisher } from '../../shared/adapters/remote-feed/messages.ts';
import { damaged } from './support/damage.ts';
import { expectWholeNumbers, fuzz } from './support/judge.ts';

const FACTS = [
  { kind: 'book', exchangeMs: 5, bid: 1_000, bidLots: 2, ask: 1_001, askLots: 3 },
  { kind: 'trade', exchangeMs: 5, price: 1_000, lots: 2, isBuyerMaker: true },
  ...[{ kind: 'markPrice', exchangeMs: 5, mark: 1_000, index: 999, fundingRateE8: -12 }].map(
    (mark) => ({ ...mark, nextFundingMs: 28_800_000 }),
  ),
  { kind: 'feedStatus', feed: 'book', status: 'up', reason: 'synchronised' },
  { kind: 'contractStatus', status: 'TRADING', deliveryMs: 4_133_404_800_000 },
];
const STEPS = { symbol: 'BTCUSDT', tickSize: '0.10', lotSize: '0.001' };
const FROM_PUBLISHER = [
  { type: 'hello', version: 1, session: 's', instrument: { ...STEPS, baseAsset: 'BTC' } },
  { type: 'snapshot', sequence: 7, facts: FACTS },
  ...FACTS.map((fact) => ({ type: 'fact', sequence: 8, previous: 7, fact })),
  { type: 'heartbeat', sequence: 8, timeMs: 5_000 },
  { type: 'refused', reason: 'another version' },
];
const FROM_CLIENT = [
  { type: 'hello', version: 1, token: 't' },
  { type: 'resend', after: 7 },
];

describe('a message of a remote feed', () => {
  it('from the publisher is read into whole numbers and known fields, or is none', () => {
    for (const message of FROM_PUBLISHER) {
      expect(parseFromPublisher(JSON.stringify(message))).not.toBeNull();
    }
    fuzz(
      damaged(...FROM_PUBLISHER),
      (text) => {
        const message = parseFromPublisher(text);
        expectWholeNumbers(message);
        // What is not known is not carried on, into the journal and to whoever reads that.
        expect(JSON.stringify(message).length).toBeLessThan(4_000);
      },
      500,
    );
  });

  it('from a client likewise', () => {
    for (const message of FROM_CLIENT) {
      expect(parseFromClient(JSON.stringify(message))).toEqual(message);
    }
    fuzz(damaged(...FROM_CLIENT), (text) => expectWholeNumbers(parseFromClient(text)), 300);
  });

  it('with a price, a quantity or a mark of zero is none', () => {
    const fact = (changes: object) =>
      JSON.stringify({ type: 'fact', sequence: 8, previous: 7, fact: changes });
    const [book, trade, mark] = FACTS;
    for (const changed of [
      { ...book, bidLots: 0 },
      { ...trade, price: 0 },
      { ...trade, lots: 0 },
      { ...mark, mark: 0 },
      { ...mark, exchangeMs: 9_000_000_000_000_000 },
    ]) {
      expect(parseFromPublisher(fact(changed))).toBeNull();
    }
  });
});
