/**
 * Performs the engine's commands on the exchange and the store, and posts what came of them. Decides
 * nothing: every outcome, a failure too, is a fact for the engine.
 */
import type {
  CancelOrderCommand,
  Command,
  QueryOrderCommand,
  SetCountdownCommand,
} from '../../shared/core/command.ts';
import type { OrderReport } from '../../shared/core/trading/order.ts';
import type { Clock, TimerHandle } from '../../shared/ports/clock.ts';
import {
  CANCEL_RECV_WINDOW_MS,
  type ExchangeClient,
  ExchangeError,
} from '../../shared/ports/exchange.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import { readAccount } from './account-reader.ts';
import type { CandleLoader } from './candle-loader.ts';
import type { ContractWatch } from './contract-watch.ts';
import type { Leadership } from './leadership.ts';
import type { Fact } from './runtime.ts';
import type { StoreWriter } from './store-writer.ts';

export interface PerformerOptions {
  readonly clock: Clock;
  readonly exchange: ExchangeClient;
  readonly store: Store;
  readonly writer: StoreWriter;
  readonly leadership: Leadership;
  readonly candles: CandleLoader;
  readonly contract: Pick<ContractWatch, 'refused'>;
  readonly post: (fact: Fact) => void;
  readonly onNotify: (command: Extract<Command, { kind: 'notify' }>) => void;
  readonly onDrained: () => void;
  /** Something no command may cause: an error that is neither the exchange's nor the store's. */
  readonly onFailure: (error: Error) => void;
}

/** Binance: the timestamp is outside the time window. */
const OUTSIDE_WINDOW = -1021;
/** Of orders that are not reduce-only alone: exits still go. */
const OVERLOADED = -1008;

export class CommandPerformer {
  readonly #options: PerformerOptions;
  readonly #timers = new Map<string, TimerHandle>();

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  perform(command: Command): void {
    const { post, candles } = this.#options;
    switch (command.kind) {
      case 'recordIntent':
        return this.#watch(this.#recordIntent(command));
      case 'placeOrder':
        return this.#watch(this.#placeOrder(command));
      case 'cancelOrder':
        return this.#watch(this.#cancelOrder(command));
      case 'queryOrder':
        return this.#watch(this.#queryOrder(command));
      case 'readAccount':
        return this.#watch(readAccount(this.#options.exchange, command, this.#options.clock, post));
      case 'readCandles':
        return this.#watch(
          candles
            .load(command.count)
            .then((loaded) => post({ kind: 'candleHistory', candles: loaded })),
        );
      case 'save':
      case 'saveDecision':
      case 'saveCandle':
      case 'saveTradingState':
        return this.#watch(this.#save(command));
      case 'setTimer':
        return this.#setTimer(command);
      case 'setCountdown':
        return this.#watch(this.#setCountdown(command));
      case 'notify':
        return this.#options.onNotify(command);
      case 'drained':
        return this.#options.onDrained();
    }
  }

  /** Cancels every timer: the engine asks for nothing more. */
  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  async #recordIntent({ intent }: Extract<Command, { kind: 'recordIntent' }>): Promise<void> {
    const { store, writer, post } = this.#options;
    const { clientOrderId } = intent.request;
    try {
      const result = await writer.once(() => store.recordIntent(intent));
      if (result.ok) post({ kind: 'intentRecorded', clientOrderId });
      else post({ kind: 'intentRefused', clientOrderId, reason: result.reason });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      post({ kind: 'intentRefused', clientOrderId, reason: 'storeUnavailable' });
    }
  }

  async #placeOrder({ intent }: Extract<Command, { kind: 'placeOrder' }>): Promise<void> {
    const { exchange, leadership, contract, post } = this.#options;
    const { clientOrderId } = intent.request;
    const notSent = (message: string, retryAfterMs = 0) => {
      const refusal = { kind: 'orderRejected', clientOrderId, code: 0, message } as const;
      post(retryAfterMs > 0 ? { ...refusal, retryAfterMs } : refusal);
    };
    if (!leadership.maySend(intent.recvWindowMs)) return notSent('the lease is about to end');
    try {
      this.#report('reply', await exchange.placeOrder(intent));
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      const { kind, code, message } = error;
      if (code === OUTSIDE_WINDOW) this.#watch(this.#readClock());
      contract.refused(code);
      if (kind === 'unknownOutcome') post({ kind: 'orderUnknown', clientOrderId, message });
      else if (kind === 'rejected') post({ kind: 'orderRejected', clientOrderId, code, message });
      else notSent(`${kind}: ${message}`, code === OVERLOADED ? 0 : error.retryAfterMs);
    }
  }

  /** The exchange finds our time wrong: until it is asked for its own, every order would be refused. */
  async #readClock(): Promise<void> {
    const { exchange, post } = this.#options;
    try {
      post({ kind: 'clock', ...(await exchange.clockOffset()) });
    } catch (error) {
      // The last estimate stays; housekeeping asks again within a minute.
      if (!(error instanceof ExchangeError)) throw error;
    }
  }

  async #cancelOrder({ clientOrderId, orderClass }: CancelOrderCommand): Promise<void> {
    const { exchange, leadership, post } = this.#options;
    if (!leadership.maySend(CANCEL_RECV_WINDOW_MS)) {
      const message = 'the lease is about to end';
      return post({ kind: 'cancelFailed', clientOrderId, code: 0, message });
    }
    try {
      this.#report('reply', await exchange.cancelOrder(clientOrderId, orderClass));
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      post({ kind: 'cancelFailed', clientOrderId, code: error.code, message: error.message });
    }
  }

  /** Who does not lead must not stop the leader's countdown either. */
  async #setCountdown({ countdownMs, askedMs }: SetCountdownCommand): Promise<void> {
    const { exchange, leadership, post } = this.#options;
    if (!exchange.setCountdown || !leadership.maySend(CANCEL_RECV_WINDOW_MS)) return;
    try {
      await exchange.setCountdown(countdownMs);
      post({ kind: 'countdownSet', countdownMs, askedMs });
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      post({ kind: 'countdownFailed', message: error.message });
    }
  }

  async #queryOrder({ clientOrderId, orderClass }: QueryOrderCommand): Promise<void> {
    const { exchange, post } = this.#options;
    try {
      const report = await exchange.queryOrder(clientOrderId, orderClass);
      if (report) this.#report('query', report);
      else post({ kind: 'orderAbsent', clientOrderId });
    } catch (error) {
      // No answer is no evidence: the engine asks again by its timer.
      if (!(error instanceof ExchangeError)) throw error;
    }
  }

  #report(source: 'reply' | 'query', report: OrderReport): void {
    this.#options.post({ kind: 'orderReport', source, report });
  }

  async #save(
    command: Extract<
      Command,
      { kind: 'save' | 'saveDecision' | 'saveCandle' | 'saveTradingState' }
    >,
  ): Promise<void> {
    const { store, writer, leadership, post } = this.#options;
    const { epoch } = leadership;
    const fenced = (isLeader: boolean) => {
      if (!isLeader) post({ kind: 'leadership', isLeader: false, epoch });
    };
    switch (command.kind) {
      case 'save': {
        const { order, fill, payment, account } = command;
        return fenced(
          await writer.persist(() => store.save(epoch, { order, fill, payment, account })),
        );
      }
      case 'saveDecision':
        return fenced(await writer.persist(() => store.saveDecision(epoch, command.decision)));
      case 'saveCandle':
        return writer.persist(() => store.saveCandle(command.candle));
      case 'saveTradingState': {
        const isTaken = await writer.persist(() => store.setTradingState(command.record));
        // Somebody else changed it meanwhile: theirs stands.
        if (isTaken) return;
        const record = await writer.persist(() => store.tradingState());
        post({ kind: 'tradingState', record });
      }
    }
  }

  #setTimer({ id, atMs }: Extract<Command, { kind: 'setTimer' }>): void {
    const { clock, post } = this.#options;
    this.#timers.get(id)?.cancel();
    const timer = clock.after(atMs - clock.now(), () => {
      this.#timers.delete(id);
      post({ kind: 'timer', id });
    });
    this.#timers.set(id, timer);
  }

  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
    });
  }
}
