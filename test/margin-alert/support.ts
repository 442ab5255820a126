/** An account, a heartbeat and a mark price for the margin alert to look at, all of one's own choosing. */
import type { AccountRecord } from '../../shared/core/event.ts';
import {
  type Lots,
  type Money,
  parseMoney,
  type Ticks,
  type TimeMs,
} from '../../shared/core/units.ts';
import type { TraderStatus } from '../../shared/operation/trader-status.ts';
import type { Heartbeat } from '../../shared/ports/store.ts';

/** 06:00 UTC. */
export const NOW = (Date.UTC(2026, 0, 5) + 6 * 3_600_000) as TimeMs;
export const DAY = Date.UTC(2026, 0, 5) as TimeMs;

/** Long 1 BTC bought at 50,000 with 20,000 USDT in the wallet. */
export function account(change: Partial<AccountRecord> = {}): AccountRecord {
  return {
    position: 1_000 as Lots,
    cost: parseMoney('50000'),
    walletBalance: parseMoney('20000'),
    realizedPnl: 0 as Money,
    fees: 0 as Money,
    funding: 0 as Money,
    fillCount: 1,
    verifiedTradeId: '',
    lastFundingMs: 0 as TimeMs,
    dayStartMs: DAY,
    dayStartEquity: parseMoney('20000'),
    peakEquity: parseMoney('20000'),
    updatedMs: NOW,
    ...change,
  };
}

export function status(change: Partial<TraderStatus> = {}): Partial<TraderStatus> {
  return {
    symbol: 'BTCUSDT',
    baseAsset: 'BTC',
    tickSize: '0.10',
    lotSize: '0.001',
    markPrice: '50000.00',
    maintenanceRatePpm: 4_000,
    maintenanceCum: '0.00000000',
    fundingRateE8: 10_000,
    nextFundingMs: NOW + 7_200_000,
    ...change,
  };
}

export function heartbeat(timeMs: number, change: Partial<TraderStatus> = {}): Heartbeat {
  const said = status(change) as Heartbeat['status'];
  return { timeMs: timeMs as TimeMs, owner: 'host-1', epoch: 1, mode: 'paper', status: said };
}

/** Ticks of a price in USDT. */
export const ticks = (price: number) => Math.round(price * 10) as Ticks;
