/**
 * Looks at what the engine cannot see: whether this process keeps up, and whether somebody changed the
 * account's settings where the user stream does not tell.
 */
import type { RiskLimits } from '../../shared/core/trading/risk-limits.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import type { Fact } from './runtime.ts';

export interface ProcessWatchOptions {
  readonly clock: Clock;
  readonly exchange: ExchangeClient;
  readonly limits: Pick<RiskLimits, 'loopLagHoldMs' | 'loopLagStepDownMs'>;
  /** The longest standstill in ms since it was asked last; null where time stands still with the process. */
  readonly loopLagMs: (() => number) | null;
  readonly post: (fact: Fact) => void;
  /** The process must step down. */
  readonly onStandstill: (reason: string) => void;
}

const SETTINGS_EVERY_MS = 600_000;

export class ProcessWatch {
  readonly #options: ProcessWatchOptions;
  #isLagging = false;
  #settingsReadMs: number;

  constructor(options: ProcessWatchOptions) {
    this.#options = options;
    this.#settingsReadMs = options.clock.monotonicMs();
  }

  /** Reports a standstill, and the first look without one after it. */
  lookAtLoop(): void {
    const { loopLagMs, limits, post, onStandstill } = this.#options;
    if (!loopLagMs) return;
    const lagMs = Math.round(loopLagMs());
    if (lagMs > limits.loopLagStepDownMs) {
      onStandstill(`the event loop stood still for ${lagMs} ms: stepping down`);
    }
    const isLagging = lagMs > limits.loopLagHoldMs;
    if (isLagging || this.#isLagging) post({ kind: 'loopLag', lagMs });
    this.#isLagging = isLagging;
  }

  /** Now and then reads the settings again: a change of position mode is told by no stream. Null where it is not time. */
  lookAtSettings(): Promise<void> | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#settingsReadMs < SETTINGS_EVERY_MS) return null;
    this.#settingsReadMs = nowMs;
    return this.#readSettings();
  }

  async #readSettings(): Promise<void> {
    const { exchange, post } = this.#options;
    try {
      const { canTrade: _, ...settings } = await exchange.accountSettings();
      const { leverage } = await exchange.accountTerms();
      post({ kind: 'accountConfig', leverage, ...settings });
    } catch (error) {
      // What was read last stays; the next look may be answered.
      if (!(error instanceof ExchangeError)) throw error;
    }
  }
}
