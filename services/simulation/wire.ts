/**
 * The way to the exchange and back for one process: requests and answers travel, get lost, come late, or
 * are refused on the way. What the exchange itself does is never doctored.
 */
import { ExchangeError, type ExchangeErrorKind } from '../../shared/ports/exchange.ts';
import type { Random } from '../../shared/simulation/random.ts';
import { asExchangeError } from '../../shared/simulation/venue-facts.ts';
import type { ExchangeHost } from './exchange-host.ts';
import type { FaultSource } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** How long a client waits for an answer. */
const TIMEOUT_MS = 10_000;
const BAN_MS = [60_000, 180_000] as const;

export interface WireParts {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly host: ExchangeHost;
  readonly faults: FaultSource;
  /** Where the delays come from. */
  readonly random: Random;
}

export class Wire {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #faults: FaultSource;
  readonly #random: Random;
  readonly #host: ExchangeHost;
  #bannedUntilMs = 0;

  constructor({ world, process, host, faults, random }: WireParts) {
    this.#host = host;
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
      if (this.#isBanned()) return answer(this.#banned());
      if (this.#host.isDown) {
        return this.#world.after(20, () => answer(fail('unreachable', 'connection refused')));
      }
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
  send<T>(what: string, work: () => T, { isReplyLost: isLost = false } = {}): Promise<T> {
    const strikes: FaultSource['strikes'] = (kind) => this.#faults.strikes(kind);
    const fail =
      (kind: ExchangeErrorKind, message: string, code = 0) =>
      () => {
        throw new ExchangeError(kind, message, { code });
      };
    this.#world.note(`${this.#process.name} sends ${what}`);
    return this.#process.ask((answer) => {
      if (this.#isBanned()) return answer(this.#banned());
      if (this.#host.isDown) {
        return this.#world.after(20, () => answer(fail('unreachable', 'connection refused')));
      }
      if (strikes('requestLost')) {
        return this.#world.after(TIMEOUT_MS, () => answer(fail('unknownOutcome', 'timeout')));
      }
      if (strikes('rateLimited')) {
        return this.#world.after(20, () => answer(fail('rateLimited', '429')));
      }
      if (strikes('serverBusy')) {
        return this.#world.after(20, () => answer(fail('rejected', 'Service Unavailable.', -1008)));
      }
      if (strikes('timestampRefused')) {
        return this.#world.after(20, () => answer(fail('rejected', 'outside recvWindow', -1021)));
      }
      const isUnknown = strikes('unknownStatus');
      const isReplyLost = strikes('replyLost') || isLost;
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
            if (this.#host.isDown) {
              return this.#world.after(TIMEOUT_MS, () => answer(fail('unknownOutcome', 'timeout')));
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

  /** 418 or a firewall's 403: the client asks nothing more until it is over. */
  #isBanned(): boolean {
    if (this.#world.nowMs < this.#bannedUntilMs) return true;
    if (!this.#faults.strikes('banned')) return false;
    const durationMs = this.#between(...BAN_MS);
    this.#bannedUntilMs = this.#world.nowMs + durationMs;
    this.#faults.lasts(durationMs);
    return true;
  }

  #banned() {
    const retryAfterMs = this.#bannedUntilMs - this.#world.nowMs;
    return () => {
      throw new ExchangeError('rateLimited', 'banned', { retryAfterMs });
    };
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
