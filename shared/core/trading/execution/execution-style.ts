/**
 * How the trades of strategies meet the book: at once through the touch, or resting at it. Decides what the
 * next attempt is to be and when a resting one has had its time; prices, sends and cancels nothing itself.
 */
import type { BookEvent } from '../../event.ts';
import type { TimeMs } from '../../units.ts';
import type { Intent, OrderRecord } from '../order.ts';

/**
 * `market` takes through the touch. `maker` rests a post-only order at the touch; after `deadlineMs` what
 * remains is taken (`cross`) or no longer wanted (`giveUp`).
 */
export type ExecutionSettings =
  | { readonly style: 'market' }
  | {
      readonly style: 'maker';
      readonly deadlineMs: number;
      readonly atDeadline: 'cross' | 'giveUp';
    };

/**
 * What an attempt is to be: `cross` takes, `quote` rests, `wait` is neither for now, `giveUp` opens nothing
 * more for this decision. An exit that would be given up is taken instead: what is held must get out.
 */
export type Approach = 'cross' | 'quote' | 'wait' | 'giveUp';

export interface ExecutionStyle {
  /** What the next attempt for a decision is to be. The first question starts the decision's time. */
  approach(decisionId: string, nowMs: TimeMs): Approach;
  /** An order has been sent. */
  sent(intent: Intent, nowMs: TimeMs): void;
  /** True where a resting order of this style is to make way: its time is over, or the touch has left it. */
  isOutdated(intent: Intent, book: BookEvent | null, nowMs: TimeMs): boolean;
}

export function executionStyle(settings: ExecutionSettings): ExecutionStyle {
  return settings.style === 'market' ? MARKET : new MakerStyle(settings);
}

/** A post-only order: it rests at the exchange, or is not taken. */
export function isQuote({ request }: Pick<Intent, 'request'>): boolean {
  return request.timeInForce === 'GTX';
}

/** Binance: "could not be executed as maker, the Post Only order will be rejected". */
export const WOULD_CROSS = -5022;

/** A quote that ended as quotes do: canceled, or refused because the touch had moved. Nothing is wrong. */
export function isToBeRequoted({ intent, state, endReason }: OrderRecord): boolean {
  if (!isQuote(intent)) return false;
  if (state === 'rejected') return endReason?.startsWith(`${WOULD_CROSS} `) ?? false;
  return state === 'canceled' || (state === 'expired' && endReason === null);
}

const MARKET: ExecutionStyle = {
  approach: () => 'cross',
  sent: () => undefined,
  isOutdated: () => false,
};

/** Quotes are at least so far apart: a lively touch must not use up what limits and exchange allow of orders. */
const REQUOTE_MS = 3_000;

class MakerStyle implements ExecutionStyle {
  readonly #deadlineMs: number;
  readonly #atDeadline: 'cross' | 'giveUp';
  #decisionId: string | null = null;
  #startedMs = 0;
  #quotedMs = Number.NEGATIVE_INFINITY;

  constructor({ deadlineMs, atDeadline }: Extract<ExecutionSettings, { style: 'maker' }>) {
    this.#deadlineMs = deadlineMs;
    this.#atDeadline = atDeadline;
  }

  approach(decisionId: string, nowMs: TimeMs): Approach {
    if (decisionId !== this.#decisionId) {
      this.#decisionId = decisionId;
      this.#startedMs = nowMs;
    }
    if (this.#isOver(nowMs)) return this.#atDeadline;
    return nowMs - this.#quotedMs < REQUOTE_MS ? 'wait' : 'quote';
  }

  sent(intent: Intent, nowMs: TimeMs): void {
    if (isQuote(intent)) this.#quotedMs = nowMs;
  }

  isOutdated({ request }: Intent, book: BookEvent | null, nowMs: TimeMs): boolean {
    if (this.#isOver(nowMs)) return true;
    if (book === null || request.price === null || nowMs - this.#quotedMs < REQUOTE_MS)
      return false;
    return request.side === 'buy' ? book.bid > request.price : book.ask < request.price;
  }

  #isOver(nowMs: TimeMs): boolean {
    return nowMs - this.#startedMs >= this.#deadlineMs;
  }
}
