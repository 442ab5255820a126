/**
 * Sets and clears the holds that conditions cause, each by itself and by a stated way: prices that
 * disagree or run, rejects, losing trades, an account not compared for too long. Every hold here stops
 * what opens, never an exit.
 */
import type { Outbox } from '../command.ts';
import type { AccountConfigEvent, LoopLagEvent, MarkPriceEvent } from '../event.ts';
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
}

const REJECT_WINDOW_MS = 60_000;

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
];

export class RiskWatch {
  readonly #parts: RiskWatchParts;
  readonly #prices: PriceWatch;
  readonly #told = new Set<Hold>();
  /** Leverage the account began with; null before its terms are known. */
  #leverage: number | null = null;
  /** What of the account's settings is not as it was, each with its words. */
  readonly #changes = new Map<string, string>();
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
  onAccountConfig({ leverage, isHedgeMode, isIsolated, isMultiAsset }: AccountConfigEvent): void {
    const told = (what: string, isChanged: boolean | null, text: string) => {
      if (isChanged === true) this.#changes.set(what, text);
      else if (isChanged === false) this.#changes.delete(what);
    };
    const isOther = leverage === null ? null : leverage !== this.#leverage;
    told('leverage', isOther, `leverage was set to ${leverage}, not ${this.#leverage}`);
    told('hedge', isHedgeMode, 'the account was set to hedge mode');
    told('isolated', isIsolated, 'the symbol was set to isolated margin');
    told('multiAsset', isMultiAsset, 'the account was set to multi-assets mode');
    const text = [...this.#changes.values()].join('; ');
    this.#parts.gate.hold('accountChanged', this.#changes.size > 0, text);
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
      !(activity.rejects.count(nowMs, REJECT_WINDOW_MS) < limits.rejectsPerMinuteMax),
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
    const verifiedMs = this.#verifiedMs;
    gate.hold(
      'accountStale',
      verifiedMs !== null && !(nowMs - verifiedMs <= limits.accountAgeMaxMs),
      'the account has not been compared with the exchange for too long',
    );
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
