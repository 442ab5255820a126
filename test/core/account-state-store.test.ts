/**
 * Goal: the account is exactly what fills and payments make it, each booked once. Method: random fills
 * against a ledger of bigints and fractions; ids doubled, late and restored.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccountStateStore, isAfter } from '../../shared/core/account/account-state-store.ts';
import { isListedTransfer, listedTransferId } from '../../shared/core/account/transfer-record.ts';
import type { WalletChangeEvent } from '../../shared/core/event.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Fill } from '../../shared/core/trading/order.ts';
import { InexactNumberError } from '../../shared/core/units.ts';
import { ACCOUNT, INSTRUMENT, lots, money, ms, SPEC, ticks, usdt } from './support.ts';

const NOW = ms(Date.UTC(2026, 0, 2, 12));

function fill(tradeId: string, over: Partial<Fill> = {}): Fill {
  return {
    tradeId,
    exchangeOrderId: 'x',
    clientOrderId: 'a',
    side: 'buy',
    price: ticks(100_000),
    lots: lots(1),
    fee: money(0),
    realizedPnl: money(0),
    isMaker: false,
    exchangeMs: NOW,
    ...over,
  };
}

function payment(
  id: string,
  amount: number,
  over: Partial<WalletChangeEvent> = {},
): WalletChangeEvent {
  return {
    kind: 'walletChange',
    timeMs: NOW,
    reason: 'funding',
    amount: money(amount),
    id,
    exchangeMs: NOW,
    ...over,
  };
}

function known(over: Partial<typeof ACCOUNT> = {}, ids: readonly string[] = []): AccountStateStore {
  const account = new AccountStateStore();
  account.restore({ ...ACCOUNT, ...over }, ids);
  return account;
}

const book = (account: AccountStateStore, f: Fill) => account.applyFill(f, INSTRUMENT, NOW);

describe('fills', () => {
  const trade = fc.record({
    isBuy: fc.boolean(),
    quantity: fc.integer({ min: 1, max: 500 }),
    price: fc.integer({ min: 500_000, max: 1_500_000 }),
    fee: fc.integer({ min: -1_000, max: 1_000_000 }),
    pnl: fc.integer({ min: -100_000_000, max: 100_000_000 }),
  });

  it('make the position, wallet and cost of a plain ledger, each booked once', () => {
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 40 }), (trades) => {
        const account = known();
        let position = 0n;
        let wallet = BigInt(ACCOUNT.walletBalance);
        let cost = 0n;
        for (const [i, { isBuy, quantity, price, fee, pnl }] of trades.entries()) {
          const f = fill(String(101 + i), {
            side: isBuy ? 'buy' : 'sell',
            lots: lots(quantity),
            price: ticks(price),
            fee: money(fee),
            realizedPnl: money(pnl),
          });
          const signed = BigInt(isBuy ? quantity : -quantity);
          const after = position + signed;
          const perLot = BigInt(price) * BigInt(INSTRUMENT.quantaPerTickLot);
          if (position * signed >= 0n) cost += perLot * signed;
          else if (after === 0n) cost = 0n;
          else if (after * position < 0n) cost = perLot * after;
          else {
            // What closes takes its share of the cost with it, rounded half away from zero, as exchanges release it.
            const magnitude = (cost < 0n ? -cost : cost) * (signed < 0n ? -signed : signed);
            const whole = position < 0n ? -position : position;
            const share = (2n * magnitude + whole) / (2n * whole);
            cost -= cost < 0n ? -share : share;
          }
          position = after;
          wallet += BigInt(pnl) - BigInt(fee);
          expect(book(account, f)).not.toBeNull();
          expect(book(account, f)).toBeNull();
          const { record } = account;
          expect(BigInt(record.position)).toBe(position);
          expect(BigInt(record.walletBalance)).toBe(wallet);
          expect(BigInt(record.cost)).toBe(cost);
          expect(record.fillCount).toBe(i + 1);
          expect([record.position, record.cost].some((v) => Object.is(v, -0))).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('book the same whatever their order and doubling, as far as sums go', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([101, 102, 103, 104, 105, 106], { minLength: 6 }),
        fc.array(fc.nat(5)),
        (order, again) => {
          const account = known();
          const make = (id: number) => fill(String(id), { lots: lots(id - 100), fee: money(id) });
          for (const id of order) book(account, make(id));
          for (const i of again) expect(book(account, make(101 + i))).toBeNull();
          expect(account.record).toMatchObject({ position: 21, fees: 621, fillCount: 6 });
        },
      ),
    );
  });

  it('known to be in the record already are not booked: verified, recent, and verified since', () => {
    const account = known({ verifiedTradeId: '99' }, ['105']);
    expect(book(account, fill('99'))).toBeNull();
    expect(book(account, fill('105'))).toBeNull();
    expect(book(account, fill('104'))).not.toBeNull();
    expect(account.verified(NOW).verifiedTradeId).toBe('105');
    expect(book(account, fill('104'))).toBeNull();
    expect(book(account, fill('105'))).toBeNull();
    expect(book(account, fill('106'))).not.toBeNull();
  });

  it('are counted in the record, each sum apart', () => {
    const account = known({ realizedPnl: money(1), fees: money(2), fillCount: 3 });
    const booked = account.applyFill(
      fill('101', { realizedPnl: money(50), fee: money(7) }),
      INSTRUMENT,
      ms(NOW + 1),
    );
    expect(booked).toMatchObject({ realizedPnl: 51, fees: 9, fillCount: 4, updatedMs: NOW + 1 });
    expect(booked).toMatchObject({ walletBalance: ACCOUNT.walletBalance + 43, funding: 0 });
  });

  it('stop the trader where twenty thousand came without a reconciliation', () => {
    const account = known();
    for (let id = 1_000; id < 21_000; id++) book(account, fill(String(id)));
    expect(() => book(account, fill('21000'))).toThrow('too many trades');
    expect(account.verified(NOW).verifiedTradeId).toBe('20999');
    expect(book(account, fill('21000'))).not.toBeNull();
  });

  it('have ids that grow in length', () => {
    expect(isAfter('100', '99')).toBe(true);
    expect(isAfter('99', '100')).toBe(false);
    expect(isAfter('100', '100')).toBe(false);
    expect(isAfter('1', '')).toBe(true);
  });
});

describe('payments', () => {
  it('are booked once by id, funding also by time', () => {
    const account = known();
    expect(account.applyWalletChange(payment('f1', -500))).toMatchObject({
      walletBalance: ACCOUNT.walletBalance - 500,
      funding: -500,
      lastFundingMs: NOW,
    });
    expect(account.applyWalletChange(payment('f1', -500))).toBeNull();
    expect(account.applyWalletChange(payment('f1 by another name', -500))).toBeNull();
    expect(
      account.applyWalletChange(payment('f2', -500, { exchangeMs: ms(NOW + 1) })),
    ).not.toBeNull();
  });

  it('that are no funding change the wallet alone, also where they are older than the last funding', () => {
    const account = known({ lastFundingMs: ms(0) });
    const older = payment('o0', 0, { reason: 'other', exchangeMs: ms(-1) });
    expect(account.applyWalletChange(older)).not.toBeNull();
    account.applyWalletChange(payment('o1', 700, { reason: 'other' }));
    expect(account.record).toMatchObject({
      walletBalance: ACCOUNT.walletBalance + 700,
      funding: 0,
      lastFundingMs: 0,
      dayStartEquity: ACCOUNT.dayStartEquity,
    });
  });
});

describe('a transfer', () => {
  it('is no loss: what losses are measured from moves with it', () => {
    const account = known();
    const moved = payment('t1', -usdt(1_000), { reason: 'transfer', timeMs: ms(NOW + 5) });
    expect(account.applyWalletChange(moved)).toMatchObject({
      walletBalance: usdt(9_000),
      dayStartEquity: usdt(9_000),
      peakEquity: usdt(9_000),
      funding: 0,
      lastFundingMs: 0,
      updatedMs: NOW + 5,
    });
    expect(account.applyWalletChange(moved)).toBeNull();
  });

  const told = (ordinal: number, amount: number, exchangeMs: number) =>
    payment(`deposit-${exchangeMs}-${ordinal}`, amount, {
      reason: 'transfer',
      exchangeMs: ms(exchangeMs),
    });
  const listed = (ordinal: number, amount: number, exchangeMs: number) =>
    payment(listedTransferId(String(ordinal)), amount, {
      reason: 'transfer',
      exchangeMs: ms(exchangeMs),
    });

  it('counts once, whether the stream tells it, the history, or both: in any order, again, and over a restart', () => {
    const transfer = fc.record({
      // Of few amounts, so that many are equal.
      amount: fc.constantFrom(-300, 200, 500),
      atMs: fc.integer({ min: 1, max: 50_000 }),
      apartMs: fc.integer({ min: -900, max: 900 }),
      isTold: fc.boolean(),
      orderOf: fc.tuple(fc.nat(), fc.nat()),
    });
    const plan = fc.record({
      transfers: fc.array(transfer, { maxLength: 8 }),
      isAgain: fc.boolean(),
      restartAfter: fc.nat(16),
    });
    fc.assert(
      fc.property(plan, ({ transfers, isAgain, restartAfter }) => {
        const events = transfers
          .flatMap(({ amount, atMs, apartMs, isTold, orderOf }, i) => [
            ...(isTold ? [{ event: told(i, amount, NOW + atMs), order: orderOf[0] }] : []),
            { event: listed(i, amount, NOW + atMs + apartMs), order: orderOf[1] },
          ])
          .sort((a, b) => a.order - b.order)
          .map(({ event }) => event);
        let account = known({ transfersVerifiedMs: ms(NOW - 1_000) });
        const booked: WalletChangeEvent[] = [];
        for (const [i, event] of [...events, ...(isAgain ? events : [])].entries()) {
          if (account.applyWalletChange(event)) booked.push(event);
          // A private stream begins anew with a session; the history is read again.
          if (i !== restartAfter || events.slice(i + 1).some(({ id }) => !isListedTransfer(id)))
            continue;
          account = new AccountStateStore();
          account.restore({ ...ACCOUNT, walletBalance: walletAfter(booked) }, [], booked);
        }
        expect(account.record.walletBalance).toBe(
          ACCOUNT.walletBalance + transfers.reduce((sum, { amount }) => sum + amount, 0),
        );
      }),
    );
  });
  const walletAfter = (booked: readonly WalletChangeEvent[]) =>
    money(ACCOUNT.walletBalance + booked.reduce((sum, { amount }) => sum + amount, 0));

  it('that the wallet was found to hold is not booked, however late it is listed', () => {
    const account = known();
    expect(account.verified(NOW).transfersVerifiedMs).toBe(NOW);
    expect(account.applyWalletChange(listed(1, 500, NOW))).toBeNull();
    // Later by less than the clock may be wrong by: not surely in it.
    account.verified(ms(NOW + 5_000));
    expect(account.applyWalletChange(listed(2, 500, NOW + 2_000))).toBeNull();
    expect(account.applyWalletChange(listed(3, 500, NOW + 2_001))).not.toBeNull();
    // A clock that is set back forgets nothing.
    expect(account.verified(ms(NOW + 1)).transfersVerifiedMs).toBe(NOW + 2_000);
  });

  it('that the stream told before a comparison is known when the history lists it after', () => {
    const account = known({ transfersVerifiedMs: ms(NOW) });
    account.applyWalletChange(told(1, 500, NOW + 1_000));
    account.verified(ms(NOW + 4_000));
    expect(account.applyWalletChange(listed(1, 500, NOW + 1_900))).toBeNull();
    expect(account.applyWalletChange(listed(2, 500, NOW + 1_950))).not.toBeNull();
    account.verified(ms(NOW + 90_000));
    expect(account.record.walletBalance).toBe(ACCOUNT.walletBalance + 1_000);
  });
});

describe('a loss that a person accepted', () => {
  it('is what daily loss and drawdown are measured from, on record with the state resumed', () => {
    const account = known({ dayStartEquity: usdt(9_000), peakEquity: usdt(12_000) });
    expect(account.acceptLoss(usdt(8_000), 4, NOW)).toMatchObject({
      dayStartEquity: usdt(8_000),
      peakEquity: usdt(8_000),
      lossAcceptedVersion: 4,
      updatedMs: NOW,
    });
    expect(account.acceptLoss(usdt(8_500), 5, NOW)).toMatchObject({
      dayStartEquity: usdt(8_000),
      peakEquity: usdt(8_500),
    });
  });
});

describe('equity', () => {
  it('is exact at every mark, or broken where a sum on the way to it leaves the safe range', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const amount = fc.oneof(
      fc.integer({ min: -usdt(100_000), max: usdt(100_000) }),
      fc.integer({ min: -most, max: most }),
    );
    const position = fc.oneof(
      fc.integer({ min: -500, max: 500 }),
      fc.integer({ min: -1e9, max: 1e9 }),
    );
    const marks = fc.array(fc.oneof(fc.nat(2_000_000), fc.nat(4e9)), { minLength: 4 });
    const seen = { exact: 0, broken: 0 };
    const law = fc.property(amount, amount, position, marks, (wallet, cost, held, at) => {
      const account = new AccountStateStore();
      const record = { walletBalance: money(wallet), cost: money(cost), position: lots(held) };
      account.restore({ ...ACCOUNT, ...record }, []);
      for (const mark of at) {
        const notional = BigInt(held) * BigInt(mark) * BigInt(INSTRUMENT.quantaPerTickLot);
        const profit = notional - BigInt(cost);
        const sums = [notional, profit, profit + BigInt(wallet)];
        const equity = () => account.equity(ticks(mark), INSTRUMENT);
        if (sums.some((sum) => sum > most || sum < -most)) {
          seen.broken += 1;
          expect(equity).toThrow(InexactNumberError);
        } else {
          seen.exact += 1;
          expect(equity()).toBe(Number(profit + BigInt(wallet)));
        }
      }
    });
    fc.assert(law, { numRuns: 2_000 });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(1_000);
  });

  it('is wallet and unrealised profit at the mark, long and short', () => {
    for (const [side, sign] of [
      ['buy', 1],
      ['sell', -1],
    ] as const) {
      const account = known();
      book(account, fill('101', { side, lots: lots(10) }));
      expect(account.unrealizedPnl(ticks(101_000), INSTRUMENT)).toBe(sign * usdt(1));
      expect(account.equity(ticks(101_000), INSTRUMENT)).toBe(usdt(10_000) + sign * usdt(1));
    }
  });

  it('follows the mark, the account and the instrument', () => {
    const account = known({ position: lots(10) });
    const at = (mark: number, instrument = INSTRUMENT) => account.equity(ticks(mark), instrument);
    const finer = new Instrument({ ...SPEC, lotSize: '0.0001' });
    expect(at(100_000)).toBe(usdt(10_000 + 100));
    expect(at(100_000)).toBe(usdt(10_000 + 100));
    expect(at(200_000)).toBe(usdt(10_000 + 200));
    expect(at(200_000, finer)).toBe(usdt(10_000 + 20));
    expect(at(200_000)).toBe(usdt(10_000 + 200));
    account.applyWalletChange(payment('o', usdt(1), { reason: 'other' }));
    expect(at(200_000)).toBe(usdt(10_001 + 200));
  });

  it('moves the peak only up, and starts the day once', () => {
    const account = known({ dayStartMs: ms(Date.UTC(2026, 0, 2)) });
    expect(account.observeEquity(usdt(9_000), NOW)).toBeNull();
    expect(account.observeEquity(usdt(10_000), NOW)).toBeNull();
    expect(account.observeEquity(usdt(11_000), NOW)?.peakEquity).toBe(usdt(11_000));
    const next = ms(Date.UTC(2026, 0, 3));
    expect(account.observeEquity(usdt(10_500), ms(next - 1))).toBeNull();
    expect(account.observeEquity(usdt(10_500), next)).toMatchObject({
      dayStartMs: next,
      dayStartEquity: usdt(10_500),
      peakEquity: usdt(11_000),
    });
    expect(account.observeEquity(usdt(10_400), ms(next + 1_000))).toBeNull();
  });
});

describe('the day', () => {
  it('is the UTC day through fifty years, leap days and ends of years among them', () => {
    const day = (offset: number) => ms(Date.UTC(2024, 0, 1 + offset));
    const account = known({ dayStartMs: day(0) });
    const wrong: number[] = [];
    for (let offset = 1; offset <= 50 * 366; offset++) {
      const startMs = day(offset);
      const isEarly = account.observeEquity(usdt(9_000), ms(startMs - 1)) !== null;
      const began = account.observeEquity(usdt(9_000), ms(startMs + 17))?.dayStartMs;
      if (isEarly || began !== startMs) wrong.push(offset);
    }
    expect(wrong).toEqual([]);
  });
});

describe('the exchange’s word', () => {
  const word = {
    position: lots(-3),
    entryPrice: ticks(100_000),
    walletBalance: usdt(5_000),
    lastTradeId: '200',
    instrument: INSTRUMENT,
    nowMs: NOW,
  };

  it('begins an account', () => {
    const account = new AccountStateStore();
    expect(account.isKnown).toBe(false);
    expect(account.position).toBe(0);
    expect(() => account.record).toThrow('not known yet');
    expect(account.adopt(word)).toMatchObject({
      position: -3,
      cost: -usdt(30),
      walletBalance: usdt(5_000),
      dayStartMs: Date.UTC(2026, 0, 2),
      verifiedTradeId: '200',
    });
    expect(book(account, fill('200'))).toBeNull();
    expect(book(account, fill('201'))).not.toBeNull();
  });

  it('begins with losses and funding measured from now', () => {
    expect(new AccountStateStore().adopt(word)).toEqual({
      position: -3,
      cost: -usdt(30),
      walletBalance: usdt(5_000),
      realizedPnl: 0,
      fees: 0,
      funding: 0,
      fillCount: 0,
      verifiedTradeId: '200',
      lastFundingMs: NOW,
      dayStartMs: Date.UTC(2026, 0, 2),
      dayStartEquity: usdt(5_000),
      peakEquity: usdt(5_000),
      updatedMs: NOW,
    });
  });

  it('clears the trades known before: its own newest stands for them', () => {
    const account = known({}, ['250']);
    account.adopt(word);
    expect(book(account, fill('250'))).not.toBeNull();
  });

  it('replaces position and wallet of one that differs, and keeps what was booked', () => {
    const account = known();
    book(account, fill('101', { fee: money(5) }));
    expect(account.adopt(word)).toMatchObject({
      position: -3,
      fees: 5,
      fillCount: 1,
      lastFundingMs: 0,
      dayStartMs: 0,
      dayStartEquity: usdt(10_000),
      peakEquity: usdt(10_000),
    });
  });
});
