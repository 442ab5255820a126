/** Goal: a standstill is reported and, beyond the second limit, ends the session. Method: lags by hand. */
import { describe, expect, it } from 'vitest';
import { ProcessWatch } from '../../services/trader/process-watch.ts';
import { measureLoopLag } from '../../shared/adapters/clock/loop-lag.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';

function watched(lags: number[], exchange: Partial<ExchangeClient> = {}) {
  const posted: object[] = [];
  const ended: string[] = [];
  const clock = new ManualClock();
  const watch = new ProcessWatch({
    clock,
    exchange: exchange as ExchangeClient,
    limits: { loopLagHoldMs: 500, loopLagStepDownMs: 2_000 },
    loopLagMs: () => lags.shift() ?? 0,
    post: (fact) => posted.push(fact),
    onStandstill: (reason) => ended.push(reason),
  });
  return { watch, clock, posted, ended };
}

describe('the event loop', () => {
  it('is reported beyond half a second, and once more when it runs again', () => {
    const { watch, posted, ended } = watched([500, 501, 2_000, 0, 0]);
    for (let i = 0; i < 5; i++) watch.lookAtLoop();
    expect(posted).toEqual([501, 2_000, 0].map((lagMs) => ({ kind: 'loopLag', lagMs })));
    expect(ended).toEqual([]);
  });

  it('that stood still for more than two seconds ends the session', () => {
    const { watch, ended } = watched([2_001]);
    watch.lookAtLoop();
    expect(ended).toEqual(['the event loop stood still for 2001 ms: stepping down']);
  });

  it('is measured however soon after the last look it stands still', () => {
    const lag = measureLoopLag();
    lag.takeMs();
    const untilMs = performance.now() + 150;
    while (performance.now() < untilMs);
    const takenMs = lag.takeMs();
    expect(takenMs).toBeGreaterThan(90);
    expect(lag.takeMs()).toBeLessThan(takenMs);
    lag.stop();
  });
});

describe('the account’s settings', () => {
  const settings = {
    isHedgeMode: true,
    isIsolated: false,
    isMultiAsset: false,
    paysFeesInBnb: false,
    canTrade: true,
  };

  it('are read every ten minutes, and what fails is read the next time', async () => {
    let isDown = true;
    const { watch, clock, posted } = watched([], {
      accountSettings: async () => {
        if (isDown) throw new ExchangeError('unreachable', 'down');
        return settings;
      },
      accountTerms: async () => ({ brackets: [], leverage: 7, makerFeePpm: 0, takerFeePpm: 0 }),
    });
    const pass = async (ms: number) => {
      clock.advance(ms);
      await watch.lookAtSettings();
      return posted.length;
    };
    expect(await pass(599_999)).toBe(0);
    expect(await pass(1)).toBe(0);
    isDown = false;
    expect(await pass(599_999)).toBe(0);
    expect(await pass(1)).toBe(1);
    const { canTrade: _, ...told } = settings;
    expect(posted).toEqual([{ kind: 'accountConfig', leverage: 7, ...told }]);
  });
});
