/**
 * The exchange as one process reaches it: requests and answers travel, get lost, come late; the user
 * stream is cut, doubled, reordered. What the exchange itself does is never doctored.
 */
import type { Intent, OrderClass } from '../../shared/core/trading/order.ts';
import { MONEY_PER_USDT, type Money, type TimeMs } from '../../shared/core/units.ts';
import {
  type ExchangeClient,
  ExchangeError,
  type ExchangeErrorKind,
  type UserFact,
  type UserStreamSink,
} from '../../shared/ports/exchange.ts';
import { algoParamsOf, stopReportOf } from '../../shared/simulation/stop-facts.ts';
import { VenueError } from '../../shared/simulation/venue.ts';
import {
  asExchangeError,
  fillsAfter,
  fundingAfter,
  orderParamsOf,
  reportOf,
  snapshotOf,
} from '../../shared/simulation/venue-facts.ts';
import { cancelOrder, queryOrder } from '../../shared/simulation/venue-orders.ts';
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import type { Fault, Faults } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** How long a client waits for an answer. */
const TIMEOUT_MS = 10_000;
/** A request may be stamped so far in the exchange's future. Source: reference, timing rule. */
const FUTURE_MS = 1_000;
const NOTIONAL_MAX_USDT = 80_000_000;

export interface LinkParts {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly host: ExchangeHost;
  readonly faults: Faults;
}

export function exchangeLink(parts: LinkParts): ExchangeClient {
  return new ExchangeLink(parts);
}

class ExchangeLink implements ExchangeClient {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #host: ExchangeHost;
  readonly #faults: Faults;
  #leaveStream: (() => void) | null = null;

  constructor({ world, process, host, faults }: LinkParts) {
    this.#world = world;
    this.#process = process;
    this.#host = host;
    this.#faults = faults;
  }

  async connect(): Promise<void> {
    await this.#read(() => null);
  }

  instrument() {
    return this.#host.instrument.spec;
  }

  async clockOffset() {
    const sentMs = this.#process.clock.monotonicMs();
    const serverMs = await this.#read(() => this.#world.nowMs);
    const halfMs = (this.#process.clock.monotonicMs() - sentMs) / 2;
    return {
      offsetMs: Math.round(serverMs + halfMs - this.#process.clock.now()),
      errorMs: Math.ceil(halfMs),
    };
  }

  accountTerms() {
    return this.#read(() => {
      const { venue } = this.#host;
      const brackets = venue.brackets
        .filter(({ notionalFloorUsdt }) => notionalFloorUsdt < NOTIONAL_MAX_USDT)
        .map((row) => ({
          notionalMax: (Math.min(row.notionalCapUsdt, NOTIONAL_MAX_USDT) * MONEY_PER_USDT) as Money,
          maintenanceRatePpm: row.maintenanceRatePpm,
          cum: (row.cumUsdt * MONEY_PER_USDT) as Money,
          leverageMax: row.initialLeverage,
        }));
      const { leverage } = venue.position(ACCOUNT);
      const { makerFeePpm, takerFeePpm } = venue;
      return { brackets, leverage, makerFeePpm, takerFeePpm };
    });
  }

  accountSettings() {
    return this.#read(() => ({
      isHedgeMode: false,
      isIsolated: false,
      isMultiAsset: false,
      canTrade: true,
    }));
  }

  keyPermissions() {
    return this.#read(() => ({
      canWithdraw: false,
      canTransfer: false,
      canTradeFutures: true,
      isIpRestricted: true,
    }));
  }

  async setLeverage(leverage: number): Promise<void> {
    await this.#read(() => this.#host.venue.setLeverage(ACCOUNT, 'BTCUSDT', String(leverage)));
  }

  placeOrder(intent: Intent) {
    const { timestampMs, recvWindowMs, request } = intent;
    return this.#send(`place ${request.clientOrderId}`, () => {
      const { nowMs } = this.#world;
      if (nowMs - timestampMs > recvWindowMs || timestampMs >= nowMs + FUTURE_MS) {
        throw new VenueError(-1021, 'Timestamp for this request is outside of the recvWindow.');
      }
      const { instrument } = this.#host;
      return request.stopPrice === undefined
        ? reportOf(this.#host.placeOrder(orderParamsOf(intent, instrument)))
        : stopReportOf(this.#host.placeStop(algoParamsOf(intent, instrument)));
    });
  }

  cancelOrder(clientOrderId: string, orderClass: OrderClass) {
    return this.#send(`cancel ${clientOrderId}`, () => {
      if (this.#faults.strikes('cancelLost')) throw new VenueError(-2011, 'Unknown order sent.');
      return cancelOrder(this.#host.venue, ACCOUNT, { clientOrderId, orderClass });
    });
  }

  queryOrder(clientOrderId: string, orderClass: OrderClass) {
    return this.#read(() => {
      if (this.#faults.strikes('staleQuery')) return null;
      return queryOrder(this.#host.venue, ACCOUNT, { clientOrderId, orderClass });
    });
  }

  async setCountdown(ms: number): Promise<void> {
    await this.#read(() => this.#host.venue.countdownCancelAll(ACCOUNT, 'BTCUSDT', ms));
  }

  accountSnapshot() {
    return this.#read(() => snapshotOf(this.#host.venue, ACCOUNT));
  }

  fillsAfter(tradeId: string) {
    return this.#read(() => fillsAfter(this.#host.venue, ACCOUNT, tradeId));
  }

  fundingAfter(timeMs: TimeMs) {
    return this.#read(() => fundingAfter(this.#host.venue, ACCOUNT, timeMs));
  }

  candles() {
    return this.#read(() => []);
  }

  async startUserStream(sink: UserStreamSink): Promise<void> {
    await this.#read(() => null);
    this.#join(sink, 'connected');
  }

  async stop(): Promise<void> {
    this.#leaveStream?.();
    this.#leaveStream = null;
  }

  /** The stream breaks for a while; what happens meanwhile is not told later. */
  cutUserStream(sink: UserStreamSink): void {
    this.#leaveStream?.();
    this.#process.run(() =>
      sink.onUser({ kind: 'feedStatus', feed: 'user', status: 'down', reason: 'cut' }),
    );
    this.#world.after(this.#world.random.between(1_000, 30_000), () => {
      if (!this.#process.isDead && this.#leaveStream !== null) this.#join(sink, 'connected again');
    });
  }

  #join(sink: UserStreamSink, reason: string): void {
    let busyUntilMs = 0;
    const deliver = (fact: UserFact, delayMs: number) =>
      this.#world.after(delayMs, () => this.#process.run(() => sink.onUser(fact)));
    deliver({ kind: 'feedStatus', feed: 'user', status: 'up', reason }, 1);
    const leave = this.#host.onUser((facts) => {
      if (this.#faults.strikes('userStreamCut')) {
        this.cutUserStream(sink);
        return;
      }
      const extraMs = this.#faults.strikes('userEventLate') ? this.#random(200, 8_000) : 0;
      const delayMs = Math.max(busyUntilMs - this.#world.nowMs, this.#random(5, 50) + extraMs);
      busyUntilMs = this.#world.nowMs + delayMs;
      const told = this.#faults.strikes('userEventsReordered') ? facts.toReversed() : facts;
      for (const fact of told) deliver(fact, delayMs);
      if (this.#faults.strikes('userEventTwice')) {
        for (const fact of told) deliver(fact, delayMs + this.#random(1, 2_000));
      }
    });
    this.#leaveStream = leave;
  }

  /** A request that changes nothing: a failure of any kind is no answer. */
  #read<T>(work: () => T): Promise<T> {
    const fail = (kind: 'unreachable' | 'rateLimited', message: string) => () => {
      throw new ExchangeError(kind, message, { retryAfterMs: 5_000 });
    };
    return this.#process.ask((answer) => {
      const faults = this.#faults;
      if (faults.strikes('requestLost') || faults.strikes('replyLost')) {
        return this.#world.after(TIMEOUT_MS, () => answer(fail('unreachable', 'timeout')));
      }
      if (faults.strikes('rateLimited')) {
        return this.#world.after(20, () => answer(fail('rateLimited', '429')));
      }
      const backMs =
        this.#random(5, 40) + (faults.strikes('replySlow') ? this.#random(200, 8_000) : 0);
      this.#world.after(this.#random(5, 40), () => {
        const settle = outcome(work);
        this.#world.after(backMs, () => answer(settle));
      });
    });
  }

  /** A request that acts: only a definite answer says what became of it. */
  #send<T>(what: string, work: () => T): Promise<T> {
    const strikes = (kind: Fault) => this.#faults.strikes(kind);
    const fail =
      (kind: ExchangeErrorKind, message: string, code = 0) =>
      () => {
        throw new ExchangeError(kind, message, { code });
      };
    this.#world.note(`${this.#process.name} sends ${what}`);
    this.#faults.atOrder(this.#process);
    return this.#process.ask((answer) => {
      if (strikes('requestLost')) {
        return this.#world.after(TIMEOUT_MS, () => answer(fail('unknownOutcome', 'timeout')));
      }
      if (strikes('rateLimited')) {
        return this.#world.after(20, () => answer(fail('rateLimited', '429')));
      }
      if (strikes('serverBusy')) {
        return this.#world.after(20, () => answer(fail('rejected', 'Service Unavailable.', -1008)));
      }
      const isUnknown = strikes('unknownStatus');
      const isReplyLost = strikes('replyLost');
      const thereMs = this.#random(5, 40) + (strikes('requestSlow') ? this.#random(200, 6_000) : 0);
      const backMs = this.#random(5, 40) + (strikes('replySlow') ? this.#random(200, 8_000) : 0);
      // Between deciding to send and the wire, a pause may come.
      this.#world.after(1, () =>
        this.#process.run(() =>
          this.#world.after(thereMs, () => {
            if (isUnknown && this.#world.random.chance(500)) {
              return this.#world.after(backMs, () => answer(fail('unknownOutcome', '503 unknown')));
            }
            const settle = outcome(work);
            this.#world.note(`exchange has seen ${what}`);
            if (isReplyLost) {
              this.#world.after(TIMEOUT_MS, () => answer(fail('unknownOutcome', 'timeout')));
            } else if (isUnknown) {
              this.#world.after(backMs, () => answer(fail('unknownOutcome', '503 unknown')));
            } else this.#world.after(backMs, () => answer(settle));
          }),
        ),
      );
    });
  }

  #random(low: number, high: number): number {
    return this.#world.random.between(low, high);
  }
}

/** Does it now, tells it later. */
function outcome<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    const told = asExchangeError(error);
    return () => {
      throw told;
    };
  }
}
