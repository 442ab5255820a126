/**
 * What a session came to, beside what the exchange itself says. Holds nothing that differs between
 * two runs of the same market: no path, no wall-clock time.
 */
import type { Engine } from '../../shared/core/engine.ts';
import { formatMoney } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import {
  type AccountSnapshot,
  type ExchangeClient,
  ExchangeError,
} from '../../shared/ports/exchange.ts';
import type { MarketDataStats } from '../../shared/ports/market-data-client.ts';
import type { SessionCounters } from './session-counters.ts';

export interface Summary {
  readonly mode: string;
  readonly symbol: string;
  readonly strategy: string;
  readonly interval: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly events: number;
  readonly frames: number;
  readonly books: number;
  readonly candles: number;
  readonly signals: number;
  readonly intents: number;
  readonly ordersPlaced: number;
  readonly fills: number;
  readonly position: string;
  /** Price of the stop at the exchange that covers the position; null where none does. */
  readonly stopPrice: string | null;
  readonly walletBalance: string;
  readonly equity: string | null;
  readonly realizedPnl: string;
  readonly fees: string;
  readonly funding: string;
  readonly tradingState: string;
  /** Orders whose outcome is still being looked for. */
  readonly unknownOrders: number;
  readonly bookChecks: number;
  readonly bookMismatches: number;
  readonly resyncs: number;
  /** Null where the exchange could not be asked. */
  readonly exchange: {
    readonly position: string;
    readonly walletBalance: string;
    readonly openOrders: number;
  } | null;
  /** True only if position, open orders and wallet equal the exchange's own, exactly. */
  readonly reconciled: boolean;
}

const READS_MAX = 5;
const READ_AGAIN_MS = 1_000;

/** Reads the exchange's account once more; again, a few times, where it differs from ours or cannot be read. */
export async function finalSnapshot(
  engine: Engine,
  exchange: ExchangeClient,
  clock: Clock,
): Promise<{ snapshot: AccountSnapshot | null; reconciled: boolean }> {
  let snapshot: AccountSnapshot | null = null;
  for (let i = 0; i < READS_MAX; i++) {
    if (i > 0) await new Promise<void>((resolve) => clock.after(READ_AGAIN_MS, resolve));
    try {
      snapshot = await exchange.accountSnapshot();
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      continue;
    }
    if (isEqual(engine, snapshot)) return { snapshot, reconciled: true };
  }
  return { snapshot, reconciled: false };
}

function isEqual(engine: Engine, snapshot: AccountSnapshot): boolean {
  if (!engine.account.isKnown) return false;
  const { position, walletBalance } = engine.account.record;
  const ours = engine.orders.unsettled
    .filter(({ state }) => state === 'open' || state === 'partiallyFilled')
    .map((order) => order.intent.request.clientOrderId)
    .sort();
  const theirs = snapshot.openOrders.map((order) => order.clientOrderId).sort();
  return (
    snapshot.position === position &&
    snapshot.walletBalance === walletBalance &&
    ours.length === theirs.length &&
    ours.every((id, i) => id === theirs[i])
  );
}

export function summarize(input: {
  mode: string;
  symbol: string;
  strategy: string;
  interval: string;
  startedMs: number;
  endedMs: number;
  engine: Engine;
  counters: SessionCounters;
  market: MarketDataStats;
  final: { snapshot: AccountSnapshot | null; reconciled: boolean };
}): Summary {
  const { engine, counters, market, final } = input;
  const { instrument } = engine;
  const account = engine.account.isKnown ? engine.account.record : null;
  const money = (value: number | undefined) => formatMoney((value ?? 0) as never);
  return {
    mode: input.mode,
    symbol: input.symbol,
    strategy: input.strategy,
    interval: input.interval,
    startedMs: input.startedMs,
    endedMs: input.endedMs,
    events: counters.events,
    frames: market.frames,
    books: counters.books,
    candles: counters.candles,
    signals: counters.signals,
    intents: counters.intents,
    ordersPlaced: counters.ordersPlaced,
    fills: counters.fills,
    position: instrument.formatQuantity(engine.account.position),
    stopPrice: engine.stopPrice === null ? null : instrument.formatPrice(engine.stopPrice),
    walletBalance: money(account?.walletBalance),
    equity: engine.equity === null ? null : money(engine.equity),
    realizedPnl: money(account?.realizedPnl),
    fees: money(account?.fees),
    funding: money(account?.funding),
    tradingState: engine.gate.state,
    unknownOrders: engine.orders.unsettled.filter(
      ({ state }) => state === 'unknown' || state === 'presumedAbsent',
    ).length,
    bookChecks: market.bookChecks,
    bookMismatches: market.bookMismatches,
    resyncs: market.resyncs,
    exchange: final.snapshot && {
      position: instrument.formatQuantity(final.snapshot.position),
      walletBalance: money(final.snapshot.walletBalance),
      openOrders: final.snapshot.openOrders.length,
    },
    reconciled: final.reconciled,
  };
}
