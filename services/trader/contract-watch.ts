/**
 * Reads now and then what the exchange says of the contract: its limits, and whether it is traded at all.
 * Also soon after an order was refused in a way that a change would explain.
 */
import type { Clock } from '../../shared/ports/clock.ts';
import { type Contract, type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import type { Fact } from './runtime.ts';

export interface ContractWatchOptions {
  readonly clock: Clock;
  readonly exchange: ExchangeClient;
  readonly post: (fact: Fact) => void;
  /** Something the exchange said of the contract holds entries now. */
  readonly isHeld: () => boolean;
}

const EVERY_MS = 3_600_000;
/** While it holds: that it is traded again may be told on a stream that was just down. */
const HELD_EVERY_MS = 60_000;
/** The description of all contracts is long: refusal after refusal does not ask for it more often. */
const SUSPECT_EVERY_MS = 10_000;

/**
 * Binance: precision, price, quantity, tick, step, price band and notional; the state of the contract; an
 * unknown symbol.
 */
const OF_THE_CONTRACT: ReadonlySet<number> = new Set([
  -1111, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4131, -4164, -1121,
  -1122, -4108, -4140, -4141,
]);

export class ContractWatch {
  readonly #options: ContractWatchOptions;
  #isSuspect = false;
  #readMs: number;
  #told: Contract;

  /** After `connect`. */
  constructor(options: ContractWatchOptions) {
    this.#options = options;
    const { clock, exchange } = options;
    this.#readMs = clock.monotonicMs();
    this.#told = { spec: exchange.instrument(), status: exchange.contractStatus() };
  }

  /** An order was refused with this code. */
  refused(code: number): void {
    if (OF_THE_CONTRACT.has(code)) this.#isSuspect = true;
  }

  /** Reads where it is time, and posts what has changed; null where it is not. */
  look(): Promise<void> | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#readMs < this.#everyMs()) return null;
    this.#readMs = nowMs;
    return this.#read();
  }

  async #read(): Promise<void> {
    try {
      this.#tell(await this.#options.exchange.readContract());
      this.#isSuspect = false;
    } catch (error) {
      // What was read last stays; the next look may be answered.
      if (!(error instanceof ExchangeError)) throw error;
    }
  }

  #everyMs(): number {
    if (this.#isSuspect) return SUSPECT_EVERY_MS;
    return this.#options.isHeld() ? HELD_EVERY_MS : EVERY_MS;
  }

  #tell({ spec, status }: Contract): void {
    const { post } = this.#options;
    const before = this.#told;
    this.#told = { spec, status };
    if (!isEqual(before.spec, spec)) post({ kind: 'instrument', spec });
    // The stream may have told otherwise meanwhile: what was read now is told again.
    post({ kind: 'contractStatus', ...status });
  }
}

function isEqual(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
