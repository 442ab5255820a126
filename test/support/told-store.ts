/** A trader's store with a short past in it: candles, a decision, orders, fills, funding, a heartbeat. */
import type { MidPriceCandle } from '../../shared/core/market/candle.ts';
import type { TraderStatus } from '../../shared/operation/trader-status.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  aCandle,
  aDecision,
  aFill,
  anAccount,
  anIntent,
  anOrder,
} from '../contract/store-backends.ts';

/** Ticks of 0.10 and lots of 0.001, as BTCUSDT has them. */
export const STATUS: TraderStatus = {
  symbol: 'BTCUSDT',
  strategy: 'SmaCrossover',
  interval: '1m',
  tradingState: 'active',
  holds: '',
  position: '0.003',
  target: 3,
  walletBalance: '10000.12345678',
  equity: '10001.50000000',
  unsettledOrders: 1,
  fills: 2,
  candlesMissing: 0,
  baseAsset: 'BTC',
  tickSize: '0.10',
  lotSize: '0.001',
  markPrice: '64500.0',
  unrealizedPnl: '1.37654322',
  initialMargin: '64.50000000',
  maintenanceMargin: '0.77400000',
  maintenanceRatePpm: 4_000,
  maintenanceCum: '0.00000000',
  marginRatioPpm: 77,
  liquidationPrice: '1000.5',
  fundingRateE8: 10_000,
  nextFundingMs: Date.UTC(2026, 2, 4, 16),
  marketAgeMs: 42,
};

const MINUTE_MS = 60_000;

/** Two hours of candles up to `nowMs`; of them the 20th last decided a buy, filled in two trades. */
export async function tell(store: Store, nowMs: number): Promise<{ decisionMs: number }> {
  const { lease } = await store.acquireLease('told', null);
  const lastMs = nowMs - (nowMs % MINUTE_MS) - MINUTE_MS;
  for (let i = 0; i < 120; i++) {
    const mid = 1_290_000 + Math.round(900 * Math.sin(i / 9));
    const candle = { open: mid, high: mid + 120, low: mid - 120, close: mid + 60 };
    await store.saveCandle(
      aCandle(lastMs - (119 - i) * MINUTE_MS, candle as Partial<MidPriceCandle>),
    );
  }
  const decisionMs = lastMs - 20 * MINUTE_MS;
  const decisionId = `d-${MINUTE_MS}-${decisionMs}`;
  await store.saveDecision(
    lease.epoch,
    aDecision({ decisionId, target: 3 as never, reason: 'fast above slow' }),
  );
  const times = { createdMs: (decisionMs + MINUTE_MS) as never, epoch: lease.epoch };
  const filled = anIntent({ id: 'p-paper-1-1', decisionId, reason: 'fast above slow', ...times });
  const open = anIntent({
    id: 'p-paper-1-2',
    decisionId: 'd-60000-1',
    reason: 'slow above fast',
    purpose: 'close',
    ...times,
    createdMs: (decisionMs + 2 * MINUTE_MS) as never,
  });
  for (const intent of [filled, open]) await store.recordIntent(intent);
  const at = { exchangeMs: (decisionMs + MINUTE_MS + 500) as never, clientOrderId: 'p-paper-1-1' };
  const account = anAccount({
    position: 3 as never,
    cost: 19_350_000_000 as never,
    walletBalance: 1_000_012_345_678 as never,
    dayStartEquity: 999_900_000_000 as never,
    fillCount: 2,
  });
  const order = anOrder(filled, {
    state: 'filled',
    executedLots: 3 as never,
    filledLots: 3 as never,
    updatedMs: (decisionMs + MINUTE_MS + 600) as never,
  });
  const fills = [
    aFill('71', { ...at, lots: 1 as never, fee: 2_580_000 as never }),
    aFill('72', {
      ...at,
      lots: 2 as never,
      fee: 5_160_000 as never,
      realizedPnl: 12_345_678 as never,
    }),
    aFill('1', {
      exchangeMs: (nowMs - 40 * 86_400_000) as never,
      exchangeOrderId: '3',
      clientOrderId: '',
    }),
  ];
  for (const fill of fills) {
    await store.save(lease.epoch, { order, fill, payment: null, account });
  }
  await store.save(lease.epoch, {
    order: anOrder(open, { exchangeOrderId: '82' }),
    fill: null,
    payment: {
      reason: 'funding',
      amount: -1_000_000 as never,
      id: 'f-1',
      exchangeMs: (nowMs - 3_600_000) as never,
    },
    account,
  });
  await store.saveHeartbeat({
    timeMs: (nowMs - 400) as never,
    owner: 'told',
    epoch: lease.epoch,
    mode: 'paper',
    status: STATUS,
  });
  return { decisionMs };
}
