/** Tells CloudWatch once a minute how a session stands: the trader's part of METRICS. */
import type { MetricWriter } from '../../shared/adapters/metrics/emf.ts';
import type { MetricKey } from '../../shared/config/deployment.ts';
import type { Command } from '../../shared/core/command.ts';
import type { Event, TradingState } from '../../shared/core/event.ts';
import { MONEY_PER_USDT } from '../../shared/core/units.ts';
import type { TimerHandle } from '../../shared/ports/clock.ts';
import type { SessionObserver, SessionView } from './session.ts';
import { marginOf, RATIO_PPM_MAX } from './status.ts';

const EVERY_MS = 60_000;
const STATES: Readonly<Record<TradingState, number>> = { active: 0, reducing: 1, halted: 2 };
const UNKNOWN: ReadonlySet<string> = new Set(['unknown', 'presumedAbsent']);

export class MetricsObserver implements SessionObserver {
  readonly #view: SessionView;
  readonly #write: MetricWriter<MetricKey>;
  #timer: TimerHandle;
  /** Receipt of the frame that decided, by order that has not been sent yet. */
  readonly #decidedMs = new Map<string, number>();
  #ticksToOrders: number[] = [];
  #eventMs = 0;
  /** When the user stream was last up, and the session's start before it was. */
  #userStreamMs: number;
  readonly #startedMs: number;

  constructor(view: SessionView, write: MetricWriter<MetricKey>) {
    this.#view = view;
    this.#write = write;
    this.#startedMs = view.clock.now();
    this.#userStreamMs = this.#startedMs;
    this.#timer = this.#schedule();
  }

  onEvent(event: Event): void {
    this.#eventMs = event.timeMs;
    if (event.kind === 'intentRefused') this.#decidedMs.delete(event.clientOrderId);
    // Its own pings take it down within seconds of a silence: up, it lives.
    if (this.#view.engine.market.feeds.user.status === 'up') this.#userStreamMs = event.timeMs;
  }

  onCommand(command: Command): void {
    if (command.kind === 'recordIntent') {
      this.#decidedMs.set(command.intent.request.clientOrderId, this.#eventMs);
    }
    if (command.kind !== 'placeOrder') return;
    const { clientOrderId } = command.intent.request;
    const decidedMs = this.#decidedMs.get(clientOrderId);
    this.#decidedMs.delete(clientOrderId);
    if (decidedMs !== undefined) this.#ticksToOrders.push(this.#view.clock.now() - decidedMs);
  }

  stop(): void {
    this.#timer.cancel();
    this.#tell();
  }

  #schedule(): TimerHandle {
    return this.#view.clock.after(EVERY_MS, () => {
      this.#tell();
      this.#timer = this.#schedule();
    });
  }

  #tell(): void {
    const { engine, clock } = this.#view;
    const { account, market, gate, equity } = engine;
    const nowMs = clock.now();
    const ticksToOrders = this.#ticksToOrders;
    this.#ticksToOrders = [];
    const dayStart = account.isKnown ? account.record.dayStartEquity : 0;
    const margin = account.isKnown ? marginOf(engine, this.#view.margin) : null;
    const marketMs = Math.min(
      market.book?.timeMs ?? this.#startedMs,
      market.markPrice?.timeMs ?? this.#startedMs,
    );
    this.#write(nowMs, {
      equity: equity === null ? null : equity / MONEY_PER_USDT,
      dayReturn: equity === null || dayStart <= 0 ? null : (equity / dayStart - 1) * 100,
      position: account.isKnown ? Number(engine.instrument.formatQuantity(account.position)) : null,
      // Beyond liquidation the ratio is infinite, which no metric can be.
      marginRatio: margin === null ? null : Math.min(margin.ratioPpm, RATIO_PPM_MAX) / 10_000,
      tradingState: STATES[gate.state],
      unknownOrders: engine.orders.unsettled.filter(({ state }) => UNKNOWN.has(state)).length,
      tickToOrder: ticksToOrders,
      marketAge: nowMs - marketMs,
      userStreamAge: nowMs - this.#userStreamMs,
    });
  }
}
