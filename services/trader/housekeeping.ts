/**
 * What a session does every second beside trading: looks for the operator's wishes in the store, writes
 * its heartbeat now and then, watches the clocks.
 */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import type { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import type { Engine } from '../../shared/core/engine.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import {
  type OperatorRequest,
  type OutboxItem,
  type Store,
  StoreUnavailableError,
} from '../../shared/ports/store.ts';
import type { AlertDelivery } from './alert-delivery.ts';
import type { ContractWatch } from './contract-watch.ts';
import type { Leadership } from './leadership.ts';
import type { ProcessWatch } from './process-watch.ts';
import type { Fact } from './runtime.ts';
import { statusOf } from './status.ts';
import type { StoreWriter } from './store-writer.ts';

export interface HousekeepingOptions {
  readonly configuration: EffectiveConfiguration;
  readonly clock: Clock;
  readonly store: Store;
  readonly exchange: ExchangeClient;
  readonly engine: Engine;
  readonly writer: StoreWriter;
  readonly leadership: Leadership;
  readonly alerts: AlertDelivery;
  readonly owner: string;
  readonly build: string;
  /** The account's terms, for what the heartbeat says of margin. */
  readonly margin: MarginCalculator;
  readonly isRealTime: boolean;
  readonly watch: ProcessWatch;
  readonly contract: ContractWatch;
  /** This start and those before it, for the next session to count. */
  readonly starts: readonly TimeMs[];
  readonly post: (fact: Fact) => void;
  /** The host was suspended or its clock was set: this process must step down. */
  readonly onSuspended: (reason: string) => void;
}

const POLL_MS = 1_000;
/** Every write is paid for: one a second would be half of what a store in DynamoDB costs. */
const HEARTBEAT_EVERY_MS = 5_000;
const CLOCK_EVERY_MS = 60_000;
/** A flatten may be on record before the session starts: so long it waits for a book to take its price from. */
const BOOK_WITHIN_MS = 3_000;
/** Wall and monotonic clock may part by so much between two looks. */
const CLOCKS_APART_MAX_MS = 250;

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  #timer: TimerHandle | null = null;
  #isStopped = false;
  /** Requests handed to the engine in this session. */
  readonly #obeyed = new Set<string>();
  #clocks: { wallMs: number; monotonicMs: number } | null = null;
  #clockReadMs: number;
  #startedMs = 0;
  #beatMs: number | null = null;
  /** What is read now and then. Where it is not time, null: most seconds have nothing to await. */
  readonly #looks: readonly (() => Promise<void> | null)[];

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#clockReadMs = options.clock.monotonicMs();
    const { watch, contract } = options;
    this.#looks = [() => this.#lookAtClock(), () => watch.lookAtSettings(), () => contract.look()];
  }

  start(): void {
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** The session has ended in good order: its start is none of a crash loop. */
  async endWell(): Promise<void> {
    const { store, writer } = this.#options;
    try {
      await writer.read(() => store.saveHeartbeat({ ...this.#heartbeat(), starts: [] }));
    } catch (error) {
      // The start then counts as one that ended badly: the strict side.
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.after(POLL_MS, () => {
      this.#watchClocks();
      this.#options.watch.lookAtLoop();
      this.#poll().then(
        () => this.#schedule(),
        (error: Error) => this.#options.onSuspended(`housekeeping failed: ${error.message}`),
      );
    });
  }

  async #poll(): Promise<void> {
    const { store, writer, engine, alerts, post } = this.#options;
    try {
      const state = await writer.read(() => store.tradingState());
      if (state.version > engine.gate.record.version) post({ kind: 'tradingState', record: state });
      const requests = this.#isAwaitingBook
        ? []
        : await writer.read(() => store.operatorRequests());
      if (requests.length > 0) await this.#obey(requests);
      if (this.#isBeatDue) await this.#beat();
    } catch (error) {
      // The writer has posted that the store is down; the next look may find it up.
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    // Not awaited: a notifier may be slow, and a halt must be seen within two seconds.
    alerts.run().catch((error: Error) => this.#options.onSuspended(`alerts: ${error.message}`));
    for (const look of this.#looks) {
      const reading = look();
      if (reading !== null) await reading;
    }
  }

  /** A flatten stays on record until the account is flat: one that a crash interrupts is taken up again. */
  async #obey(requests: readonly OperatorRequest[]): Promise<void> {
    const { store, writer, engine, post } = this.#options;
    for (const { action, by, id } of requests) {
      if (!this.#obeyed.has(id)) post({ kind: 'operator', action, by, id });
      this.#obeyed.add(id);
      const isFlat = engine.account.isKnown && engine.account.position === 0;
      if (isFlat && engine.orders.unsettledCount === 0) {
        await writer.read(() => store.addNotification(this.#done(by, id)));
        await writer.read(() => store.operatorRequestDone(id));
      }
    }
  }

  /** Without a book a flatten goes to market at once; just after the start one is about to come. */
  get #isAwaitingBook(): boolean {
    const { clock, engine } = this.#options;
    const isYoung = clock.monotonicMs() - this.#startedMs < BOOK_WITHIN_MS;
    return isYoung && engine.gate.holds.has('bookDown');
  }

  /** Whoever asked, perhaps from afar, is told once. */
  #done(by: string, id: string): Omit<OutboxItem, 'id'> {
    const text = `flatten asked for by ${by} is done: no position, no open order`;
    const timeMs = this.#options.clock.now();
    return { key: `done-${id}`, topic: 'state', severity: 'notice', text, timeMs };
  }

  get #isBeatDue(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#beatMs === null || nowMs - this.#beatMs >= HEARTBEAT_EVERY_MS;
  }

  async #beat(): Promise<void> {
    const { clock, store, writer } = this.#options;
    const nowMs = clock.monotonicMs();
    await writer.read(() => store.saveHeartbeat(this.#heartbeat()));
    this.#beatMs = nowMs;
  }

  #lookAtClock(): Promise<void> | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#clockReadMs < CLOCK_EVERY_MS) return null;
    this.#clockReadMs = nowMs;
    return this.#readClock();
  }

  async #readClock(): Promise<void> {
    const { exchange, post } = this.#options;
    try {
      post({ kind: 'clock', ...(await exchange.clockOffset()) });
    } catch (error) {
      // The last estimate stays; the streams' own silence shows a lost exchange.
      if (!(error instanceof ExchangeError)) throw error;
    }
  }

  #watchClocks(): void {
    const { clock, isRealTime, onSuspended } = this.#options;
    if (!isRealTime) return;
    const now = { wallMs: clock.now(), monotonicMs: clock.monotonicMs() };
    const before = this.#clocks ?? now;
    this.#clocks = now;
    const apartMs = now.wallMs - before.wallMs - (now.monotonicMs - before.monotonicMs);
    if (Math.abs(apartMs) > CLOCKS_APART_MAX_MS) {
      onSuspended(
        `wall clock and monotonic clock parted by ${Math.round(apartMs)} ms: stepping down`,
      );
    }
  }

  #heartbeat() {
    const { clock, owner, build, leadership, configuration, engine, margin, starts } =
      this.#options;
    return {
      timeMs: clock.now(),
      owner,
      epoch: leadership.epoch,
      mode: configuration.mode,
      build,
      status: statusOf(engine, configuration, margin),
      starts,
    };
  }
}
