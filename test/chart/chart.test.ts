/**
 * Goal: a chart shows what the store holds, where it was, so that shapes alone tell it; it is sent once,
 * to people on the list. Method: a store with a known past; the SVG's shapes measured; the PNG's header
 * and size read from what a Bot API got.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { priceSteps, timeSteps } from '../../services/chart/axis-steps.ts';
import { chartData } from '../../services/chart/chart-data.ts';
import { drawChart, HEIGHT, WIDTH } from '../../services/chart/draw-chart.ts';
import { sendChart } from '../../services/chart/send-chart.ts';
import { createMemoryControlStore } from '../../shared/adapters/memory/control-store.ts';
import { createMemoryStore } from '../../shared/adapters/memory/store.ts';
import { loadKeyless } from '../../shared/config/keyless.ts';
import type { Store } from '../../shared/ports/store.ts';
import { startTelegramServer, type TelegramServer } from '../support/telegram-server.ts';
import { tell } from '../support/told-store.ts';

const NOW_MS = Date.UTC(2026, 2, 4, 12);
const MINUTE_MS = 60_000;
const TOKEN = '1:chart-token';
const OWNER = 1001;
const { configuration } = loadKeyless({ PLIMSOLL_MODE: 'paper', PLIMSOLL_INTERVAL: '1m' });

let store: Store;
let decisionMs: number;

beforeEach(async () => {
  store = createMemoryStore({ environment: 'paper', account: 'main', instrument: 'BTCUSDT' });
  await store.open();
  ({ decisionMs } = await tell(store, NOW_MS));
});

async function data(widthMs = MINUTE_MS) {
  const made = await chartData(store, configuration, widthMs);
  if (!made) throw new Error('no data');
  return made;
}

describe('what a chart shows', () => {
  test('is the newest candles, the position and its entry', async () => {
    const { candles, ...rest } = await data();
    expect(candles).toHaveLength(60);
    expect(candles.at(-1)?.openMs).toBe(NOW_MS - MINUTE_MS);
    expect(rest).toMatchObject({ interval: '1m', position: 'long 0.003 BTC', entry: 64_500 });
  });

  test('are signals and fills on their candles', async () => {
    const { marks, candles } = await data();
    const candle = candles.find(({ openMs }) => openMs === decisionMs);
    expect(marks).toEqual([
      { kind: 'signal', side: 'buy', openMs: decisionMs, price: candle?.low },
      {
        kind: 'fill',
        side: 'buy',
        openMs: decisionMs + MINUTE_MS,
        price: expect.closeTo(64_000.1),
      },
    ]);
  });

  test('is folded into wider candles that lose no extreme', async () => {
    const narrow = await store.candles(MINUTE_MS, 1_000);
    const wide = await data(15 * MINUTE_MS);
    expect(wide.candles.every(({ openMs }) => openMs % (15 * MINUTE_MS) === 0)).toBe(true);
    for (const { openMs, open, high, low, close } of wide.candles) {
      const inside = narrow.filter((c) => c.openMs >= openMs && c.openMs < openMs + 15 * MINUTE_MS);
      expect(high).toBeCloseTo(Math.max(...inside.map((c) => c.high)) / 20);
      expect(low).toBeCloseTo(Math.min(...inside.map((c) => c.low)) / 20);
      expect(open).toBeCloseTo((inside[0]?.open ?? 0) / 20);
      expect(close).toBeCloseTo((inside.at(-1)?.close ?? 0) / 20);
    }
    expect(wide.marks.map(({ kind }) => kind)).toEqual(['signal', 'fill']);
  });

  test('is nothing where no trader has run', async () => {
    const fresh = createMemoryStore({ environment: 'paper', account: 'x', instrument: 'BTCUSDT' });
    expect(await chartData(fresh, configuration, MINUTE_MS)).toBeNull();
  });
});

describe('the drawing', () => {
  const points = (svg: string) =>
    [...svg.matchAll(/<polygon points="([^"]+)" fill="([^"]+)"/g)].map(([, list = '', fill]) => ({
      ys: list.split(' ').map((pair) => Number(pair.split(',')[1])),
      isHollow: fill === 'none',
    }));

  test('tells a buy by a triangle that points up, a sell by one down, a signal by a hollow one', async () => {
    const svg = drawChart(await data());
    const legend = points(svg).slice(-4);
    const isUp = ({ ys: [tip = 0, base = 0] }: { ys: number[] }) => tip < base;
    expect(legend.map(isUp)).toEqual([true, false, true, false]);
    expect(legend.map(({ isHollow }) => isHollow)).toEqual([true, true, false, false]);
    expect(points(svg)).toHaveLength(4 + 2);
  });

  test('names symbol, interval, position and time', async () => {
    const svg = drawChart(await data());
    for (const text of ['BTCUSDT  1m', 'long 0.003 BTC at 64500.0', '2026-03-04 11:59 UTC']) {
      expect(svg).toContain(text);
    }
  });

  test('stays inside the picture, also for one flat candle', async () => {
    const flat = { openMs: 0, open: 100, high: 100, low: 100, close: 100 };
    const made = await data();
    for (const drawn of [made, { ...made, candles: [flat], marks: [], entry: null }]) {
      const svg = drawChart(drawn);
      expect(svg).not.toMatch(/NaN|Infinity/);
      for (const [, name = '', value] of svg.matchAll(/ ([xy][12]?)="(-?[\d.]+)"/g)) {
        expect(Number(value)).toBeGreaterThanOrEqual(0);
        expect(Number(value)).toBeLessThanOrEqual(name.startsWith('x') ? WIDTH : HEIGHT);
      }
    }
  });

  test('escapes what is markup', async () => {
    expect(drawChart({ ...(await data()), symbol: '<b>&' })).toContain('&lt;b>&amp;');
  });

  test('has few, round lines', () => {
    expect(priceSteps(63_980, 64_790)).toEqual([64_000, 64_200, 64_400, 64_600]);
    const steps = timeSteps(Date.UTC(2026, 2, 4, 22, 10), Date.UTC(2026, 2, 5, 3));
    expect(steps.map(({ label }) => label)).toEqual(['23:00', '03-05', '01:00', '02:00']);
  });
});

describe('sending', () => {
  let telegram: TelegramServer;
  const control = createMemoryControlStore();
  const send = (id: string, chatId = OWNER) =>
    sendChart(
      { id, chatId, intervalMs: MINUTE_MS },
      {
        store,
        control,
        configuration,
        botToken: TOKEN,
        allowedUserIds: [OWNER],
        apiRoot: telegram.url,
      },
    );

  beforeEach(async () => {
    telegram = await startTelegramServer(TOKEN);
  });
  afterEach(async () => {
    await telegram.stop();
    expect(telegram.violations).toEqual([]);
  });

  test('delivers a PNG of the drawn size', async () => {
    expect(await send('chart:1')).toBe(true);
    const photo = telegram.calls[0]?.photo;
    expect(photo?.subarray(1, 4).toString()).toBe('PNG');
    expect(photo?.readUInt32BE(16)).toBe(WIDTH);
    expect(photo?.readUInt32BE(20)).toBe(HEIGHT);
    expect(photo?.length).toBeGreaterThan(20_000);
  });

  test('happens once, however often it is asked', async () => {
    const sent = await Promise.all(Array.from({ length: 10 }, () => send('chart:2')));
    expect(sent.filter(Boolean)).toHaveLength(1);
    expect(telegram.calls).toHaveLength(1);
  });

  test('never reaches a stranger', async () => {
    expect(await send('chart:3', 6666)).toBe(false);
    expect(telegram.calls).toEqual([]);
  });

  test('says so where there is nothing to draw', async () => {
    store = createMemoryStore({ environment: 'paper', account: 'y', instrument: 'BTCUSDT' });
    await send('chart:4');
    expect(telegram.texts()).toEqual(['There are no candles to draw yet.']);
  });
});
