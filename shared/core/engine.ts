/**
 * The trading engine: one event in, zero or more commands out, nothing else.
 *
 * `step` is synchronous, reads no clock, does no I/O, and never throws for anything the exchange or
 * the market can do; it throws only when an invariant is broken, and the runtime then halts trading.
 * The same events therefore always give the same commands.
 */
import { AccountStateStore } from './account/account-state-store.ts';
import { LossWatch } from './account/loss-watch.ts';
import { MarginCalculator } from './account/margin-calculator.ts';
import { Settlement } from './account/settlement.ts';
import type { Outbox } from './command.ts';
import type {
  AccountRecord,
  BookEvent,
  CandleEvent,
  DecisionRecord,
  DrainEvent,
  Event,
  FeedStatusEvent,
  MarkPriceEvent,
  RecoveredEvent,
  TimerEvent,
  TradingState,
} from './event.ts';
import { Instrument, type InstrumentSpec } from './instrument.ts';
import type { Candle, MidPriceCandle } from './market/candle.ts';
import { CandleAggregator } from './market/candle-aggregator.ts';
import { MarketState } from './market/market-state.ts';
import { NotificationCenter } from './notification/notification-center.ts';
import type { Sizing } from './strategy/sizing.ts';
import type { Strategy } from './strategy/strategy.ts';
import {
  type DecisionBasis,
  StrategyManager,
  type StrategySignal,
} from './strategy/strategy-manager.ts';
import { type ExecutionSettings, executionStyle } from './trading/execution/execution-style.ts';
import { QuoteKeeper } from './trading/execution/quote-keeper.ts';
import type { OrderRecord } from './trading/order.ts';
import { OrderExecutor, type OrderExecutorSettings } from './trading/order-executor.ts';
import { OrderStore } from './trading/order-store.ts';
import { OrderSubmission } from './trading/order-submission.ts';
import { PositionGuard } from './trading/position-guard.ts';
import { RiskActivity } from './trading/risk-activity.ts';
import type { RiskLimits } from './trading/risk-limits.ts';
import { RiskManager, type RiskReason } from './trading/risk-manager.ts';
import { RiskWatch } from './trading/risk-watch.ts';
import { TradeExecutor } from './trading/trade-executor.ts';
import { Trader } from './trading/trader.ts';
import { TradingGate } from './trading/trading-gate.ts';
import {
  broken,
  type HalfTicks,
  type Money,
  type Ticks,
  type TimeMs,
  unreachable,
} from './units.ts';

export interface EngineSettings {
  readonly intervalMs: number;
  /** How long after an interval's end, by exchange time, its candle is closed without a further book. */
  readonly candleGraceMs: number;
  readonly reconcileEveryMs: number;
  readonly limits: RiskLimits;
  readonly orders: OrderExecutorSettings;
  /** Distance of the protective stop from the entry price, in ppm of it; null for positions without a stop. */
  readonly stopDistancePpm: number | null;
  readonly strategies: readonly { readonly strategy: Strategy; readonly sizing: Sizing }[];
  /** How the strategies' trades meet the book; absent: through the touch, at once. */
  readonly execution?: ExecutionSettings;
  /** Says nothing to anybody, for runs that nobody watches. Decides the same. */
  readonly isQuiet?: boolean;
}

type SeldomEvent = Exclude<Event, BookEvent | CandleEvent | MarkPriceEvent | TimerEvent>;

const TICK_MS = 1_000;
/** Binance: a reduce-only order where there is nothing for it to reduce. The position is not what we believe. */
const REDUCES_NOTHING = -2022;
/** Who the engine is where it changes the trading state. */
const SELF = 'plimsoll';

export class Engine {
  readonly market = new MarketState();
  readonly account = new AccountStateStore();
  readonly orders = new OrderStore();
  readonly gate = new TradingGate();
  readonly strategies: StrategyManager;
  readonly tradeExecutor = new TradeExecutor();
  readonly #settings: EngineSettings;
  readonly #candles: CandleAggregator;
  readonly #orderExecutor: OrderExecutor;
  readonly #submission: OrderSubmission;
  readonly #guard: PositionGuard | null;
  readonly #quotes: QuoteKeeper;
  readonly #trader: Trader;
  readonly #activity = new RiskActivity();
  readonly #settlement: Settlement;
  readonly #losses: LossWatch;
  readonly #watcher: RiskWatch;
  readonly #notifications: NotificationCenter;
  #now = 0 as TimeMs;
  #sequence = 0;
  #instrument: Instrument | null = null;
  #margin: MarginCalculator | null = null;
  #isRecovered = false;
  #candleTimerMs = 0;
  #drain: DrainEvent | null = null;
  #isDrained = false;
  readonly #basis = (): DecisionBasis => ({
    equity: this.equity ?? broken('a signal without equity'),
    instrument: this.instrument,
    nowMs: this.#now,
  });

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.#notifications = new NotificationCenter(settings.isQuiet);
    this.#candles = new CandleAggregator(settings.intervalMs);
    this.strategies = new StrategyManager(settings.intervalMs);
    for (const { strategy, sizing } of settings.strategies) this.strategies.add(strategy, sizing);
    this.#orderExecutor = new OrderExecutor(this.orders, settings.orders);
    const parts = {
      market: this.market,
      account: this.account,
      orders: this.orders,
      gate: this.gate,
      tradeExecutor: this.tradeExecutor,
      orderExecutor: this.#orderExecutor,
      activity: this.#activity,
      notifications: this.#notifications,
      limits: settings.limits,
      reduce: (reason: string, out: Outbox) => this.#changeState('reducing', reason, out),
    };
    this.#watcher = new RiskWatch(parts);
    this.#losses = new LossWatch({
      ...parts,
      tighten: (state, reason, out, how) => this.#changeState(state, reason, out, how),
    });
    this.#submission = new OrderSubmission({ ...parts, riskManager: new RiskManager() });
    const { stopDistancePpm } = settings;
    this.#guard =
      stopDistancePpm === null
        ? null
        : new PositionGuard({ ...parts, stopDistancePpm, submission: this.#submission });
    this.#settlement = new Settlement({
      ...parts,
      guard: this.#guard,
      watch: this.#watcher,
      prefix: this.#orderExecutor.prefix,
      reconcileEveryMs: settings.reconcileEveryMs,
    });
    const style = executionStyle(settings.execution ?? { style: 'market' });
    this.#quotes = new QuoteKeeper({ ...parts, style });
    const owned = { guard: this.#guard, quotes: this.#quotes, submission: this.#submission };
    this.#trader = new Trader({ ...parts, ...owned, style });
  }

  /** Core time of the last event. */
  get now(): TimeMs {
    return this.#now;
  }

  /** Events taken. */
  get sequence(): number {
    return this.#sequence;
  }

  /** What the risk limits refused, by reason: once for each decision, however often it was tried. */
  get refusals(): ReadonlyMap<RiskReason, number> {
    return this.#submission.refusals.byReason;
  }

  /** Price of the stop that the exchange is known to keep for all of the position; null where there is none. */
  get stopPrice(): Ticks | null {
    return this.#guard?.stopPrice ?? null;
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  get instrument(): Instrument {
    if (!this.#instrument) broken('the instrument is not known yet');
    return this.#instrument;
  }

  /** Wallet + unrealised profit at the mark price; null while either is unknown. */
  get equity(): Money | null {
    const { mark } = this.market;
    if (mark === null || this.#instrument === null || !this.account.isKnown) return null;
    return this.account.equity(mark, this.#instrument);
  }

  /** True where equity is known. */
  #isValued(): boolean {
    return this.account.isKnown && this.market.mark !== null && this.#instrument !== null;
  }

  /** Applies `event` and appends the resulting commands to `out`. Time must not go backwards. */
  step(event: Event, out: Outbox): void {
    // What comes often has a way of its own: what reads events of one shape reads them several times faster.
    // Each way begins with `#advance`.
    switch (event.kind) {
      case 'book':
        return this.#onBook(event, out);
      case 'candle':
        return this.#onCandleAlone(event, out);
      case 'markPrice':
        return this.#onMarkPrice(event);
      case 'timer':
        this.#advance(event.timeMs);
        return this.#onTimer(event.id, out);
      default:
        return this.#onSeldom(event, out);
    }
  }

  /** Takes the time of an event. */
  #advance(timeMs: TimeMs): void {
    if (timeMs < this.#now) broken('time went backwards');
    this.#now = timeMs;
    this.#sequence += 1;
  }

  #onSeldom(event: SeldomEvent, out: Outbox): void {
    this.#advance(event.timeMs);
    switch (event.kind) {
      case 'trade':
        return;
      case 'feedStatus':
        return this.#onFeedStatus(event, out);
      case 'clock':
        return this.market.onClock(event);
      case 'candleHistory':
        return this.#onCandleHistory(event, out);
      case 'instrument':
        return this.#onInstrument(event.spec, out);
      case 'contractStatus':
        return this.#watcher.onContractStatus(event);
      case 'accountTerms':
        this.#margin = new MarginCalculator(event.brackets, event.leverage);
        this.#submission.margin = this.#margin;
        this.#losses.margin = this.#margin;
        this.#watcher.expectLeverage(event.leverage);
        return;
      case 'recovered':
        return this.#onRecovered(event, out);
      case 'accountSnapshot':
        this.#guard?.onSnapshot(event, out);
        if (this.#settlement.onSnapshot(event, out)) this.#settle(out);
        return;
      case 'accountSnapshotFailed':
        this.#watcher.onRefusal(event, out);
        return this.#settlement.onSnapshotFailed(event);
      case 'orderRejected':
        this.#watcher.onRefusal(event, out);
        if (event.code === REDUCES_NOTHING) this.#settlement.askForAccount(out);
        this.#trader.onOrderEvent(event, out);
        return this.#settle(out);
      case 'intentRecorded':
        // The order is validated once more: by what is true now, not at the last tick.
        this.#refreshHolds();
        this.#trader.onOrderEvent(event, out);
        return this.#settle(out);
      case 'intentRefused':
      case 'orderReport':
      case 'orderUnknown':
      case 'orderAbsent':
      case 'cancelFailed':
        this.#trader.onOrderEvent(event, out);
        return this.#settle(out);
      case 'fill':
        if (this.#settlement.onFill(event, out)) this.#settle(out);
        return;
      case 'walletChange':
        return this.#settlement.onWalletChange(event, out);
      case 'countdownSet':
        this.#quotes.countdownSet(event);
        return this.#settle(out);
      case 'countdownFailed': {
        const text = `the exchange’s countdown could not be set: ${event.message}; if this process died, what rests would stay`;
        return this.#notifications.say(out, 'order', 'warning', text);
      }
      case 'leadership':
        this.gate.hold('notLeader', !event.isLeader, 'another trader leads');
        if (event.isLeader) return;
        this.#say(out, 'another trader leads now: nothing more is sent');
        // As far as the lease still allows.
        if (this.account.isKnown) this.#quotes.keep(event.timeMs, out);
        return;
      case 'storeStatus':
        this.gate.hold('storeDown', event.status === 'down', event.message);
        this.#say(out, `the store is ${event.status}${event.message ? `: ${event.message}` : ''}`);
        return;
      case 'journalStatus':
        this.gate.hold('journalDown', event.status === 'down', event.message);
        this.#say(
          out,
          `the journal is ${event.status}${event.message ? `: ${event.message}` : ''}`,
          event.status === 'down' ? 'critical' : 'info',
        );
        return;
      case 'loopLag':
        return this.#watcher.onLoopLag(event);
      case 'accountConfig':
        return this.#watcher.onAccountConfig(event);
      case 'tradingState':
        return this.#onTradingState(event.record, out);
      case 'operator':
        this.tradeExecutor.flatten(event.id, `flatten, asked by ${event.by}`);
        return this.#settle(out);
      case 'drain':
        return this.#onDrain(event, out);
      default:
        unreachable(event);
    }
  }

  /**
   * Limits of the exchange may change at any time. Tick and lot may not: everything here and in the store is
   * counted in them.
   */
  #onInstrument(spec: InstrumentSpec, out: Outbox): void {
    const before = this.#instrument;
    const now = new Instrument(spec);
    const isOther = before?.countsLike(now) === false;
    const text = `the exchange counts in ticks of ${spec.tickSize} and lots of ${spec.lotSize} now, not as this trader does`;
    this.#watcher.onSizes(isOther, text);
    if (isOther) {
      const advice = 'close the position, then start on a new store';
      this.#notifications.say(out, 'risk', 'critical', `${text}: ${advice}`);
      return;
    }
    this.#instrument = now;
    this.#trader.instrument = this.#instrument;
    this.#submission.instrument = this.#instrument;
    if (this.#guard) this.#guard.instrument = this.#instrument;
    this.#settlement.instrument = this.#instrument;
    this.#losses.instrument = this.#instrument;
    if (before) this.#say(out, 'the exchange has changed the limits of its orders');
  }

  // Market → candle → strategy → decision ------------------------------------------------------------

  #onBook(event: BookEvent, out: Outbox): void {
    this.#advance(event.timeMs);
    this.market.book = event;
    const { holds } = this.gate;
    // Nearly always nothing holds, and asking for one costs as much as the rest of this.
    if (holds.size > 0 && holds.has('bookStale')) this.#refreshHolds();
    const closed = this.#candles.onMid(event.exchangeMs, (event.bid + event.ask) as HalfTicks);
    if (closed) this.#onCandle(closed, out);
    if (this.#candles.endsOtherwise(this.#candleTimerMs)) this.#setCandleTimer(out);
    if (this.#isOffTarget()) this.#converge(out);
  }

  #onMarkPrice(event: MarkPriceEvent): void {
    this.#advance(event.timeMs);
    this.market.markPrice = event;
    this.#watcher.onMarkPrice(event);
  }

  #onCandle(candle: MidPriceCandle, out: Outbox): void {
    out.push({ kind: 'saveCandle', candle });
    this.#ask(candle, out);
  }

  /** Where candles are all there is, each is the market, a tick of the clock and a question to the strategies. */
  #onCandleAlone(event: CandleEvent, out: Outbox): void {
    this.#advance(event.timeMs);
    this.market.onCandle(event);
    // The market is as fresh as it can be: holds can only end.
    const isHeld = this.gate.holds.size > 0;
    if (isHeld) this.#refreshHolds();
    this.#watch(out);
    this.#ask(event.candle, out);
    if (!this.#isOffTarget() || this.#isDrained) return;
    // Neither a look nor a question changes what holds depend on.
    if (!isHeld) this.#refreshHolds();
    this.#trader.converge(this.#now, out);
  }

  /** Puts a closed candle to the strategies and keeps what they decide. */
  #ask(candle: Candle, out: Outbox): void {
    const gapsBefore = this.strategies.gaps;
    const isReady = this.#isValued() && this.#isRecovered;
    const outcome = isReady ? this.strategies.onCandle(candle, this.#basis) : null;
    if (outcome === null) this.strategies.warmUp([candle]);
    if (this.strategies.gaps !== gapsBefore) this.#askHistory(out);
    if (outcome !== null && outcome.decision !== null) {
      this.#decided(outcome.signals, outcome.decision, out);
    }
  }

  #decided(signals: readonly StrategySignal[], decision: DecisionRecord, out: Outbox): void {
    this.#notifications.decided(signals, decision, this.instrument, out);
    if (this.tradeExecutor.isFlattening) return;
    this.tradeExecutor.decide(decision);
    out.push({ kind: 'saveDecision', decision });
  }

  #askHistory(out: Outbox): void {
    this.#say(out, 'candles are missing: strategies start over from history');
    out.push({ kind: 'readCandles', count: this.strategies.warmUpCandles });
  }

  #setCandleTimer(out: Outbox): void {
    const { endMs } = this.#candles;
    if (endMs === null) return;
    this.#candleTimerMs = endMs;
    const atMs = endMs - this.market.clockOffsetMs + this.#settings.candleGraceMs;
    out.push({ kind: 'setTimer', id: 'candle', atMs: Math.max(atMs, this.#now) as TimeMs });
  }

  #onCandleHistory(event: Extract<Event, { kind: 'candleHistory' }>, out: Outbox): void {
    const taken = this.strategies.warmUp(event.candles);
    const missing = this.strategies.candlesMissing;
    this.#say(
      out,
      `warmed up with ${taken} candles from history${missing > 0 ? `; ${missing} more are needed before the first signal` : ''}`,
    );
  }

  // Start, states, end -----------------------------------------------------------------------------------

  #onRecovered(event: RecoveredEvent, out: Outbox): void {
    if (!this.#instrument || !this.#margin) broken('recovered before instrument and account terms');
    this.#isRecovered = true;
    this.#orderExecutor.begin(event.epoch);
    this.gate.adopt(event.tradingState);
    if (event.tradingState.state !== 'active') {
      this.#notifications.stateChanged(event.tradingState, out);
    }
    if (event.account) this.#restoreAccount(event.account, event);
    this.#refuseCrashLoop(event.recentStarts ?? 1, out);
    if (event.decision) {
      this.strategies.restore(event.decision);
      this.tradeExecutor.restore(event.decision, event.timeMs);
    }
    for (const order of event.orders) this.#orderExecutor.recover(order, event.timeMs, out);
    if (event.orders.length > 0) {
      this.#say(
        out,
        `looking for ${event.orders.length} orders that an earlier session left unsettled`,
      );
    }
    this.gate.hold('reconciling', true, 'the account has not been compared with the exchange yet');
    this.gate.hold('starting', false, '');
    this.#refreshHolds();
    this.#settlement.reconcileAt(event.timeMs);
    this.#onTimer('tick', out);
  }

  #restoreAccount(account: AccountRecord, event: RecoveredEvent): void {
    const { recentTradeIds, recentTransfers, recentFills = [], tradingState, timeMs } = event;
    this.account.restore(account, recentTradeIds, recentTransfers);
    this.#activity.restore(recentFills, account.position, timeMs);
    // Resumed by a person while no trader ran: the losses before that are accepted, once.
    const { state, by, version } = tradingState;
    const isResumed = state === 'active' && by !== SELF && version > 0;
    if (isResumed && version > (account.lossAcceptedVersion ?? 0)) this.#losses.acceptLoss();
  }

  /** A trader that ends badly and starts again and again must not trade at every start. */
  #refuseCrashLoop(starts: number, out: Outbox): void {
    if (starts <= this.#settings.limits.startsPer10MinutesMax) return;
    this.#changeState('reducing', `${starts} starts in 10 minutes: a crash loop`, out);
  }

  #onFeedStatus(event: FeedStatusEvent, out: Outbox): void {
    const feed = this.market.feeds[event.feed];
    if (feed.status === event.status) return;
    feed.status = event.status;
    feed.reason = event.reason;
    const isDown = event.status === 'down';
    if (event.feed === 'book' && isDown) this.#candles.interrupt();
    if (event.feed === 'user') {
      // Also when it comes back: what it missed is not in the account yet.
      this.gate.hold('reconciling', true, 'the user stream was interrupted');
      this.#settlement.userStreamChanged(event.timeMs);
    }
    this.#refreshHolds();
    this.#notifications.say(
      out,
      'connection',
      isDown ? 'warning' : 'info',
      `${event.feed} stream is ${event.status}${event.reason ? `: ${event.reason}` : ''}`,
    );
    this.#settle(out);
  }

  #onTradingState(record: Extract<Event, { kind: 'tradingState' }>['record'], out: Outbox): void {
    if (!this.gate.adopt(record)) {
      if (record.version !== this.gate.record.version || record.state === this.gate.state) return;
      // Written at the same moment as ours and looser: ours is written again, above it.
      const { state, reason, by } = this.gate.record;
      const again = this.gate.next({ state, reason, by, nowMs: this.#now });
      this.gate.adopt(again);
      out.push({ kind: 'saveTradingState', record: again });
      return;
    }
    this.#notifications.stateChanged(record, out);
    if (record.state === 'active') {
      this.tradeExecutor.resume();
      this.#losses.acceptLoss();
    }
    this.#settle(out);
  }

  /** Trading states only tighten by themselves; loosening is the operator's. */
  #changeState(
    state: Exclude<TradingState, 'active'>,
    reason: string,
    out: Outbox,
    { isNewCause = false } = {},
  ): void {
    // Who is about to resume from what they saw must not resume from a cause they have not seen.
    const isAsStrict = this.gate.state === state || this.gate.state === 'halted';
    if (isAsStrict && !isNewCause) return;
    const record = this.gate.next({ state, reason, by: SELF, nowMs: this.#now });
    this.gate.adopt(record);
    out.push({ kind: 'saveTradingState', record });
    this.#notifications.stateChanged(record, out);
  }

  #onDrain(event: DrainEvent, out: Outbox): void {
    if (this.#drain) return;
    this.#drain = event;
    this.gate.hold('draining', true, 'the trader is stopping');
    if (event.flatten && this.account.isKnown) {
      this.tradeExecutor.flatten(`drain-${event.timeMs}`, 'flatten on exit');
    }
    this.#settle(out);
  }

  #onTimer(id: string, out: Outbox): void {
    if (id === 'candle') {
      const closed = this.#candles.closeDue(
        (this.market.exchangeMs(this.#now) - this.#settings.candleGraceMs) as TimeMs,
      );
      if (closed) this.#onCandle(closed, out);
      // The clock's estimate moved since the timer was set: it came too early.
      else this.#setCandleTimer(out);
    } else if (id === 'tick') {
      this.#onTick(out);
    } else if (id.startsWith('order:')) {
      const fillsMissing = this.#orderExecutor.timer(id.slice('order:'.length), this.#now, out);
      if (fillsMissing) this.#settlement.askForAccount(out);
    }
    this.#settle(out);
  }

  /** Once a second: what only time changes. */
  #onTick(out: Outbox): void {
    out.push({ kind: 'setTimer', id: 'tick', atMs: (this.#now + TICK_MS) as TimeMs });
    this.#refreshHolds();
    this.#watcher.tell(out);
    this.#watch(out);
  }

  /** Reconciles where it is time, and looks for losses and margin that no order causes. */
  #watch(out: Outbox): void {
    if (this.#settlement.isDue(this.#now)) this.#settlement.askForAccount(out);
    this.#losses.look(this.#now, out);
  }

  #isOffTarget(): boolean {
    const { target } = this.tradeExecutor;
    return target !== null && target !== this.account.position;
  }

  /** After anything that may have freed or changed the way to the target. */
  #settle(out: Outbox): void {
    this.gate.hold(
      'unknownOrder',
      this.orders.unsettled.some(isUnknown) || this.#guard?.isAsking === true,
      'an order’s outcome is unknown',
    );
    if (this.account.isKnown && !this.#isDrained) {
      this.#guard?.protect(this.#now, out);
      this.#converge(out);
    }
    if (!this.#drain || this.#isDrained) return;
    const isFlat = !this.#drain.flatten || this.account.position === 0;
    const isGuarded = this.#guard?.isDone ?? true;
    if (this.orders.inFlightCount === 0 && isFlat && isGuarded) {
      this.#isDrained = true;
      out.push({ kind: 'drained' });
    }
  }

  /** Makes the next order, if one is due. Holds are refreshed first: a tick may be a second away. */
  #converge(out: Outbox): void {
    if (this.#isDrained || (!this.#isOffTarget() && this.#quotes.isIdle)) return;
    this.#refreshHolds();
    this.#trader.converge(this.#now, out);
  }

  // A hold is off only where a number proves it: NaN is no proof.
  #refreshHolds(): void {
    const { limits } = this.#settings;
    const { market, gate } = this;
    const now = this.#now;
    gate.hold('bookDown', market.feeds.book.status === 'down', market.feeds.book.reason);
    gate.hold('bookStale', !(market.bookAgeMs(now) <= limits.bookAgeMaxMs), 'the book is old');
    gate.hold(
      'markStale',
      !(market.markAgeMs(now) <= limits.markAgeMaxMs),
      'the mark price is old',
    );
    gate.hold('userStreamDown', market.feeds.user.status === 'down', market.feeds.user.reason);
    gate.hold(
      'clockError',
      !(market.clockErrorMs <= limits.clockErrorMaxMs),
      'exchange time is not known well enough',
    );
    this.#watcher.refresh(now);
  }

  #say(out: Outbox, text: string, severity: 'info' | 'critical' = 'info'): void {
    this.#notifications.say(out, 'session', severity, text);
  }
}

function isUnknown(order: OrderRecord): boolean {
  return order.state === 'unknown';
}
