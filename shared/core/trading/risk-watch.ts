/**
 * Sets and clears the holds that conditions cause, each by itself and by a stated way: prices that
 * disagree or run, rejects, losing trades, an account not compared for too long. Every hold here stops
 * what opens, never an exit.
 */
import type { Outbox } from '../command.ts';
import type {
  AccountConfigEvent,
  AccountSnapshotFailedEvent,
  ContractStatusEvent,
  LoopLagEvent,
  MarkPriceEvent,
  OrderRejectedEvent,
} from '../event.ts';
import type { MarketState } from '../market/market-state.ts';
import type { NotificationCenter } from '../notification/notification-center.ts';
import type { TimeMs } from '../units.ts';
import { PriceWatch } from './price-watch.ts';
import type { RiskActivity } from './risk-activity.ts';
import type { RiskLimits } from './risk-limits.ts';
import type { Hold, TradingGate } from './trading-gate.ts';

export interface RiskWatchParts {
  readonly limits: RiskLimits;
  readonly market: MarketState;
  readonly gate: TradingGate;
  readonly activity: RiskActivity;
  readonly notifications: NotificationCenter;
  /** Sets trading to reducing, until a person resumes. */
  readonly reduce: (reason: string, out: Outbox) => void;
}

const REJECT_WINDOW_MS = 60_000;
/** Binance's word for a contract that takes every order. */
const TRADING = 'TRADING';
/** Binance: the signature, the key's form, or the key itself, its address or its rights are not accepted. */
const KEY_REFUSED: ReadonlySet<number> = new Set([-1022, -2014, -2015]);
/** What is opened so short before a contract ends has no time to be closed by its own signal. */
const DELIVERY_NEAR_MS = 86_400_000;

/** What a person is told of as it begins and ends. */
const TOLD: readonly Hold[] = [
  'pricesDiverge',
  'volatile',
  'rejectRate',
  'losingStreak',
  'accountStale',
  'equityJump',
  'loopLag',
  'accountChanged',
  'notTrading',
  'contractChanged',
];

export class RiskWatch {
  readonly #parts: RiskWatchParts;
  readonly #prices: PriceWatch;
  readonly #told = new Set<Hold>();
  /** Leverage the account began with; null before its terms are known. */
  #leverage: number | null = null;
  /** What of the account's settings is not as it was, each with its words. */
  readonly #changes = new Map<string, string>();
  #isKeyRefused = false;
  /** Null where nobody tells of it. */
  #contract: ContractStatusEvent | null = null;
  /** When the account was last found equal; null before the first time, which `reconciling` holds for. */
  #verifiedMs: TimeMs | null = null;

  constructor(parts: RiskWatchParts) {
    this.#parts = parts;
    this.#prices = new PriceWatch(parts.limits);
  }

  onMarkPrice(event: MarkPriceEvent): void {
    const { book } = this.#parts.market;
    this.#prices.observe(event, book ? (book.bid + book.ask) / 2 : null);
  }

  onAccountVerified(nowMs: TimeMs): void {
    this.#verifiedMs = nowMs;
    this.#isKeyRefused = false;
  }

  /** No repetition helps where our key is refused: a person is called, once until the account is read again. */
  onRefusal(event: AccountSnapshotFailedEvent | OrderRejectedEvent, out: Outbox): void {
    const { code, message } = event;
    if (!KEY_REFUSED.has(code) || this.#isKeyRefused) return;
    this.#isKeyRefused = true;
    const { gate, notifications, reduce } = this.#parts;
    const text = `the exchange refuses our API key: ${message}`;
    // A change of state calls by itself.
    if (gate.state === 'active') reduce(text, out);
    else notifications.say(out, 'account', 'critical', text);
  }

  /** The way back: a report within the limit. */
  onLoopLag({ lagMs }: LoopLagEvent): void {
    const { gate, limits } = this.#parts;
    const isHeld = !(lagMs <= limits.loopLagHoldMs);
    gate.hold('loopLag', isHeld, `the event loop stood still for ${Math.round(lagMs)} ms`);
  }

  expectLeverage(leverage: number): void {
    this.#leverage = leverage;
  }

  /** Somebody changed, or we read, the account's settings. The way back: they are told again as they were. */
  onAccountConfig(event: AccountConfigEvent): void {
    const { leverage, isHedgeMode, isIsolated, isMultiAsset, paysFeesInBnb } = event;
    const told = (what: string, isChanged: boolean | null, text: string) => {
      if (isChanged === true) this.#changes.set(what, text);
      else if (isChanged === false) this.#changes.delete(what);
    };
    const isOther = leverage === null ? null : leverage !== this.#leverage;
    told('leverage', isOther, `leverage was set to ${leverage}, not ${this.#leverage}`);
    told('hedge', isHedgeMode, 'the account was set to hedge mode');
    told('isolated', isIsolated, 'the symbol was set to isolated margin');
    told('multiAsset', isMultiAsset, 'the account was set to multi-assets mode');
    told('bnb', paysFeesInBnb, 'fees were set to be paid in BNB');
    const text = [...this.#changes.values()].join('; ');
    this.#parts.gate.hold('accountChanged', this.#changes.size > 0, text);
  }

  /** The way back: the exchange trades it again. */
  onContractStatus(event: ContractStatusEvent): void {
    this.#contract = event;
    // So that the reason is that of the newest word.
    this.#parts.gate.hold('notTrading', false, '');
    this.refresh(event.timeMs);
  }

  /**
   * Prices and quantities are counted in the tick and lot of the start; where the exchange counts otherwise
   * since, what is sent may mean something else. The way back: it counts as before.
   */
  onSizes(isChanged: boolean, reason: string): void {
    this.#parts.gate.hold('contractChanged', isChanged, reason);
  }

  /** What time and counts decide; cheap, for it is asked before every order. */
  refresh(nowMs: TimeMs): void {
    const { gate, limits, activity } = this.#parts;
    gate.hold(
      'pricesDiverge',
      this.#prices.isDiverged(nowMs),
      'mark, index and mid price disagree',
    );
    gate.hold('volatile', this.#prices.isVolatile(nowMs), 'the price moved too fast');
    gate.hold(
      'rejectRate',
      !activity.rejects.isBelow(limits.rejectsPerMinuteMax, nowMs, REJECT_WINDOW_MS),
      'the exchange rejects order after order',
    );
    const { streak } = activity;
    gate.hold(
      'losingStreak',
      !(
        streak.losses < limits.lossesInARowMax || nowMs - streak.lastLossMs >= limits.lossesPauseMs
      ),
      'round trip after round trip lost',
    );
    const halt = this.#whyNotTraded(nowMs);
    gate.hold('notTrading', halt !== null, halt ?? '');
    const verifiedMs = this.#verifiedMs;
    gate.hold(
      'accountStale',
      verifiedMs !== null && !(nowMs - verifiedMs <= limits.accountAgeMaxMs),
      'the account has not been compared with the exchange for too long',
    );
  }

  #whyNotTraded(nowMs: TimeMs): string | null {
    if (this.#contract === null) return null;
    const { status, deliveryMs } = this.#contract;
    if (status !== TRADING) return `the exchange does not trade the contract: ${status}`;
    const leftMs = deliveryMs - this.#parts.market.exchangeMs(nowMs);
    return leftMs > DELIVERY_NEAR_MS ? null : 'the contract ends within a day';
  }

  /** Once a second: says what has begun to hold, and what has ended. */
  tell(out: Outbox): void {
    const { gate, notifications } = this.#parts;
    if (gate.holds.size === 0 && this.#told.size === 0) return;
    for (const hold of TOLD) {
      const reason = gate.holds.get(hold);
      if (reason !== undefined && !this.#told.has(hold)) {
        this.#told.add(hold);
        notifications.say(out, 'risk', 'warning', `nothing opens: ${reason}`);
      } else if (reason === undefined && this.#told.delete(hold)) {
        notifications.say(out, 'risk', 'notice', `no longer held: ${hold}`);
      }
    }
  }
}
