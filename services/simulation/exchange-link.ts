/** The exchange as one trader reaches it: its requests over a wire, its user stream cut, doubled, reordered. */
import type { Intent, OrderClass } from '../../shared/core/trading/order.ts';
import { MONEY_PER_USDT, type Money, type TimeMs } from '../../shared/core/units.ts';
import {
  CANCEL_RECV_WINDOW_MS,
  type ExchangeClient,
  type UserFact,
  type UserStreamSink,
} from '../../shared/ports/exchange.ts';
import { algoParamsOf, stopReportOf } from '../../shared/simulation/stop-facts.ts';
import { VenueError } from '../../shared/simulation/venue.ts';
import {
  fillsAfter,
  fundingAfter,
  orderParamsOf,
  reportOf,
  snapshotOf,
  transfersAfter,
} from '../../shared/simulation/venue-facts.ts';
import { cancelOrder, queryOrder } from '../../shared/simulation/venue-orders.ts';
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import type { Faults } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

/** A request may be stamped so far in the exchange's future. Source: reference, timing rule. */
const FUTURE_MS = 1_000;
const NOTIONAL_MAX_USDT = 80_000_000;
/** When a perpetual ends. */
const NEVER_MS = 4_133_404_800_000 as TimeMs;

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
  readonly #wire: Wire;
  #leaveStream: (() => void) | null = null;

  constructor({ world, process, host, faults }: LinkParts) {
    this.#world = world;
    this.#process = process;
    this.#host = host;
    this.#faults = faults;
    this.#wire = new Wire({ world, process, host, faults, random: world.random });
  }

  async connect(): Promise<void> {
    await this.#wire.read(() => null);
  }

  instrument() {
    return this.#host.instrument.spec;
  }

  contractStatus() {
    return { status: this.#host.isPaused ? 'PRE_SETTLE' : 'TRADING', deliveryMs: NEVER_MS };
  }

  readContract() {
    return this.#wire.read(() => ({ spec: this.instrument(), status: this.contractStatus() }));
  }

  async clockOffset() {
    const sentMs = this.#process.clock.monotonicMs();
    const serverMs = await this.#wire.read(() => this.#world.nowMs);
    const halfMs = (this.#process.clock.monotonicMs() - sentMs) / 2;
    return {
      offsetMs: Math.round(serverMs + halfMs - this.#process.clock.now()),
      errorMs: Math.ceil(halfMs),
    };
  }

  accountTerms() {
    return this.#wire.read(() => {
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
    return this.#wire.read(() => ({
      isHedgeMode: false,
      isIsolated: false,
      isMultiAsset: false,
      paysFeesInBnb: false,
      canTrade: true,
    }));
  }

  keyPermissions() {
    return this.#wire.read(() => ({
      canWithdraw: false,
      canTransfer: false,
      canTradeFutures: true,
      isIpRestricted: true,
    }));
  }

  async setLeverage(leverage: number): Promise<void> {
    await this.#wire.read(() => this.#host.venue.setLeverage(ACCOUNT, 'BTCUSDT', String(leverage)));
  }

  placeOrder(intent: Intent) {
    const { timestampMs, recvWindowMs, request } = intent;
    return this.#send(`place ${request.clientOrderId}`, {}, () => {
      this.#checkWindow(timestampMs, recvWindowMs);
      if (this.#host.isPaused) throw new VenueError(-4108, 'This contract is being settled.');
      if (intent.purpose === 'open' && this.#faults.strikes('marginRefused')) {
        throw new VenueError(-2019, 'Margin is insufficient.');
      }
      const { instrument } = this.#host;
      return request.stopPrice === undefined
        ? reportOf(this.#host.placeOrder(orderParamsOf(intent, instrument)))
        : stopReportOf(this.#host.placeStop(algoParamsOf(intent, instrument)));
    });
  }

  cancelOrder(clientOrderId: string, orderClass: OrderClass) {
    this.#host.askedToCancel(clientOrderId);
    const isReplyLost = this.#faults.strikes('cancelReplyLost');
    const timestampMs = this.#world.nowMs;
    return this.#send(`cancel ${clientOrderId}`, { isReplyLost }, () => {
      this.#checkWindow(timestampMs, CANCEL_RECV_WINDOW_MS);
      if (this.#faults.strikes('cancelLost')) throw new VenueError(-2011, 'Unknown order sent.');
      return cancelOrder(this.#host.venue, ACCOUNT, { clientOrderId, orderClass });
    });
  }

  queryOrder(clientOrderId: string, orderClass: OrderClass) {
    return this.#wire.read(() => {
      if (this.#faults.strikes('staleQuery')) return null;
      return queryOrder(this.#host.venue, ACCOUNT, { clientOrderId, orderClass });
    });
  }

  setCountdown(ms: number): Promise<void> {
    const what = `countdown ${ms}`;
    const timestampMs = this.#world.nowMs;
    this.#host.asked(this.#process.name, what);
    return this.#wire.send(what, () => {
      this.#checkWindow(timestampMs, CANCEL_RECV_WINDOW_MS);
      this.#host.setCountdown(ms);
    });
  }

  #checkWindow(timestampMs: number, recvWindowMs: number): void {
    const { nowMs } = this.#world;
    if (nowMs - timestampMs > recvWindowMs || timestampMs >= nowMs + FUTURE_MS) {
      throw outsideWindow();
    }
  }

  accountSnapshot() {
    return this.#wire.read(() => snapshotOf(this.#host.venue, ACCOUNT));
  }

  fillsAfter(tradeId: string) {
    return this.#wire.read(() => fillsAfter(this.#host.venue, ACCOUNT, tradeId));
  }

  fundingAfter(timeMs: TimeMs) {
    return this.#wire.read(() => fundingAfter(this.#host.venue, ACCOUNT, timeMs));
  }

  transfersAfter(timeMs: TimeMs) {
    return this.#wire.read(() => transfersAfter(this.#host.venue, ACCOUNT, timeMs));
  }

  candles() {
    return this.#wire.read(() => []);
  }

  async startUserStream(sink: UserStreamSink): Promise<void> {
    await this.#wire.read(() => null);
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
    let silentUntilMs = 0;
    const deliver = (fact: UserFact, delayMs: number) =>
      this.#world.after(delayMs, () => this.#process.run(() => sink.onUser(fact)));
    deliver({ kind: 'feedStatus', feed: 'user', status: 'up', reason }, 1);
    const leave = this.#host.onUser((facts) => {
      if (this.#process.isDead) return leave();
      if (facts === null) return this.cutUserStream(sink);
      if (this.#world.nowMs < silentUntilMs) return;
      if (this.#faults.strikes('userStreamSilent')) {
        silentUntilMs = this.#world.nowMs + this.#random(0, 60_000);
        return;
      }
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

  #send<T>(what: string, how: { isReplyLost?: boolean }, work: () => T): Promise<T> {
    this.#host.asked(this.#process.name, what);
    this.#faults.atOrder(this.#process);
    return this.#wire.send(what, work, how);
  }

  #random(low: number, high: number): number {
    return this.#world.random.between(low, high);
  }
}

function outsideWindow(): VenueError {
  return new VenueError(-1021, 'Timestamp for this request is outside of the recvWindow.');
}
