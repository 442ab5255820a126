/** An instrument, an engine and its events: what the tests of the core are told in. */
import { type Command, Outbox } from '../../shared/core/command.ts';
import { Engine, type EngineSettings } from '../../shared/core/engine.ts';
import type {
  AccountRecord,
  Event,
  MarginBracket,
  RecoveredEvent,
  TradingStateRecord,
  Unstamped,
} from '../../shared/core/event.ts';
import { Instrument, type InstrumentSpec } from '../../shared/core/instrument.ts';
import type { Candle } from '../../shared/core/market/candle.ts';
import { type Signal, Strategy } from '../../shared/core/strategy/strategy.ts';
import type { Fill, Intent, OrderReport } from '../../shared/core/trading/order.ts';
import type { RiskActivity } from '../../shared/core/trading/risk-activity.ts';
import { LIVE_LIMITS, type RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import type { HalfTicks, Lots, Money, Ticks, TimeMs } from '../../shared/core/units.ts';

export const lots = (value: number) => value as Lots;
export const ticks = (value: number) => value as Ticks;
export const money = (value: number) => value as Money;
export const ms = (value: number) => value as TimeMs;
export const usdt = (value: number) => Math.round(value * 1e8) as Money;

export const SPEC: InstrumentSpec = {
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  tickSize: '0.10',
  lotSize: '0.001',
  lotsMin: lots(1),
  lotsMax: lots(1_000_000),
  marketLotsMax: lots(120_000),
  priceMin: ticks(1),
  priceMax: ticks(45_297_640),
  notionalMin: usdt(5),
  priceBandUpBps: 10_500,
  priceBandDownBps: 9_500,
};
export const INSTRUMENT = new Instrument(SPEC);

/** Binance's first three steps for BTCUSDT; each `cum` makes maintenance continuous at the edge. */
export const BRACKETS: readonly MarginBracket[] = [
  { notionalMax: usdt(50_000), maintenanceRatePpm: 4_000, cum: usdt(0), leverageMax: 125 },
  { notionalMax: usdt(500_000), maintenanceRatePpm: 5_000, cum: usdt(50), leverageMax: 100 },
  { notionalMax: usdt(8_000_000), maintenanceRatePpm: 10_000, cum: usdt(2_550), leverageMax: 50 },
];

export function candle(openMs: number, close: number, over: Partial<Candle> = {}): Candle {
  const price = close as HalfTicks;
  return {
    openMs: ms(openMs),
    intervalMs: 60_000,
    open: price,
    high: price,
    low: price,
    close: price,
    source: 'mid',
    isPartial: false,
    gapBefore: 0,
    ...over,
  };
}

/** Goes where the close says: even half ticks divisible by 4 mean long, others of the script mean short. */
export class ScriptedStrategy extends Strategy {
  readonly name: string;
  readonly warmUpCandles: number;
  readonly taken: number[] = [];
  resets = 0;
  readonly #script: Map<number, 1 | 0 | -1>;

  constructor(script: Record<number, 1 | 0 | -1>, name = 'Scripted', warmUpCandles = 1) {
    super();
    this.name = name;
    this.warmUpCandles = warmUpCandles;
    this.#script = new Map(Object.entries(script).map(([k, v]) => [Number(k), v]));
  }

  protected onCandle({ openMs }: Candle): Signal | null {
    this.taken.push(openMs);
    const direction = this.#script.get(openMs);
    return direction === undefined ? null : { direction, reason: `scripted ${direction}` };
  }

  protected onReset(): void {
    this.resets += 1;
  }
}

/** An intent to buy ten lots, stamped 0. */
export function intentOf(clientOrderId: string, over: Partial<Intent['request']> = {}): Intent {
  return {
    key: `d/${clientOrderId}`,
    request: {
      clientOrderId,
      side: 'buy',
      lots: lots(10),
      price: ticks(100),
      timeInForce: 'IOC',
      reduceOnly: false,
      ...over,
    },
    purpose: 'open',
    decisionId: 'd',
    attempt: 0,
    epoch: 1,
    timestampMs: ms(0),
    recvWindowMs: 2_000,
    createdMs: ms(0),
    reason: '',
  };
}

export const ACCOUNT: AccountRecord = {
  position: lots(0),
  cost: money(0),
  walletBalance: usdt(10_000),
  realizedPnl: money(0),
  fees: money(0),
  funding: money(0),
  fillCount: 0,
  verifiedTradeId: '100',
  lastFundingMs: ms(0),
  dayStartMs: ms(0),
  dayStartEquity: usdt(10_000),
  peakEquity: usdt(10_000),
  updatedMs: ms(0),
};

export const ACTIVE: TradingStateRecord = {
  state: 'active',
  reason: 'first start',
  by: 'plimsoll',
  sinceMs: ms(0),
  version: 0,
};

export const ORDER_SETTINGS = {
  clientOrderIdPrefix: 'p-test',
  recvWindowMs: 2_000,
  ackDeadlineMs: 3_000,
  presumeAbsentAfterMs: 60_000,
  presumeAbsentQueries: 5,
  absentHorizonMs: 45 * 60_000,
};

/** Ten minutes past a UTC midnight; a multiple of every interval used. */
export const START_MS = Date.UTC(2026, 0, 2, 0, 10);

export function settings(over: Partial<EngineSettings> & { limits?: RiskLimits } = {}) {
  return {
    intervalMs: 60_000,
    candleGraceMs: 200,
    reconcileEveryMs: 60_000,
    // Scenarios compare the account where it is their subject alone.
    limits: { ...LIVE_LIMITS, accountAgeMaxMs: Number.MAX_SAFE_INTEGER },
    orders: ORDER_SETTINGS,
    stopDistancePpm: null,
    strategies: [],
    ...over,
  };
}

/** One engine, its clock and all it ever asked for. */
export class Scenario {
  readonly engine: Engine;
  readonly commands: Command[] = [];
  nowMs: number;
  /** False: the exchange is silent when it is told of a countdown. */
  confirmsCountdowns = true;
  #out = new Outbox();
  #trade = 100;
  #mid = 100_000;

  constructor(over: Partial<EngineSettings> = {}, nowMs = START_MS) {
    this.engine = new Engine(settings(over));
    this.nowMs = nowMs;
  }

  /** Steps a fact at the present time; returns the commands of this step. */
  post(fact: Unstamped<Event>): Command[] {
    this.engine.step({ ...fact, timeMs: ms(this.nowMs) } as Event, this.#out);
    const taken = this.#out.take();
    this.commands.push(...taken);
    if (!this.confirmsCountdowns) return taken;
    const answers = ofKind(taken, 'setCountdown').map(({ countdownMs, askedMs }) =>
      this.post({ kind: 'countdownSet', countdownMs, askedMs }),
    );
    return [...taken, ...answers.flat()];
  }

  /** Instrument, terms, clock, streams up, mark and book; then the durable state. */
  start(recovered: Partial<RecoveredEvent> = {}, over: { reconcile?: boolean } = {}): this {
    this.post({ kind: 'instrument', spec: SPEC });
    this.post({
      kind: 'accountTerms',
      brackets: BRACKETS,
      leverage: 3,
      makerFeePpm: 200,
      takerFeePpm: 500,
    });
    this.post({ kind: 'clock', offsetMs: 0, errorMs: 5 });
    this.post({
      kind: 'recovered',
      epoch: 7,
      tradingState: ACTIVE,
      account: ACCOUNT,
      decision: null,
      orders: [],
      recentTradeIds: [],
      ...recovered,
    });
    for (const feed of ['book', 'market', 'user'] as const) this.feed(feed, 'up');
    this.mark();
    this.book();
    if (over.reconcile ?? true) this.pass(1_000).reconcile();
    return this;
  }

  /** Time passes with a tick and fresh prices. */
  pass(byMs: number): this {
    this.nowMs += byMs;
    this.mark();
    this.book();
    this.tick();
    return this;
  }

  tick(): Command[] {
    return this.timer('tick');
  }

  timer(id: string): Command[] {
    return this.post({ kind: 'timer', id });
  }

  feed(feed: 'book' | 'market' | 'user', status: 'up' | 'down'): Command[] {
    return this.post({ kind: 'feedStatus', feed, status, reason: 'test' });
  }

  /** A book one tick wide around `mid` ticks, seen at once. */
  book(mid = this.#mid): Command[] {
    this.#mid = mid;
    return this.post({
      kind: 'book',
      exchangeMs: ms(this.nowMs),
      bid: ticks(mid),
      bidLots: lots(1_000),
      ask: ticks(mid + 1),
      askLots: lots(1_000),
    });
  }

  mark(mark = this.#mid): Command[] {
    return this.post({
      kind: 'markPrice',
      exchangeMs: ms(this.nowMs),
      mark: ticks(mark),
      index: ticks(mark),
      fundingRateE8: 10_000,
      nextFundingMs: ms(this.nowMs + 3_600_000),
    });
  }

  /** The exchange's word for the account; by default what we believe ourselves. */
  snapshot(
    over: {
      position?: number;
      walletBalance?: number;
      requestedMs?: number;
      lastTradeId?: string;
    } = {},
  ): Command[] {
    const known = this.engine.account.isKnown ? this.engine.account.record : ACCOUNT;
    return this.post({
      kind: 'accountSnapshot',
      requestedMs: ms(over.requestedMs ?? this.nowMs),
      position: lots(over.position ?? known.position),
      entryPrice: ticks(this.#mid),
      walletBalance: money(over.walletBalance ?? known.walletBalance),
      availableBalance: money(over.walletBalance ?? known.walletBalance),
      openOrders: [],
      lastTradeId: over.lastTradeId ?? String(this.#trade),
    });
  }

  /** Lets the reading asked for be answered with what we believe. */
  reconcile(): Command[] {
    return this.snapshot();
  }

  /** Lets the present minute end: its candle closes with the next book. */
  closeCandle(mid = this.#mid): Command[] {
    this.nowMs += 60_000 - (this.nowMs % 60_000);
    this.mark(mid);
    const first = this.commands.length;
    this.book(mid);
    return this.commands.slice(first);
  }

  recorded(intent: Intent): Command[] {
    return this.post({ kind: 'intentRecorded', clientOrderId: intent.request.clientOrderId });
  }

  report(
    intent: Intent,
    over: Partial<OrderReport> = {},
    source: 'reply' | 'stream' | 'query' = 'stream',
  ) {
    const { clientOrderId, side, lots: quantity, reduceOnly } = intent.request;
    const report: OrderReport = {
      clientOrderId,
      exchangeOrderId: `x-${clientOrderId}`,
      status: 'open',
      side,
      lots: quantity,
      executedLots: lots(0),
      reduceOnly,
      exchangeMs: ms(this.nowMs),
      ...over,
    };
    return this.post({ kind: 'orderReport', source, report });
  }

  fillOf(intent: Intent, over: Partial<Fill> = {}): Fill {
    this.#trade += 1;
    const { clientOrderId, side, price, lots: quantity } = intent.request;
    return {
      tradeId: String(this.#trade),
      exchangeOrderId: `x-${clientOrderId}`,
      clientOrderId,
      side,
      price: price ?? ticks(this.#mid),
      lots: quantity,
      fee: money(1_000),
      realizedPnl: money(0),
      isMaker: false,
      exchangeMs: ms(this.nowMs),
      ...over,
    };
  }

  fill(intent: Intent, over: Partial<Fill> = {}, source: 'stream' | 'history' = 'stream') {
    const fill = this.fillOf(intent, over);
    const commands = this.post({ kind: 'fill', source, fill });
    return { fill, commands };
  }

  /** Records, sends and fills an order in full, as a quick exchange does. */
  complete(intent: Intent): void {
    this.recorded(intent);
    this.fill(intent);
    this.report(intent, { status: 'filled', executedLots: intent.request.lots });
  }

  /** The newest intent asked to be recorded; fails where none was. */
  lastIntent(): Intent {
    const intent = intents(this.commands).at(-1);
    if (!intent) throw new Error('no intent was asked for');
    return intent;
  }

  texts(severity?: string): string[] {
    return this.commands.flatMap((c) =>
      c.kind === 'notify' && (severity === undefined || c.severity === severity) ? [c.text] : [],
    );
  }
}

export function intents(commands: readonly Command[]): Intent[] {
  return commands.flatMap((c) => (c.kind === 'recordIntent' ? [c.intent] : []));
}

export function kinds(commands: readonly Command[]): string[] {
  return commands.map((c) => c.kind);
}

export function ofKind<K extends Command['kind']>(commands: readonly Command[], kind: K) {
  return commands.filter((c): c is Extract<Command, { kind: K }> => c.kind === kind);
}

/** How many events lie in a window of `RiskActivity`: as many as it is below one more than. */
export function counted(window: RiskActivity['orders'], nowMs: TimeMs, windowMs: number): number {
  let count = 0;
  while (!window.isBelow(count + 1, nowMs, windowMs)) count += 1;
  return count;
}
