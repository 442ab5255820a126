/**
 * Goal: no frame of the private stream, of the regular or the algo order book, crashes its reader or is
 * read half. Method: damaged frames, then good ones through the same links of stops.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopLinks } from '../../shared/adapters/binance/stop-links.ts';
import { userFrame } from '../../shared/adapters/binance/user-stream-facts.ts';
import { MalformedReplyError } from '../../shared/adapters/ccxt/wire.ts';
import { MalformedNumberError } from '../../shared/core/units.ts';
import { INSTRUMENT } from '../market-data/support/frames.ts';
import { damaged, garbled } from './support/damage.ts';
import { expectWholeNumbers, fuzz, isRefused, readOrRefused } from './support/judge.ts';

const NOW_MS = 1_700_000_000_000;
const ORDER = {
  e: 'ORDER_TRADE_UPDATE',
  E: NOW_MS,
  T: NOW_MS,
  o: {
    ...{
      s: 'BTCUSDT',
      c: 'p-test-1-1',
      S: 'SELL',
      o: 'LIMIT',
      f: 'IOC',
      q: '0.010',
      p: '60000.10',
    },
    ...{ x: 'TRADE', X: 'PARTIALLY_FILLED', i: 77, l: '0.004', z: '0.006', L: '60000.20' },
    ...{ N: 'USDT', n: '0.12000040', T: NOW_MS, t: 991, m: false, R: true, ps: 'BOTH', rp: '-3.5' },
  },
};
const ALGO = {
  e: 'ALGO_UPDATE',
  E: NOW_MS,
  T: NOW_MS,
  o: {
    ...{ s: 'BTCUSDT', caid: 'p-test-1-stop', aid: 5, S: 'SELL', X: 'TRIGGERED', ai: '88' },
    ...{ q: '0.010', aq: '0.004', R: true, cp: false, rm: '' },
  },
};
const account = (m: string) => ({
  e: 'ACCOUNT_UPDATE',
  E: NOW_MS,
  T: NOW_MS,
  a: { m, B: [{ a: 'USDT', wb: '100.5', cw: '100.5', bc: '-0.75' }], P: [] },
});
const FRAMES = [
  ...[ORDER, ALGO, account('FUNDING_FEE'), account('DEPOSIT')],
  { e: 'listenKeyExpired', E: NOW_MS, listenKey: 'k' },
];

const read = (text: string, links: StopLinks) =>
  readOrRefused(
    () => userFrame(text, INSTRUMENT, links),
    MalformedReplyError,
    MalformedNumberError,
  );

describe('a frame of the user stream', () => {
  it('is read into whole numbers, passed over or refused in words', () => {
    fuzz(
      fc.oneof(damaged(...FRAMES), garbled(fc.constant(JSON.stringify(ORDER)))),
      (text) => {
        const frame = read(text, new StopLinks());
        if (isRefused(frame)) return;
        expectWholeNumbers(frame.facts);
        for (const fact of frame.facts) {
          // What becomes a key in a store is short, and says what it is of.
          if (fact.kind === 'walletChange') expect(fact.id).toMatch(/^[a-z][a-z-]*-\d+[-.\d]*$/);
          if (fact.kind === 'orderReport') expect(typeof fact.report.status).toBe('string');
        }
      },
      600,
    );
  });

  it('leaves good frames after it readable, doubled and in any order', () => {
    const good = [JSON.stringify(ORDER), JSON.stringify(ALGO)];
    const expected = [2, 1];
    fuzz(fc.array(damaged(...FRAMES), { maxLength: 8 }), (texts) => {
      const links = new StopLinks();
      for (const text of texts) read(text, links);
      for (const which of [1, 0, 0, 1]) {
        const frame = userFrame(good[which]!, INSTRUMENT, links);
        expect(frame.facts).toHaveLength(expected[which]!);
        expectWholeNumbers(frame.facts);
      }
    });
  });

  it('says no cause of a change, and no wallet, that could not be a key', () => {
    const links = new StopLinks();
    const update = (m: string, wb: string) => {
      const frame = account(m);
      return JSON.stringify({ ...frame, a: { m, B: [{ a: 'USDT', wb, bc: '1' }] } });
    };
    expect(isRefused(read(update('A'.repeat(200), '1'), links))).toBe(true);
    expect(isRefused(read(update('DEPOSIT#x', '1'), links))).toBe(true);
    expect(isRefused(read(update('DEPOSIT', 'all of it'), links))).toBe(true);
    expect(isRefused(read(update('SOMETHING_NEW', '1.5'), links))).toBe(false);
  });

  it('does not take funding for paid at a time that is none', () => {
    const frame = { ...account('FUNDING_FEE'), T: Number.MAX_SAFE_INTEGER };
    expect(isRefused(read(JSON.stringify(frame), new StopLinks()))).toBe(true);
  });
});
