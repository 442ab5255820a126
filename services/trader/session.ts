/**
 * One trading session, from opening the store to the summary: takes the lead, recovers, trades until
 * told to stop, settles. Wires runtime and performer; its parts are given, so it knows no adapter.
 */
import { randomBytes } from 'node:crypto';
import { createJournal, type JournalWriter } from '../../shared/adapters/journal/writer.ts';
import { buildEngine, engineRecipe } from '../../shared/config/build-engine.ts';
import { type EffectiveConfiguration, masked } from '../../shared/config/load.ts';
import { riskLimits } from '../../shared/config/schema.ts';
import { isAfter } from '../../shared/core/account/account-state-store.ts';
import { MarginCalculator } from '../../shared/core/account/margin-calculator.ts';
import { recentTransfers } from '../../shared/core/account/transfer-record.ts';
import type { Command } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import type { RecoveredEvent, Unstamped } from '../../shared/core/event.ts';
import { Instrument, type InstrumentSpec } from '../../shared/core/instrument.ts';
import type { Ticks, TimeMs } from '../../shared/core/units.ts';
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';
import type { AccountSnapshot, ExchangeClient } from '../../shared/ports/exchange.ts';
import type { MarketDataClient } from '../../shared/ports/market-data-client.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { Store } from '../../shared/ports/store.ts';
import { AlertDelivery } from './alert-delivery.ts';
import { type CandleLoader, createCandleLoader } from './candle-loader.ts';
import { CommandPerformer } from './command-performer.ts';
import { ContractWatch } from './contract-watch.ts';
import { Housekeeping } from './housekeeping.ts';
import { Leadership } from './leadership.ts';
import { candleLines, type Presenter } from './presenter.ts';
import { ProcessWatch } from './process-watch.ts';
import { Runtime, type RuntimeObserver } from './runtime.ts';
import { checkAccount, checkCounting, checkExit, checkSize, ScopeError } from './scope.ts';
import { SessionCounters } from './session-counters.ts';
import { noteStart } from './start-count.ts';
import { StoreWriter } from './store-writer.ts';
import { finalSnapshot, type Summary, summarize } from './summary.ts';

export const ENGINE_VERSION = '5';

export interface SessionParts {
  readonly configuration: EffectiveConfiguration;
  readonly clock: Clock;
  readonly store: Store;
  readonly exchange: ExchangeClient;
  /** Called once the instrument is known. */
  readonly createMarketData: (instrument: Instrument) => Promise<MarketDataClient>;
  readonly journalDirectory: string | null;
  readonly presenter: Presenter;
  /** Who gets the alerts. */
  readonly notifiers: readonly Notifier[];
  /** Names this process in the lease. */
  readonly owner: string;
  /** Of which sources it is made. */
  readonly build: string;
  /** True where wall and monotonic clock must agree: not under virtual time. */
  readonly isRealTime: boolean;
  /** How long the event loop stood still since it was asked last; null where time does so with it. */
  readonly loopLagMs: (() => number) | null;
  /** A session that only closes what an operator asks to: it has no strategy, and refuses nothing an exit can do with. */
  readonly isExitOnly?: boolean;
  /** Makes one more who sees everything that passes, once the session leads. */
  readonly observe?: ((view: SessionView) => SessionObserver) | undefined;
}

/** What an observer may read while it watches. */
export interface SessionView {
  readonly engine: Engine;
  readonly margin: MarginCalculator;
  readonly clock: Clock;
}

export interface SessionObserver extends RuntimeObserver {
  /** Nothing more passes. */
  stop(): void;
}

export interface SessionResult {
  /** Null where the session ended before it led. */
  readonly summary: Summary | null;
  /** The account as the exchange told it last; null where it could not be asked. */
  readonly snapshot: AccountSnapshot | null;
  readonly journalFile: string | null;
  /** Why it ended otherwise than asked; null where it did not. */
  readonly failure: string | null;
}

const DRAIN_MAX_MS = 20_000;
const LAST_ALERTS_MAX_MS = 5_000;
const DAY_MS = 86_400_000;
/** Of the last day's fills, as many as any limit counts. */
const RECENT_FILLS_MAX = 1_000;

export class TradingSession {
  readonly #parts: SessionParts;
  readonly #stop = Promise.withResolvers<void>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #counters = new SessionCounters();
  #failure: string | null = null;
  #isStopping = false;
  #isExchangeLost = false;
  #leadership: Leadership | null = null;
  #observer: SessionObserver | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** As Leadership.leaseAgeMs: null while it does not lead. */
  get leaseAgeMs(): number | null {
    return this.#leadership?.leaseAgeMs ?? null;
  }

  /** Ends the session in good order: nothing more opens, what is in flight settles. */
  stop(): void {
    this.#isStopping = true;
    this.#stop.resolve();
  }

  /**
   * As `stop`, for a wish from outside, a signal. Under a shared clock it waits for its turn: were the
   * streams closed at any other moment, the simulator might just be sending what nobody would receive,
   * and time would stand still.
   */
  requestStop(): void {
    this.#parts.clock.after(0, () => this.stop());
  }

  /** Ends the session because something broke; `reason` is shown and makes the result a failure. */
  fail(reason: string, options: { isExchangeLost?: boolean } = {}): void {
    this.#failure ??= reason;
    if (options.isExchangeLost) {
      this.#isExchangeLost = true;
      this.#drained.resolve();
    }
    this.stop();
  }

  async run(): Promise<SessionResult> {
    const { store, clock, presenter, owner, exchange } = this.#parts;
    await clock.busy(store.open());
    const leadership = new Leadership({
      store,
      clock,
      owner,
      onLost: (reason) => this.fail(`no longer the leader: ${reason}`),
    });
    this.#leadership = leadership;
    try {
      const isLeader = await leadership.acquire(
        (other) => this.#say(`another trader leads (${other.owner}): waiting, trading nothing`),
        () => this.#isStopping,
      );
      if (!isLeader) return this.#unled(this.#failure);
      return await this.#lead(leadership);
    } catch (error) {
      if (!(error instanceof ScopeError)) throw error;
      return this.#unled(error.message);
    } finally {
      this.#observer?.stop();
      await exchange.stop();
      await leadership.release().catch((error: Error) => {
        presenter.notify({
          timeMs: clock.now(),
          topic: 'session',
          severity: 'warning',
          text: `the lease could not be given back: ${error.message}`,
        });
      });
      await store.close();
    }
  }

  #unled(failure: string | null): SessionResult {
    return { summary: null, snapshot: null, journalFile: null, failure };
  }

  async #lead(leadership: Leadership): Promise<SessionResult> {
    const {
      configuration,
      clock,
      store,
      exchange,
      presenter,
      build,
      isExitOnly = false,
    } = this.#parts;
    const startedMs = clock.now();
    await exchange.connect();
    const before = await clock.busy(store.heartbeat());
    checkCounting(before, exchange.instrument());
    if (before?.build !== undefined && before.build !== build) {
      this.#say(`this is build ${build}; the last session was of build ${before.build}`);
    }
    const offset = await exchange.clockOffset();
    if (isExitOnly) await checkExit(exchange, configuration.symbol);
    else await checkAccount(exchange, configuration);
    const terms = await exchange.accountTerms();
    const recipe = engineRecipe(configuration, exchange.instrument(), { isExitOnly });
    const marketData = await this.#parts.createMarketData(new Instrument(recipe.instrument));
    const candles = createCandleLoader({
      store,
      exchange,
      clock,
      interval: configuration.interval,
      log: (text) => this.#say(text),
    });
    const engine = buildEngine(recipe);
    const margin = new MarginCalculator(terms.brackets, terms.leverage);
    this.#observer = this.#parts.observe?.({ engine, margin, clock }) ?? null;
    if (!isExitOnly) await this.#checkSize(recipe.instrument);
    const journal = this.#openJournal(clock.now(), {
      configuration: masked(configuration),
      build,
      recipe,
    });
    const writer = new StoreWriter(clock, (status, message) =>
      runtime.post({ kind: 'storeStatus', status, message }),
    );
    const alerts = new AlertDelivery({
      store,
      writer,
      notifiers: this.#parts.notifiers,
      onFailure: (notifier, error) =>
        this.#say(`${notifier} did not take an alert: ${error.message}`),
    });
    const contract = new ContractWatch({
      clock,
      exchange,
      post: (fact) => runtime.post(fact),
      isHeld: () => engine.gate.holds.has('notTrading') || engine.gate.holds.has('contractChanged'),
    });
    const performer = new CommandPerformer({
      clock,
      exchange,
      store,
      writer,
      leadership,
      candles,
      contract,
      post: (fact) => runtime.post(fact),
      onNotify: (command) => this.#notify(command, { writer, alerts }),
      onDrained: () => this.#drained.resolve(),
      onFailure: (error) => this.#broke(error, writer),
    });
    const observers = [this.#counters, candleLines(this.#parts.presenter, engine)];
    const runtime = new Runtime({
      engine,
      clock,
      journal,
      perform: (command) => performer.perform(command),
      observers: [...observers, ...(this.#observer ? [this.#observer] : [])],
      onFailure: (error) => this.#broke(error, writer),
    });
    const starts = await this.#noteStart(leadership.epoch);
    const watch = new ProcessWatch({
      ...this.#parts,
      limits: recipe.limits,
      post: (fact) => runtime.post(fact),
      onStandstill: (reason) => this.fail(reason),
    });
    const housekeeping = new Housekeeping({
      ...this.#parts,
      watch,
      contract,
      starts,
      engine,
      writer,
      leadership,
      alerts,
      margin,
      post: (fact) => runtime.post(fact),
      onSuspended: (reason) => this.fail(reason),
    });

    runtime.post({ kind: 'instrument', spec: recipe.instrument });
    runtime.post({ kind: 'contractStatus', ...exchange.contractStatus() });
    runtime.post({ kind: 'accountTerms', ...terms });
    runtime.post({ kind: 'clock', ...offset });
    await this.#warmUp(engine, candles, runtime);
    runtime.post(await this.#recover(leadership.epoch, starts.length));
    await exchange.startUserStream({ onUser: (fact) => runtime.post(userFact(fact)) });
    await marketData.start({ onMarket: (fact) => runtime.post(fact) });
    housekeeping.start();
    const timer = this.#startDuration();

    await this.#stop.promise;
    timer?.cancel();
    await this.#drain(runtime);
    this.#sayPosition(engine);
    housekeeping.stop();
    await marketData.stop();
    const final = this.#isExchangeLost
      ? { snapshot: null, reconciled: false }
      : await finalSnapshot(engine, exchange, clock);
    performer.stop();
    if (this.#failure === null && !writer.isDown) await housekeeping.endWell();
    if (writer.isDown) writer.abandon();
    await writer.settled();
    await this.#sendLastAlerts(alerts);
    runtime.stop();
    await journal?.close();
    const summary = summarize({
      ...configuration,
      startedMs,
      endedMs: clock.now(),
      engine,
      counters: this.#counters,
      market: marketData.stats(),
      final,
    });
    presenter.notify({ timeMs: clock.now(), topic: 'session', severity: 'info', text: 'stopped' });
    const journalFile = journal?.file ?? null;
    return { summary, snapshot: final.snapshot, journalFile, failure: this.#failure };
  }

  /** The last minute's close prices a size given as notional or share of equity. */
  async #checkSize(spec: InstrumentSpec): Promise<void> {
    const { configuration, exchange } = this.#parts;
    const { walletBalance } = await exchange.accountSnapshot();
    const [minute] = await exchange.candles('1m', 1);
    checkSize(configuration.size, spec, {
      equity: walletBalance,
      price: Math.floor((minute?.close ?? 0) / 2) as Ticks,
      limits: riskLimits(configuration),
    });
  }

  async #warmUp(engine: Engine, candles: CandleLoader, runtime: Runtime): Promise<void> {
    const loaded = await candles.load(engine.strategies.warmUpCandles);
    runtime.post({ kind: 'candleHistory', candles: loaded });
  }

  #noteStart(epoch: number): Promise<readonly TimeMs[]> {
    const { store, clock, owner, build, configuration } = this.#parts;
    const { mode } = configuration;
    return clock.busy(noteStart(store, { nowMs: clock.now(), owner, epoch, mode, build }));
  }

  async #recover(epoch: number, recentStarts: number): Promise<Unstamped<RecoveredEvent>> {
    const { store, clock } = this.#parts;
    const account = await clock.busy(store.account());
    const fills = account ? await clock.busy(store.fills()) : [];
    const payments = account ? await clock.busy(store.payments()) : [];
    return {
      kind: 'recovered',
      epoch,
      tradingState: await clock.busy(store.tradingState()),
      account,
      decision: await clock.busy(store.decision()),
      orders: await clock.busy(store.openOrders()),
      recentTradeIds: fills
        .map((fill) => fill.tradeId)
        .filter((id) => isAfter(id, account?.verifiedTradeId ?? '')),
      recentTransfers: recentTransfers(payments, account?.transfersVerifiedMs ?? (0 as TimeMs)),
      recentFills: fills
        .filter((fill) => fill.exchangeMs > clock.now() - DAY_MS)
        .slice(-RECENT_FILLS_MAX),
      recentStarts,
    };
  }

  async #drain(runtime: Runtime): Promise<void> {
    const { configuration, clock } = this.#parts;
    this.#say('stopping: nothing more opens, what is in flight settles');
    runtime.post({ kind: 'drain', flatten: configuration.flattenOnExit });
    const limit = Promise.withResolvers<void>();
    const timer = clock.after(DRAIN_MAX_MS, () => limit.resolve());
    await Promise.race([this.#drained.promise, limit.promise]);
    timer.cancel();
  }

  /** What is in the outbox may go out before the process does, where that is quick; else the next session sends it. */
  async #sendLastAlerts(alerts: AlertDelivery): Promise<void> {
    const { clock, isRealTime } = this.#parts;
    if (!isRealTime) return;
    const limit = Promise.withResolvers<void>();
    const timer = clock.after(LAST_ALERTS_MAX_MS, () => limit.resolve());
    await Promise.race([alerts.run(), limit.promise]).finally(() => timer.cancel());
  }

  /** Whoever stops a trader must not believe that its position is gone, or guarded. */
  #sayPosition(engine: Engine): void {
    const { position } = engine.account;
    if (position === 0) return;
    const { presenter, clock } = this.#parts;
    const held = `${engine.instrument.formatQuantity(position)} ${engine.instrument.spec.baseAsset}`;
    const stop = engine.stopPrice;
    const guard =
      stop === null ? 'with no stop' : `with a stop at ${engine.instrument.formatPrice(stop)}`;
    const text = `position ${held} stays open, ${guard} at the exchange`;
    const severity = stop === null ? 'warning' : 'notice';
    presenter.notify({ timeMs: clock.now(), topic: 'session', severity, text });
  }

  #startDuration(): TimerHandle | null {
    const { configuration, clock } = this.#parts;
    if (configuration.duration === null) return null;
    return clock.after(configuration.duration, () => this.stop());
  }

  #openJournal(nowMs: number, header: Record<string, unknown>): JournalWriter | null {
    const { journalDirectory } = this.#parts;
    if (journalDirectory === null) return null;
    return createJournal({
      directory: journalDirectory,
      header: {
        sessionId: `${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}-${randomBytes(3).toString('hex')}`,
        engineVersion: ENGINE_VERSION,
        configuration: header,
      },
    });
  }

  /** News is shown at once; an alert goes through the outbox, or past it while the store is down. */
  #notify(
    { topic, severity, key, text }: Extract<Command, { kind: 'notify' }>,
    { writer, alerts }: { writer: StoreWriter; alerts: AlertDelivery },
  ): void {
    const { presenter, store, clock } = this.#parts;
    const item = { key, topic, severity, text, timeMs: clock.now() };
    // The answer to whoever changed the trading state, perhaps from afar: an alert, whatever it became.
    const isNews = (severity === 'info' || severity === 'notice') && topic !== 'state';
    if (isNews || writer.isDown) presenter.notify(item);
    if (isNews) return;
    writer
      .persist(() => store.addNotification(item))
      .then(() => alerts.run())
      .catch((error: Error) => this.fail(`an alert could not be kept: ${error.message}`));
  }

  /** Something that must never happen did: halt on record, tell, end. */
  #broke(error: Error, writer: StoreWriter): void {
    const { store } = this.#parts;
    const halt = async () => {
      const before = await store.tradingState();
      await store.setTradingState({
        state: 'halted',
        reason: error.message,
        by: 'plimsoll',
        sinceMs: this.#parts.clock.now(),
        version: before.version + 1,
      });
    };
    writer
      .once(halt)
      .catch((cause: Error) => this.#say(`the halt is not on record: ${cause.message}`));
    this.#drained.resolve();
    this.fail(`internal error, trading is halted: ${error.stack ?? error.message}`);
  }

  #say(text: string): void {
    const { presenter, clock } = this.#parts;
    presenter.notify({ timeMs: clock.now(), topic: 'session', severity: 'info', text });
  }
}

/** The exchange port's facts as engine facts. */
function userFact(fact: Parameters<Parameters<ExchangeClient['startUserStream']>[0]['onUser']>[0]) {
  if (fact.kind === 'orderReport') return { ...fact, source: 'stream' as const };
  if (fact.kind === 'fill') return { ...fact, source: 'stream' as const };
  return fact;
}
