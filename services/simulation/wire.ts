/**
 * The way to the exchange and back for one process: requests and answers travel, get lost, come late, or
 * are refused on the way. What the exchange itself does is never doctored.
 */
import { ExchangeError, type ExchangeErrorKind } from '../../shared/ports/exchange.ts';
import type { Random } from '../../shared/simulation/random.ts';
import { asExchangeError } from '../../shared/simulation/venue-facts.ts';
import type { FaultSource } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** How long a client waits for an answer. */
const TIMEOUT_MS = 10_000;

export interface WireParts {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly faults: FaultSource;
  /** Where the delays come from. */
  readonly random: Random;
}

export class Wire {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #faults: FaultSource;
  readonly #random: Random;

  constructor({ world, process, faults, random }: WireParts) {
    this.#world = world;
    this.#process = process;
    this.#faults = faults;
    this.#random = random;
  }

  /** A request that changes nothing: a failure of any kind is no answer. */
  read<T>(work: () => T): Promise<T> {
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
        this.#between(5, 40) + (faults.strikes('replySlow') ? this.#between(200, 8_000) : 0);
      this.#world.after(this.#between(5, 40), () => {
        const settle = outcome(work);
        this.#world.after(backMs, () => answer(settle));
      });
    });
  }

  /** A request that acts: only a definite answer says what became of it. */
  send<T>(what: string, work: () => T): Promise<T> {
    const strikes: FaultSource['strikes'] = (kind) => this.#faults.strikes(kind);
    const fail =
      (kind: ExchangeErrorKind, message: string, code = 0) =>
      () => {
        throw new ExchangeError(kind, message, { code });
      };
    this.#world.note(`${this.#process.name} sends ${what}`);
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
      const thereMs =
        this.#between(5, 40) + (strikes('requestSlow') ? this.#between(200, 6_000) : 0);
      const backMs = this.#between(5, 40) + (strikes('replySlow') ? this.#between(200, 8_000) : 0);
      // Between deciding to send and the wire, a pause may come.
      this.#world.after(1, () =>
        this.#process.run(() =>
          this.#world.after(thereMs, () => {
            if (isUnknown && this.#random.chance(500)) {
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

  #between(low: number, high: number): number {
    return this.#random.between(low, high);
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
