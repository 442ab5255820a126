/** Goal: what the performer does beside performing. Its dealings with orders are tested through the whole trader. */
import { expect, it } from 'vitest';
import {
  CommandPerformer,
  type PerformerOptions,
} from '../../services/trader/command-performer.ts';
import type { Fact } from '../../services/trader/runtime.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { intent } from '../orders/scripted-binance.ts';
import { ManualClock } from '../support/manual-clock.ts';

async function placed(code: number, refused: number[] = []): Promise<Fact['kind'][]> {
  const posted: Fact[] = [];
  await place(new ExchangeError('rejected', 'no', { code }), posted, refused);
  return posted.map(({ kind }) => kind).sort();
}

/** Has an order refused with `error`. */
async function place(error: ExchangeError, posted: Fact[], refused: number[] = []): Promise<void> {
  const performer = new CommandPerformer({
    clock: new ManualClock(),
    exchange: {
      placeOrder: () => Promise.reject(error),
      clockOffset: () => Promise.resolve({ offsetMs: 3_000, errorMs: 5 }),
    },
    leadership: { maySend: () => true },
    contract: { refused: (of: number) => refused.push(of) },
    post: (fact: Fact) => posted.push(fact),
    onFailure: (error: Error) => {
      throw error;
    },
  } as unknown as PerformerOptions);
  performer.perform({ kind: 'placeOrder', intent: intent() });
  await new Promise((resolve) => setImmediate(resolve));
}

it('asks for the exchange’s clock where an order was outside its time window', async () => {
  expect(await placed(-1021)).toEqual(['clock', 'orderRejected']);
  expect(await placed(-2019)).toEqual(['orderRejected']);
});

it.each([
  [-1003, 58_000],
  // Overload keeps out what opens: an exit would go, so a stop is not waited for.
  [-1008, undefined],
])(
  'says for how long the exchange takes no orders, where it answers %i',
  async (code, retryAfterMs) => {
    const error = new ExchangeError('rateLimited', 'no', { code, retryAfterMs: 58_000 });
    const posted: Fact[] = [];
    await place(error, posted);
    const refusal = { kind: 'orderRejected', code: 0, message: 'rateLimited: no', retryAfterMs };
    expect(posted).toEqual([{ ...refusal, clientOrderId: expect.any(String) }]);
  },
);

it('passes on the code of a refusal, for who knows what it says of the contract', async () => {
  const refused: number[] = [];
  await placed(-4140, refused);
  expect(refused).toEqual([-4140]);
});

const ASKED_MS = 1_000 as TimeMs;

/** What came of asking for a countdown. */
async function countdown(over: { answer?: Promise<void>; isLeader?: boolean }) {
  const asked: number[] = [];
  const posted: Fact[] = [];
  const performer = new CommandPerformer({
    exchange: {
      setCountdown: (countdownMs: number) => {
        asked.push(countdownMs);
        return over.answer ?? Promise.resolve();
      },
    },
    leadership: { maySend: () => over.isLeader ?? true },
    post: (fact: Fact) => posted.push(fact),
    onFailure: (error: Error) => {
      throw error;
    },
  } as unknown as PerformerOptions);
  performer.perform({ kind: 'setCountdown', countdownMs: 120_000, askedMs: ASKED_MS });
  await new Promise((resolve) => setImmediate(resolve));
  return { asked, posted };
}

it('sets the exchange’s countdown, and says so or that it could not', async () => {
  const set = { kind: 'countdownSet', countdownMs: 120_000, askedMs: ASKED_MS };
  expect(await countdown({})).toEqual({ asked: [120_000], posted: [set] });
  const answer = Promise.reject(new ExchangeError('unreachable', 'no way there'));
  const { posted } = await countdown({ answer });
  expect(posted).toEqual([{ kind: 'countdownFailed', message: 'no way there' }]);
});

it('leaves the countdown to the leader', async () => {
  expect(await countdown({ isLeader: false })).toEqual({ asked: [], posted: [] });
});
