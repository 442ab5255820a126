/**
 * The price process behind a generated market: smooth swings of 4 to 18 s (cycles of about 10 to 35 s) around
 * an anchor that drifts, in regimes of 1 to 4 minutes, with noise on top. Whole thousandths of a tick.
 */
import type { Ticks } from '../core/units.ts';
import type { Random } from './random.ts';

export type Regime = 'range' | 'trendUp' | 'trendDown' | 'volatile';

interface RegimeRule {
  /** Height of a swing in tenths of a basis point, from … to. */
  readonly swing: readonly [number, number];
  /** What the anchor moves a swing, in tenths of a basis point, from … to. */
  readonly drift: readonly [number, number];
  /** Noise of a step, in thousandths of a tick. */
  readonly noise: number;
}

const RULES: Record<Regime, RegimeRule> = {
  range: { swing: [80, 200], drift: [-15, 15], noise: 700 },
  trendUp: { swing: [120, 300], drift: [10, 60], noise: 900 },
  trendDown: { swing: [120, 300], drift: [-60, -10], noise: 900 },
  volatile: { swing: [200, 500], drift: [-80, 80], noise: 2_500 },
};
const REGIMES: readonly Regime[] = ['range', 'trendUp', 'trendDown', 'volatile'];

const SWING_STEPS = [40, 180] as const;
const REGIME_STEPS = [600, 2_400] as const;
const MILLI = 1_000;

export class FairValue {
  readonly #random: Random;
  readonly #start: number;
  #regime: Regime = 'range';
  #regimeLeft = 0;
  #anchor: number;
  #from: number;
  #to: number;
  #swingSteps = 1;
  #swingAt = 1;
  #isRising = false;
  #noise = 0;

  constructor(random: Random, start: Ticks) {
    this.#random = random;
    this.#start = start * MILLI;
    this.#anchor = this.#start;
    this.#from = this.#start;
    this.#to = this.#start;
  }

  get regime(): Regime {
    return this.#regime;
  }

  /** In thousandths of a tick. */
  get milliTicks(): number {
    const n = this.#swingSteps;
    const i = this.#swingAt;
    // Slow at both ends: 3x² - 2x³ of the way.
    const way = Math.trunc(
      ((this.#to - this.#from) * (3 * n * i * i - 2 * i * i * i)) / (n * n * n),
    );
    return this.#from + way + this.#noise;
  }

  get price(): Ticks {
    return Math.floor(this.milliTicks / MILLI) as Ticks;
  }

  /** Moves on by one step of 100 ms. */
  step(): void {
    this.#regimeLeft -= 1;
    if (this.#regimeLeft <= 0) this.#changeRegime();
    if (this.#swingAt >= this.#swingSteps) this.#turn();
    this.#swingAt += 1;
    const { noise } = RULES[this.#regime];
    this.#noise = Math.trunc((this.#noise * 7) / 8) + this.#random.bell(noise);
  }

  #changeRegime(): void {
    this.#regime = REGIMES[this.#random.below(REGIMES.length)] ?? 'range';
    // Far from where it began the drift goes home, so that days of it stay in a sane range.
    if (this.#anchor > this.#start * 1.3) this.#regime = 'trendDown';
    if (this.#anchor < this.#start * 0.7) this.#regime = 'trendUp';
    this.#regimeLeft = this.#random.between(...REGIME_STEPS);
  }

  #turn(): void {
    const rule = RULES[this.#regime];
    this.#isRising = !this.#isRising;
    this.#anchor += share(this.#anchor, this.#random.between(...rule.drift));
    const height = share(this.#anchor, this.#random.between(...rule.swing));
    this.#from = this.#to;
    this.#to = this.#anchor + Math.trunc((this.#isRising ? height : -height) / 2);
    this.#swingSteps = this.#random.between(...SWING_STEPS);
    this.#swingAt = 0;
  }
}

/** `tenths` of a basis point of a value. */
function share(value: number, tenths: number): number {
  return Math.trunc((value * tenths) / 100_000);
}
