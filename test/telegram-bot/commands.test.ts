/**
 * Goal: each question is answered from what the store holds, in words and figures a person reads on a
 * phone. Method: a store with a known past, questions over HTTP, the messages a Bot API got.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../services/telegram-bot/bot.ts';
import { messagesOf } from '../../services/telegram-bot/messages.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { tell } from '../support/told-store.ts';
import { OWNER, type Rig, START_MS, startRig } from './rig.ts';

noticeWithoutDynoxide();

describe.skipIf(!hasDynoxide)('a question', () => {
  let engine: Dynoxide;
  let told: Rig;
  let empty: Rig;

  beforeAll(async () => {
    engine = await startDynoxide();
    told = await startRig(engine.endpoint);
    empty = await startRig(engine.endpoint, { hasCharts: false });
    await tell(told.store, START_MS);
  });
  afterAll(async () => {
    expect(told.telegram.violations).toEqual([]);
    expect(empty.telegram.violations).toEqual([]);
    await told?.stop();
    await empty?.stop();
    await engine?.stop();
  });
  beforeEach(() => {
    told.clock.nowMs = START_MS;
  });

  async function ask(text: string, rig = told): Promise<string> {
    const before = rig.telegram.calls.length;
    expect(await rig.say(text)).toBe(200);
    expect(rig.telegram.calls.length).toBeGreaterThan(before);
    return rig.answer();
  }

  test('/status', async () => {
    const text = await ask('/status');
    expect(text).toMatch(/^Trading is active: first start/);
    expect(text).toMatch(/^trader {4}paper, seen 0 s ago$/m);
    expect(text).toMatch(/^position {2}0\.003 BTC$/m);
    expect(text).toMatch(/^target {4}fast above slow$/m);
    expect(text).toMatch(/^equity {4}10001\.50 USDT$/m);
    expect(text).toMatch(/^today {5}\+2\.50 USDT \(\+0\.03 %\)$/m);
    expect(text).toMatch(/^orders {4}1 open$/m);
  });

  test('/status of a trader that is gone says so', async () => {
    told.clock.nowMs += 11 * 60_000;
    expect(await ask('/status')).toContain('NOT RUNNING, last seen 11 min ago');
    expect(await ask('/health')).toMatch(/^Needs a look/);
  });

  test('/positions', async () => {
    const text = await ask('/positions');
    expect(text).toMatch(/^Long BTCUSDT/);
    expect(text).toMatch(/^quantity +0\.003 BTC$/m);
    expect(text).toMatch(/^entry +64500\.0$/m);
    expect(text).toMatch(/^unrealised +1\.38 USDT$/m);
    expect(text).toMatch(/^liquidation +1000\.5$/m);
    expect(text).toMatch(/^funding +0\.010000 % at 16:00 UTC$/m);
  });

  test('/orders', async () => {
    const text = await ask('/orders');
    expect(text).toMatch(/^1 open, 1 ended/);
    expect(text).toMatch(/p-paper-1-2.*\n {2}buy 0\.000\/0\.003 at 64000\.1\n {2}close, open/);
    expect(text).toMatch(/ended, newest first\np-paper-1-1/);
  });

  test.each([
    ['', '2026-03-04'],
    [' day', '2026-03-04'],
    [' week', '2026-03-02'],
    [' month', '2026-03-01'],
  ])('/pnl%s counts from %s, UTC', async (period, day) => {
    const text = await ask(`/pnl${period}`);
    expect(text).toContain(`Since ${day} 00:00:00 UTC`);
    expect(text).toMatch(/^realised +\+0\.12 USDT$/m);
    expect(text).toMatch(/^fees +-0\.08 USDT$/m);
    expect(text).toMatch(/^funding +-0\.01 USDT$/m);
    expect(text).toMatch(/^net +\+0\.04 USDT$/m);
    expect(text).toMatch(/^fills +2$/m);
  });

  test('/pnl of no known period says which there are', async () => {
    expect(await ask('/pnl year')).toBe('/pnl takes day, week, month');
  });

  test('/balance', async () => {
    const text = await ask('/balance');
    expect(text).toMatch(/^wallet +10000\.12 USDT$/m);
    expect(text).toMatch(/^free +9937\.00 USDT$/m);
  });

  test('/margin', async () => {
    const text = await ask('/margin');
    expect(text).toMatch(/^margin ratio +0\.01 %$/m);
    expect(text).toMatch(/^distance +98\.45 %$/m);
    expect(text).toMatch(/^leverage +3x$/m);
  });

  test('/health', async () => {
    const text = await ask('/health');
    expect(text).toMatch(/^All is well/);
    expect(text).toMatch(/^market +42 ms old$/m);
    expect(text).toMatch(/^muted +no$/m);
  });

  test('/config masks keys', async () => {
    const text = await ask('/config');
    expect(text).toMatch(/^mode +paper$/m);
    expect(text).toMatch(/^apiSecret +\*\*\*$/m);
    expect(text).not.toContain('kept from this program');
  });

  test('/version', async () => {
    const text = await ask('/version');
    expect(text).toMatch(/^plimsoll +1\.2\.3, build b1$/m);
    expect(text).not.toContain('deploy both together');
    expect(text).toMatch(/^deployment +test$/m);
  });

  test('/version and /status warn of a trader of another build', async () => {
    const beat = await told.store.heartbeat();
    if (!beat) throw new Error('no heartbeat');
    await told.store.saveHeartbeat({ ...beat, build: 'b2' });
    for (const command of ['/version', '/status']) {
      expect(await ask(command)).toContain('The trader is of build b2, this bot of b1');
    }
    await told.store.saveHeartbeat({ ...beat, build: 'b1' });
    expect(await ask('/status')).not.toContain('of build');
    await told.store.saveHeartbeat(beat);
  });

  test('/help names every command, as does whatever is no command', async () => {
    const help = await ask('/help');
    for (const name of Object.keys(COMMANDS)) expect(help).toContain(`/${name} – `);
    expect(await ask('hello')).toContain(help);
    expect(await ask('/halts')).toContain('no command I know');
    expect((await told.store.tradingState()).state).toBe('active');
  });

  describe('/why', () => {
    test('tells a strategy’s order from candle to fills', async () => {
      const lines = (await ask('/why p-paper-1-1')).split('\n');
      const order = ['candle', 'signal', 'risk', 'order', 'fills'].map((step) =>
        lines.findIndex((line) => line.startsWith(step)),
      );
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(order).not.toContain(-1);
      const text = lines.join('\n');
      expect(text).toContain('candle  2026-03-04 11:39:00 UTC, 60 s');
      expect(text).toMatch(/open 64\d{3}\.\d\d {2}high 64\d{3}\.\d\d/);
      expect(text).toContain('signal  fast above slow\n  target 0.003');
      expect(text).toContain('risk    approved 2026-03-04 11:40:00 UTC\n  and once more');
      expect(text).toContain('order   buy 0.003 limit 64000.1 GTC\n  to open, attempt 1');
      expect(text).toContain('filled 2026-03-04 11:40:00 UTC');
      expect(text).toContain('fills   2\n  11:40:00 0.001 at 64000.1 maker');
      expect(text).toContain('fees 0.0774 USDT, realised 0.1235 USDT');
    });

    test('finds an order by the exchange’s id, and says what is not kept', async () => {
      const text = await ask('/why 82');
      expect(text).toContain('Why p-paper-1-2');
      expect(text).toContain('its prices are not kept any more');
      expect(text).toContain('signal  slow above fast');
      expect(text).not.toContain('target');
      expect(text).toContain('fills   none');
    });

    test('without a name tells the newest', async () => {
      expect(await ask('/why')).toContain('Why p-paper-1-2');
    });

    test('says so where there is no such order', async () => {
      expect(await ask('/why nonsense')).toContain('There is no order nonsense');
    });
  });

  describe('/chart', () => {
    test.each([
      ['/chart', 60_000],
      ['/chart 15m', 900_000],
    ])('%s asks for a picture of %i ms candles, once', async (text, intervalMs) => {
      const before = told.chartRequests.length;
      await told.say(text);
      const request = { chatId: OWNER, intervalMs, id: expect.stringMatching(/^chart:\d+$/) };
      expect(told.chartRequests.slice(before)).toEqual([request]);
    });

    test('says which intervals there are', async () => {
      expect(await ask('/chart 7m')).toMatch(/^\/chart takes 1m, 3m, .*1d$/);
      expect(await ask('/chart 30s')).toMatch(/^\/chart takes 1m/);
    });

    test('says where nothing draws', async () => {
      expect(await ask('/chart', empty)).toContain('No program that draws charts');
    });
  });

  test.each(Object.keys(COMMANDS))('/%s is answered where no trader has run yet', async (name) => {
    expect(await ask(`/${name}`, empty)).not.toMatch(/undefined|NaN|null/);
  });
});

describe('an answer', () => {
  test('is one message with its table in fixed width where it fits', () => {
    const [message, ...more] = messagesOf({ text: 'ab', table: 'cde' });
    expect(more).toEqual([]);
    expect(message).toEqual({
      text: 'ab\ncde',
      entities: [{ type: 'pre', offset: 3, length: 3 }],
    });
  });

  test('is cut at ends of lines into messages that Telegram takes, nothing lost', () => {
    const table = Array.from({ length: 900 }, (_, i) => `row ${i} 😀`).join('\n');
    const messages = messagesOf({ text: 'head', table });
    expect(messages.length).toBeGreaterThan(2);
    for (const { text } of messages) expect(text.length).toBeLessThanOrEqual(4_096);
    expect(messages.map(({ text }) => text).join('\n')).toBe(`head\n${table}`);
    for (const { text, entities } of messages.slice(1)) {
      expect(entities).toEqual([{ type: 'pre', offset: 0, length: text.length }]);
    }
  });
});
