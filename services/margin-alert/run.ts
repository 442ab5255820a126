/**
 * What one event makes the margin alert do: look at the trader from outside, tell what has become
 * dangerous, and deliver alerts where the trader does not. The trader's own checks run beside it, so that
 * one of them dying does not blind the other.
 */
import type { AccountRecord } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { displayMoney, type Money, type TimeMs } from '../../shared/core/units.ts';
import { guardedRun } from '../../shared/operation/guarded-run.ts';
import {
  shownInstrument,
  type TraderStatus,
  traderStatus,
} from '../../shared/operation/trader-status.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { OutboxItem, Store } from '../../shared/ports/store.ts';
import { QUIET, step, type WatchState } from './levels.ts';
import { dayStartOf, type MarkPrice, type Measures, measure, startOfDay } from './measure.ts';
import { deliverForTrader, type Taken } from './outbox.ts';
import { type Sight, WATCHES, type WatchName } from './watches.ts';

export interface MarginAlertServices {
  readonly store: Store;
  readonly control: ControlStore;
  readonly clock: Clock;
  /** The exchange's own mark price; null where it cannot be asked. */
  readonly markPrice: (instrument: Instrument) => Promise<MarkPrice | null>;
  readonly channels: () => Promise<readonly Notifier[]>;
  readonly log: (entry: Readonly<Record<string, unknown>>) => void;
}

export interface MarginAlertEvent {
  /** The same each time one event is delivered. */
  readonly id: string;
  readonly timeLimitMs: number;
}

interface Kept {
  readonly watches: Readonly<Partial<Record<WatchName, WatchState>>>;
  /** The funding last warned of. */
  readonly fundingToldMs: TimeMs | null;
  /** Equity when this UTC day was first seen, for a day whose start the trader missed. */
  readonly day: { readonly startMs: TimeMs; readonly equity: Money } | null;
  readonly taken: Taken;
}

export type RunResult =
  | {
      readonly outcome: 'watched';
      readonly heartbeatAgeMs: number;
      readonly measures: Measures | null;
      readonly markSource: MarkPrice['source'] | null;
      readonly told: readonly string[];
      readonly delivered: number;
      readonly failures: Readonly<Record<string, string>>;
    }
  /** No trader has run yet. */
  | { readonly outcome: 'nothingToWatch' }
  | { readonly outcome: 'duplicate' | 'busy' | 'overtaken' };

const NOTE = 'margin-alert';
const INITIAL: Kept = { watches: {}, fundingToldMs: null, day: null, taken: {} };
const FUNDING_SOON_MS = 30 * 60_000;
/** A payment below a thousandth of equity is no news. */
const FUNDING_COST_MIN_PPM = 1_000;

/** Throws StoreUnavailableError and TimeLimitError: the event may then be delivered again. */
export async function runMarginAlert(
  services: MarginAlertServices,
  { id, timeLimitMs }: MarginAlertEvent,
): Promise<RunResult> {
  const { control, clock, log } = services;
  const startedMs = clock.monotonicMs();
  const options = { name: NOTE, eventId: id, timeLimitMs, clock };
  const run = await guardedRun<Kept, RunResult>(control, options, (kept, runs) =>
    watchOnce(services, kept ?? INITIAL, runs),
  );
  const result: RunResult = run.kind === 'done' ? run.result : { outcome: run.kind };
  log({ event: 'watched', id, tookMs: Math.round(clock.monotonicMs() - startedMs), ...result });
  return result;
}

async function watchOnce(
  services: MarginAlertServices,
  kept: Kept,
  runs: number,
): Promise<{ state: Kept; result: RunResult }> {
  const { store, clock, channels } = services;
  const [heartbeat, account] = await Promise.all([store.heartbeat(), store.account()]);
  if (!heartbeat) return { state: kept, result: { outcome: 'nothingToWatch' } };
  const nowMs = clock.now();
  const heartbeatAgeMs = Math.max(0, nowMs - heartbeat.timeMs);
  const seen = await look(services, { account, status: traderStatus(heartbeat), kept, nowMs });

  const sight: Sight = { heartbeatAgeMs, ...seen };
  const { watches, alerts } = judge(sight, kept, nowMs);
  const funding = fundingAlert(sight, kept, nowMs);
  for (const { name, ...alert } of [...alerts, ...funding]) {
    // The same in every attempt at this run, so that it is told once.
    await store.addNotification({ ...alert, key: `margin-alert-${name}-${runs}`, timeMs: nowMs });
  }
  const isTraderGone = watches.heartbeat !== undefined && watches.heartbeat.level > 0;
  const { taken, delivered, failures } = await deliverForTrader(store, await channels(), {
    isTraderGone,
    taken: kept.taken,
    nowMs,
  });
  const nextFundingMs = seen?.markPrice.nextFundingMs ?? null;
  return {
    state: {
      watches,
      fundingToldMs: funding.length > 0 ? nextFundingMs : kept.fundingToldMs,
      day: seen ? seen.day : kept.day,
      taken,
    },
    result: {
      outcome: 'watched',
      heartbeatAgeMs,
      measures: seen?.measures ?? null,
      markSource: seen?.markPrice.source ?? null,
      told: [...alerts, ...funding].map(({ name }) => name),
      delivered,
      failures,
    },
  };
}

/** Null where there is no account yet, or no mark price from anybody. */
async function look(
  { markPrice: ask }: MarginAlertServices,
  of: {
    account: AccountRecord | null;
    status: Partial<TraderStatus>;
    kept: Kept;
    nowMs: TimeMs;
  },
) {
  const { account, status, kept, nowMs } = of;
  const instrument = shownInstrument(status);
  if (!account || !instrument) return null;
  const markPrice = (await ask(instrument)) ?? traderMark(status, instrument);
  if (!markPrice) return null;
  const startMs = startOfDay(nowMs);
  const measured = (dayStartEquity: Money | null) =>
    measure(account, status, markPrice, { instrument, dayStartEquity });
  const seenEquity = kept.day?.startMs === startMs ? kept.day.equity : measured(null).equity;
  return {
    markPrice,
    instrument,
    measures: measured(dayStartOf(account, nowMs) ?? seenEquity),
    day: { startMs, equity: seenEquity },
  };
}

/** The trader's own price, where nobody else's is to be had. */
function traderMark(status: Partial<TraderStatus>, instrument: Instrument): MarkPrice | null {
  if (typeof status.markPrice !== 'string') return null;
  return {
    mark: instrument.parsePriceNearest(status.markPrice),
    source: 'trader',
    fundingRateE8: status.fundingRateE8 ?? null,
    nextFundingMs: (status.nextFundingMs ?? null) as TimeMs | null,
  };
}

type Alert = Pick<OutboxItem, 'topic' | 'severity' | 'text'> & { readonly name: string };

function judge(sight: Sight, kept: Kept, nowMs: TimeMs) {
  const watches: Partial<Record<WatchName, WatchState>> = {};
  const alerts: Alert[] = [];
  for (const [name, watch] of Object.entries(WATCHES) as [
    WatchName,
    (typeof WATCHES)[WatchName],
  ][]) {
    const { state, news } = step(watch, kept.watches[name] ?? QUIET, watch.value(sight), nowMs);
    watches[name] = state;
    if (!news) continue;
    const { topic } = watch;
    const text = news.kind === 'cleared' ? watch.cleared : watch.text(sight);
    const isWorst = news.kind === 'crossed' && news.level === watch.levels.length;
    const severity = news.kind === 'cleared' ? 'notice' : isWorst ? 'critical' : 'warning';
    alerts.push({ name: `${name}-${news.kind}`, topic, severity, text });
  }
  return { watches, alerts };
}

/** Once a payment, where it is soon and costs something. */
function fundingAlert({ measures, markPrice }: Sight, kept: Kept, nowMs: TimeMs): Alert[] {
  const cost = measures?.fundingCost ?? null;
  const dueMs = markPrice?.nextFundingMs ?? null;
  if (!measures || cost === null || dueMs === null || dueMs === kept.fundingToldMs) return [];
  const isSoon = dueMs > nowMs && dueMs - nowMs <= FUNDING_SOON_MS;
  if (!isSoon || cost * 1_000_000 < measures.equity * FUNDING_COST_MIN_PPM) return [];
  const minutes = Math.ceil((dueMs - nowMs) / 60_000);
  const text = `Funding of ${displayMoney(cost)} USDT is due in ${minutes} min: ${((cost / measures.equity) * 100).toFixed(2)} % of equity.`;
  return [{ name: 'funding', topic: 'account', severity: 'warning', text }];
}
