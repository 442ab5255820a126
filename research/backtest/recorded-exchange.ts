/**
 * The exchange of a backtest on a recording: the simulated exchange over the recorded market, a latency away from
 * the engine. Orders, answers and private events take that latency each; what is public has it in its receive times.
 */

import { TimerQueue } from '../../shared/adapters/clock/timer-queue.ts';
import type { SuppliedFrame } from '../../shared/adapters/recording/frame-supply.ts';
import type { Command } from '../../shared/core/command.ts';
import type { Event, Unstamped } from '../../shared/core/event.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { WOULD_CROSS } from '../../shared/core/trading/execution/execution-style.ts';
import type { Intent, OrderClass, OrderReport } from '../../shared/core/trading/order.ts';
import { broken, type Money, type TimeMs } from '../../shared/core/units.ts';
import { RecordedMarket } from '../../shared/simulation/recorded-market.ts';
import { SimulatedExchange } from '../../shared/simulation/simulated-exchange.ts';
import { type PublicEvent, type UserEvent, VenueError } from '../../shared/simulation/venue.ts';
import {
  factsOf,
  fillsAfter,
  fundingAfter,
  snapshotOf,
  transfersAfter,
} from '../../shared/simulation/venue-facts.ts';
import { cancelOrder, placeOrder, queryOrder } from '../../shared/simulation/venue-orders.ts';
import type { FillReason } from '../accounting/ledger.ts';
import { RecordedAccount } from './recorded-account.ts';

const ACCOUNT = 'backtest';
/** Charged at every funding time: 0.01 %, as the exchange simulator does. */
export const FUNDING_RATE_E8 = 10_000;

export interface RecordedExchangeOptions {
  readonly instrument: Instrument;
  /** Added to receive times, so that no frame comes before the exchange made it. */
  readonly offsetMs: number;
  next(): SuppliedFrame | null;
  /** A frame has been played: what it says reaches the engine now. */
  hear(frame: SuppliedFrame): void;
  /** An event reaches the engine now. */
  tell(fact: Unstamped<Event>): void;
  readonly latencyMs: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly leverage: number;
  readonly cash: Money;
}

interface OrderRef {
  readonly clientOrderId: string;
  readonly orderClass: OrderClass;
}

export class RecordedExchange {
  readonly account: RecordedAccount;
  readonly venue: SimulatedExchange;
  /** What the exchange refused or ended unfilled, by reason. */
  readonly refusals = new Map<string, number>();
  readonly counts = { refusedByMargin: 0, liquidations: 0, stops: 0 };
  readonly #options: RecordedExchangeOptions;
  readonly #agenda = new TimerQueue();
  readonly #purposes = new Map<string, Intent['purpose']>();
  readonly #stopsMet = new Set<string>();
  #onTheWay = 0;

  constructor(options: RecordedExchangeOptions) {
    this.#options = options;
    const { instrument, cash, leverage } = options;
    this.account = new RecordedAccount(cash, instrument.quantaPerTickLot);
    this.venue = new SimulatedExchange({
      instrument,
      market: new HeardMarket(options),
      makerFeePpm: options.makerFeePpm,
      takerFeePpm: options.takerFeePpm,
      fundingRateE8: FUNDING_RATE_E8,
      leverageDefault: leverage,
      sink: {
        publicEvent: (event) => this.#onPublic(event),
        userEvent: (_account, event) => this.#onUser(event),
      },
    });
    this.venue.openAccount(ACCOUNT, cash);
  }

  /** When something happens next; null once the recording has ended and nothing is on its way. */
  nextMs(): TimeMs | null {
    const marketMs = this.venue.nextEventMs();
    const ownMs = this.#agenda.nextDueMs();
    if (marketMs === null) return this.#onTheWay > 0 ? ownMs : null;
    return ownMs === null || marketMs < ownMs ? marketMs : ownMs;
  }

  /** Moves to `nextMs()`: the market first, so that an order meets all that the exchange did up to it. */
  advanceTo(timeMs: TimeMs): void {
    this.venue.advanceTo(timeMs);
    this.#agenda.fireDue(timeMs);
  }

  /** Sets a timer of the engine. */
  at(timeMs: TimeMs, action: () => void): { cancel(): void } {
    return this.#agenda.add(timeMs, action);
  }

  place(intent: Intent): void {
    const { clientOrderId } = intent.request;
    this.#purposes.set(clientOrderId, intent.purpose);
    this.#request(
      () => placeOrder(this.venue, ACCOUNT, intent),
      (report) => [{ kind: 'orderReport', source: 'reply', report }],
      (error) => {
        this.#countRefusal(error);
        return { kind: 'orderRejected', clientOrderId, code: error.code, message: error.msg };
      },
    );
  }

  cancel({ clientOrderId, orderClass }: OrderRef): void {
    this.#request(
      () => cancelOrder(this.venue, ACCOUNT, { clientOrderId, orderClass }),
      (report) => [{ kind: 'orderReport', source: 'reply', report }],
      ({ code, msg }) => ({ kind: 'cancelFailed', clientOrderId, code, message: msg }),
    );
  }

  query({ clientOrderId, orderClass }: OrderRef): void {
    const absent = { kind: 'orderAbsent', clientOrderId } as const;
    this.#request(
      () => queryOrder(this.venue, ACCOUNT, { clientOrderId, orderClass }),
      (report) => [report ? { kind: 'orderReport', source: 'query', report } : absent],
      () => absent,
    );
  }

  setCountdown({ countdownMs, askedMs }: Extract<Command, { kind: 'setCountdown' }>): void {
    this.#request(
      () => this.venue.countdownCancelAll(ACCOUNT, this.venue.instrument.spec.symbol, countdownMs),
      () => [{ kind: 'countdownSet', countdownMs, askedMs }],
      ({ msg }) => ({ kind: 'countdownFailed', message: msg }),
    );
  }

  readAccount(command: Extract<Command, { kind: 'readAccount' }>): void {
    const { sinceTradeId, sinceFundingMs, sinceTransferMs } = command;
    const requestedMs = this.venue.nowMs;
    this.#request(
      () => {
        const fills = fillsAfter(this.venue, ACCOUNT, sinceTradeId ?? '');
        const payments = [
          ...fundingAfter(this.venue, ACCOUNT, sinceFundingMs),
          ...(sinceTransferMs === null ? [] : transfersAfter(this.venue, ACCOUNT, sinceTransferMs)),
        ];
        return { fills, payments, snapshot: snapshotOf(this.venue, ACCOUNT) };
      },
      ({ fills, payments, snapshot }) => {
        const lastTradeId = fills.at(-1)?.tradeId ?? sinceTradeId ?? '';
        const read = { kind: 'accountSnapshot', requestedMs, ...snapshot, lastTradeId } as const;
        if (sinceTradeId === null) return [read];
        const told = fills.map((fill) => ({ kind: 'fill', source: 'history', fill }) as const);
        return [...told, ...payments, read];
      },
      ({ msg }) => ({ kind: 'accountSnapshotFailed', code: 0, message: msg }),
    );
  }

  /** Throws where the account told here is not the one that the exchange keeps. */
  check(): void {
    const { walletBalance, position } = this.venue.account(ACCOUNT);
    if (walletBalance !== this.account.wallet || position.position !== this.account.position) {
      broken('a backtest on a recording tells another account than the exchange keeps');
    }
  }

  /** There, and back again. */
  #request<View>(
    ask: () => View,
    answer: (view: View) => readonly Unstamped<Event>[],
    refusal: (error: VenueError) => Unstamped<Event>,
  ): void {
    this.#travel(() => {
      let facts: readonly Unstamped<Event>[];
      try {
        facts = answer(ask());
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
        facts = [refusal(error)];
      }
      this.#deliver(facts);
    });
  }

  #deliver(facts: readonly Unstamped<Event>[]): void {
    this.#travel(() => {
      for (const fact of facts) this.#options.tell(fact);
    });
  }

  #travel(arrived: () => void): void {
    this.#onTheWay += 1;
    this.#agenda.add((this.venue.nowMs + this.#options.latencyMs) as TimeMs, () => {
      this.#onTheWay -= 1;
      arrived();
    });
  }

  #onPublic(event: PublicEvent): void {
    if (event.kind !== 'markPrice') return;
    const { timeMs: exchangeMs, markPrice: mark, indexPrice: index } = event;
    const { fundingRateE8, nextFundingMs } = event;
    const { tell } = this.#options;
    tell({ kind: 'markPrice', exchangeMs, mark, index, fundingRateE8, nextFundingMs });
  }

  #onUser(event: UserEvent): void {
    if (event.kind === 'accountUpdate') {
      const { markPrice: mark } = this.venue.position(ACCOUNT);
      this.account.update(event, { mark, rateE8: FUNDING_RATE_E8 });
    }
    const facts = factsOf(event, this.venue.instrument);
    for (const fact of facts) {
      if (fact.kind === 'fill') {
        const { clientOrderId } = fact.fill;
        this.account.fill(fact.fill, reasonOf(this.#purposes.get(clientOrderId)));
      }
      if (fact.kind === 'orderReport') this.#countEnd(fact.report);
    }
    if (facts.length === 0) return;
    this.#deliver(
      facts.map((fact) =>
        fact.kind === 'fill' || fact.kind === 'orderReport' ? { ...fact, source: 'stream' } : fact,
      ),
    );
  }

  #countEnd(report: OrderReport): void {
    const purpose = this.#purposes.get(report.clientOrderId);
    if (purpose === undefined && report.status === 'filled') this.counts.liquidations += 1;
    if (purpose === 'protect') this.#countStop(report);
    else if (purpose !== undefined && report.status === 'expired') this.#count('limitPrice');
  }

  /** Once a stop: it ends twice, as the order that it became and as itself. */
  #countStop({ clientOrderId, executedLots }: OrderReport): void {
    if (executedLots === 0 || this.#stopsMet.has(clientOrderId)) return;
    this.#stopsMet.add(clientOrderId);
    this.counts.stops += 1;
  }

  #countRefusal({ code, msg }: VenueError): void {
    if (code === MARGIN_INSUFFICIENT) this.counts.refusedByMargin += 1;
    else this.#count(code === WOULD_CROSS ? 'wouldCross' : `exchange ${code} ${msg}`);
  }

  #count(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }
}

/** Why a fill came about; what no order of ours made is a liquidation. */
function reasonOf(purpose: Intent['purpose'] | undefined): FillReason {
  if (purpose === undefined) return 'liquidation';
  if (purpose === 'protect') return 'stop';
  return purpose === 'flatten' ? 'risk' : 'signal';
}

/** Binance's code for an order that the margin does not carry. */
const MARGIN_INSUFFICIENT = -2019;

/** A recorded market whose frames are heard as they are played. */
class HeardMarket extends RecordedMarket {
  readonly #newest: { frame: SuppliedFrame | null };
  readonly #hear: (frame: SuppliedFrame) => void;

  constructor({ next, hear, offsetMs }: RecordedExchangeOptions) {
    const newest: { frame: SuppliedFrame | null } = { frame: null };
    super({
      next: () => {
        newest.frame = next();
        return newest.frame;
      },
      offsetMs,
    });
    this.#newest = newest;
    this.#hear = hear;
  }

  override step(): void {
    // The market takes the frame after it when it has played one.
    const played = this.#newest.frame;
    super.step();
    if (played !== null) this.#hear(played);
  }
}
