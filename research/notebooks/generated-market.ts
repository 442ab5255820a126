/**
 * An invented market for the notebooks, as CSV text: candles of five minutes and a funding rate every eight
 * hours. Swings of half a day to three days are put in on purpose, so strong that a rule that follows them earns
 * a little before fees; it is no statement about any real market.
 */
import { Random } from '../../shared/simulation/random.ts';

const START_MS = Date.UTC(2024, 0, 1);
const INTERVAL_MS = 300_000;
const FUNDING_MS = 8 * 3_600_000;
const START_TICKS = 420_000;
/** Prices and their moves are whole thousandths of a tick until they are written. */
const MILLI = 1_000;
const SWING_BARS = [130, 900] as const;
/** What the price leans to a bar within a swing, as a share of it in 1e-8. */
const LEAN_E8 = [500, 5_000] as const;
const NOISE_E8 = 240_000;

export interface GeneratedMarketText {
  /** `open_time,open,high,low,close,volume`, prices in multiples of 0.1. */
  readonly candles: string;
  /** `funding_time,funding_rate`. */
  readonly funding: string;
}

/** `days` of market; the same seed gives the same text on every machine. */
export function generatedMarketText({
  seed,
  days,
}: {
  seed: number;
  days: number;
}): GeneratedMarketText {
  const random = new Random(seed);
  return {
    candles: candleText(random.split('price'), (days * 86_400_000) / INTERVAL_MS),
    funding: fundingText(random.split('funding'), (days * 86_400_000) / FUNDING_MS),
  };
}

function candleText(random: Random, count: number): string {
  const lines = ['open_time,open,high,low,close,volume'];
  const lean = new Lean(random);
  let price = START_TICKS * MILLI;
  for (let bar = 0; bar < count; bar++) {
    const moveE8 = lean.next() + random.bell(NOISE_E8);
    const open = price;
    price = Math.max(MILLI, price + Math.round((price / 1e8) * moveE8));
    const reach = Math.round((price / 1e8) * random.below(NOISE_E8));
    const dip = Math.round((price / 1e8) * random.below(NOISE_E8));
    const cells = [open, Math.max(open, price) + reach, Math.min(open, price) - dip, price];
    const volume = (random.between(2_000, 90_000) / 1_000).toFixed(3);
    lines.push(`${START_MS + bar * INTERVAL_MS},${cells.map(decimal).join()},${volume}`);
  }
  return `${lines.join('\n')}\n`;
}

function fundingText(random: Random, count: number): string {
  const lines = ['funding_time,funding_rate'];
  for (let i = 0; i < count; i++) {
    const rate = (10_000 + random.bell(16_000)) / 1e8;
    lines.push(`${START_MS + i * FUNDING_MS},${rate.toFixed(8)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The price leans one way for the length of a swing, then the other. */
class Lean {
  readonly #random: Random;
  #left = 0;
  #side = 1;
  #lean = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): number {
    if (this.#left === 0) {
      this.#left = this.#random.between(...SWING_BARS);
      this.#side = -this.#side;
      this.#lean = this.#side * this.#random.between(...LEAN_E8);
    }
    this.#left -= 1;
    return this.#lean;
  }
}

/** Thousandths of a tick of 0.1 as decimal text. */
function decimal(milliTicks: number): string {
  return (Math.floor(milliTicks / MILLI) / 10).toFixed(1);
}
