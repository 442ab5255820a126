/**
 * Goal: the same events give the same commands, whatever the events; none carries NaN; nothing that an
 * exchange can do breaks an invariant. Method: a small exchange that answers at random, doubled, late
 * or not at all, driven by fast-check; each run is stepped twice.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, Outbox } from '../../shared/core/command.ts';
import { Engine } from '../../shared/core/engine.ts';
import type { Event } from '../../shared/core/event.ts';
import type { Fill, Intent } from '../../shared/core/trading/order.ts';
import { isTerminal } from '../../shared/core/trading/order.ts';
import { SIMULATED_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { BrokenInvariantError } from '../../shared/core/units.ts';
import { SmaCrossover } from '../../shared/strategies/sma-crossover.ts';
import { ACTIVE, intents, lots, ms, ofKind, Scenario, settings } from './support.ts';

function parts() {
  const strategy = new SmaCrossover({ fastWindow: 1, slowWindow: 2 });
  return {
    intervalMs: 1_000,
    limits: SIMULATED_LIMITS,
    strategies: [{ strategy, sizing: { kind: 'equity' as const, multiplePpm: 100_000 } }],
  };
}

/** Keeps what it posts, so that another engine can be given the same. */
class Recorded extends Scenario {
  readonly events: Event[] = [];

  override post(fact: Parameters<Scenario['post']>[0]): Command[] {
    this.events.push({ ...fact, timeMs: ms(this.nowMs) } as Event);
    return super.post(fact);
  }
}

const ANSWERS = [
  'refuse',
  'part',
  'expire',
  'unknown',
  'absent',
  'reject',
  'again',
  'late',
  'unnamed',
];
const often = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value);

const happening = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('book' as const),
      byMs: fc.nat(700),
      move: fc.integer({ min: -60, max: 60 }),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      how: fc.constantFrom(...often('record', 8), ...often('fill', 4), ...ANSWERS),
      pick: fc.constantFrom(0, 0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('timer' as const), byMs: fc.nat(1_200) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('account' as const),
      off: fc.constantFrom(...often(0, 9), 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('feed' as const),
      feed: fc.constantFrom('book' as const, 'user' as const, 'market' as const),
      up: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('state' as const),
      state: fc.constantFrom(
        ...often('active' as const, 4),
        'reducing' as const,
        'halted' as const,
      ),
      flatten: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('other' as const),
      what: fc.constantFrom(
        ...often('storeUp', 3),
        ...often('leader', 3),
        ...often('funding', 3),
        ...often('clock', 3),
        'storeDown',
        'follower',
        'foreign',
        'drain',
      ),
    }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** Answers one of the newest intents as an exchange might; it never fills more than was ordered. */
function answer(scenario: Recorded, fills: Map<string, Fill[]>, how: string, pick: number): void {
  const all = intents(scenario.commands);
  const intent = all[all.length - 1 - pick];
  if (!intent) return;
  const { clientOrderId } = intent.request;
  const placed = ofKind(scenario.commands, 'placeOrder').some((c) => c.intent === intent);
  const order = scenario.engine.orders.get(clientOrderId);
  const done = fills.get(clientOrderId) ?? [];
  const filled = done.reduce((sum, f) => sum + f.lots, 0);
  const rest = intent.request.lots - filled;
  if (how === 'record') scenario.recorded(intent);
  else if (how === 'refuse' && order?.state === 'intended') {
    scenario.post({
      kind: 'intentRefused',
      clientOrderId,
      reason: pick === 0 ? 'duplicateKey' : 'tradingState',
    });
  } else if (!placed) return;
  else if (how === 'unknown') scenario.post({ kind: 'orderUnknown', clientOrderId, message: '' });
  else if (how === 'absent' && filled === 0) scenario.post({ kind: 'orderAbsent', clientOrderId });
  else if (how === 'reject' && order?.state === 'sent') {
    scenario.post({ kind: 'orderRejected', clientOrderId, code: -2019, message: '' });
  } else if (how === 'expire') {
    scenario.report(intent, { status: 'expired', executedLots: lots(filled) });
  } else if (how === 'late') scenario.report(intent, {}, 'reply');
  else if (how === 'again')
    for (const fill of done) scenario.post({ kind: 'fill', source: 'history', fill });
  else if (rest > 0 && order && !isTerminal(order.state)) {
    const quantity = how === 'fill' ? rest : Math.max(1, Math.floor(rest / 2));
    const over = { lots: lots(quantity), ...(how === 'unnamed' ? { clientOrderId: '' } : {}) };
    const { fill } = scenario.fill(intent, over, how === 'unnamed' ? 'history' : 'stream');
    fills.set(clientOrderId, [...done, fill]);
  }
}

function live(scenario: Recorded, happenings: readonly Happening[]): void {
  const fills = new Map<string, Fill[]>();
  let mid = 100_000;
  let version = 0;
  for (const next of happenings) {
    switch (next.kind) {
      case 'book':
        scenario.nowMs += next.byMs;
        mid += next.move;
        scenario.mark(mid);
        scenario.book(mid);
        break;
      case 'timer': {
        scenario.nowMs += next.byMs;
        const due = new Map<string, number>();
        for (const { id, atMs } of ofKind(scenario.commands, 'setTimer')) due.set(id, atMs);
        for (const [id, atMs] of due) if (atMs <= scenario.nowMs) scenario.timer(id);
        break;
      }
      case 'answer':
        answer(scenario, fills, next.how, next.pick);
        break;
      case 'account':
        if (ofKind(scenario.commands, 'readAccount').length === 0) break;
        scenario.snapshot({ position: scenario.engine.account.position + next.off });
        break;
      case 'feed':
        scenario.feed(next.feed, next.up ? 'up' : 'down');
        break;
      case 'state':
        version = scenario.engine.gate.record.version + 1;
        scenario.post({ kind: 'tradingState', record: { ...ACTIVE, state: next.state, version } });
        if (next.flatten) {
          scenario.post({ kind: 'operator', action: 'flatten', by: 'test', id: `f${version}` });
        }
        break;
      case 'other':
        other(scenario, next.what);
        break;
    }
  }
}

function other(scenario: Recorded, what: string): void {
  const exchangeMs = ms(scenario.nowMs);
  if (what === 'storeDown' || what === 'storeUp') {
    scenario.post({
      kind: 'storeStatus',
      status: what === 'storeDown' ? 'down' : 'up',
      message: '',
    });
  } else if (what === 'leader' || what === 'follower') {
    scenario.post({ kind: 'leadership', isLeader: what === 'leader', epoch: 7 });
  } else if (what === 'foreign') {
    const request = { clientOrderId: 'web', side: 'buy', lots: lots(3), price: 100_000 };
    scenario.fill({ request } as unknown as Intent);
  } else if (what === 'funding') {
    scenario.post({
      kind: 'walletChange',
      reason: 'funding',
      amount: -50_000 as never,
      id: `f-${exchangeMs}`,
      exchangeMs,
    });
  } else if (what === 'drain') {
    scenario.post({ kind: 'drain', flatten: exchangeMs % 2 === 0 });
  } else {
    scenario.post({ kind: 'clock', offsetMs: exchangeMs % 7, errorMs: exchangeMs % 260 });
  }
}

/** Every number anywhere in a command. */
function numbers(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(numbers);
}

const lives = fc.array(happening, { minLength: 60, maxLength: 200, size: 'max' });

describe('any session', () => {
  it('gives the same commands again for the same events, and only whole numbers in them', () => {
    let placed = 0;
    let filled = 0;
    fc.assert(
      fc.property(lives, (happenings) => {
        const scenario = new Recorded(parts());
        scenario.start();
        live(scenario, happenings);
        const again = new Engine(settings(parts()));
        const out = new Outbox();
        const repeated = scenario.events.flatMap((event) => {
          again.step(event, out);
          return out.take();
        });
        expect(JSON.stringify(repeated)).toBe(JSON.stringify(scenario.commands));
        for (const command of scenario.commands) {
          for (const number of numbers(command)) {
            if (!Number.isSafeInteger(number) || Object.is(number, -0)) {
              throw new Error(`${number} in ${JSON.stringify(command)}`);
            }
          }
        }
        placed += ofKind(scenario.commands, 'placeOrder').length;
        filled += ofKind(scenario.commands, 'save').filter(({ fill }) => fill !== null).length;
      }),
      { numRuns: 250 },
    );
    // A generator that never trades would prove nothing.
    expect(placed).toBeGreaterThan(100);
    expect(filled).toBeGreaterThan(100);
  });

  it('places no order twice, none without an intent, and none reduce-only that is not an exit', () => {
    fc.assert(
      fc.property(lives, (happenings) => {
        const scenario = new Recorded(parts());
        scenario.start();
        live(scenario, happenings);
        const seen = new Set<string>();
        const keys = new Set<string>();
        const asked = new Set<Intent>();
        for (const command of scenario.commands) {
          if (command.kind === 'recordIntent') {
            asked.add(command.intent);
            expect(keys.has(command.intent.key)).toBe(false);
            keys.add(command.intent.key);
          }
          if (command.kind !== 'placeOrder') continue;
          const { request, purpose } = command.intent;
          expect(asked.has(command.intent)).toBe(true);
          expect(seen.has(request.clientOrderId)).toBe(false);
          seen.add(request.clientOrderId);
          expect(request.reduceOnly).toBe(purpose !== 'open');
        }
      }),
      { numRuns: 150 },
    );
  });

  it('sends nothing that opens while trading is reducing or halted, or under any hold', () => {
    fc.assert(
      fc.property(lives, (happenings) => {
        const scenario = new Recorded(parts());
        const { post } = scenario;
        scenario.post = (fact) => {
          const commands = post.call(scenario, fact);
          for (const { intent } of ofKind(commands, 'placeOrder')) {
            const { gate, market } = scenario.engine;
            if (intent.purpose === 'open') {
              expect(gate.state).toBe('active');
              expect([...gate.holds.keys()]).toEqual([]);
              expect(market.bookAgeMs(ms(scenario.nowMs))).toBeLessThanOrEqual(1_500);
            } else {
              expect(gate.blocking(intent.purpose)).toBeNull();
              if (gate.state === 'halted') expect(intent.purpose).toBe('flatten');
              const { position } = scenario.engine.account;
              expect(intent.request.lots).toBeLessThanOrEqual(Math.abs(position));
            }
          }
          return commands;
        };
        scenario.start();
        live(scenario, happenings);
      }),
      { numRuns: 150 },
    );
  });
});

describe('an impossible event', () => {
  it('breaks an invariant and nothing else', () => {
    const scenario = new Scenario(parts());
    expect(() =>
      scenario.post({
        kind: 'recovered',
        epoch: 1,
        tradingState: ACTIVE,
        account: null,
        decision: null,
        orders: [],
        recentTradeIds: [],
      }),
    ).toThrow(BrokenInvariantError);
    expect(() => scenario.post({ kind: 'nonsense' } as never)).toThrow(BrokenInvariantError);
  });
});
