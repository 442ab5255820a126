/**
 * What the exchange says of the traded contract: tick and lot size, filters and the exact conversions
 * between text and whole numbers. It holds no price and no position.
 */
import {
  asMoney,
  formatDecimal,
  type HalfTicks,
  type Lots,
  MalformedNumberError,
  MONEY_DECIMALS,
  type Money,
  parseDecimal,
  type Ticks,
} from './units.ts';

/** One USDT-margined linear perpetual, as its exchange describes it. */
export interface InstrumentSpec {
  readonly symbol: string;
  readonly baseAsset: string;
  /** Decimal text, e.g. "0.10". */
  readonly tickSize: string;
  /** Decimal text in base units, e.g. "0.001". */
  readonly lotSize: string;
  readonly lotsMin: Lots;
  readonly lotsMax: Lots;
  /** Largest quantity of a market order. */
  readonly marketLotsMax: Lots;
  readonly priceMin: Ticks;
  readonly priceMax: Ticks;
  readonly notionalMin: Money;
  /** PERCENT_PRICE filter: a buy may cost at most mark × up / 10,000, a sell at least mark × down / 10,000. */
  readonly priceBandUpBps: number;
  readonly priceBandDownBps: number;
}

/** An `InstrumentSpec` with its conversions. Immutable; a change at the exchange makes a new one. */
export class Instrument {
  readonly spec: InstrumentSpec;
  /** Money quanta of one tick times one lot: the factor of every notional. */
  readonly quantaPerTickLot: number;
  readonly #tick: Step;
  readonly #lot: Step;
  /** What `wholeLots` was last asked, and its answer: a limit is the same text for every order. */
  #asked: { readonly text: string; readonly lots: Lots } | null = null;

  /** Throws MalformedNumberError where tick or lot is not a positive decimal or 1 tick × 1 lot is no safe number of 1e-8 USDT. */
  constructor(spec: InstrumentSpec) {
    this.spec = spec;
    this.#tick = step(spec.tickSize, 'tick size');
    this.#lot = step(spec.lotSize, 'lot size');
    const decimals = MONEY_DECIMALS - this.#tick.decimals - this.#lot.decimals;
    if (decimals < 0) {
      throw new MalformedNumberError(
        `${spec.symbol}: a tick of ${spec.tickSize} times a lot of ${spec.lotSize} is finer than 1e-8 USDT`,
      );
    }
    this.quantaPerTickLot = this.#tick.multiple * this.#lot.multiple * 10 ** decimals;
    if (!Number.isSafeInteger(this.quantaPerTickLot)) {
      throw new MalformedNumberError(
        `${spec.symbol}: a tick of ${spec.tickSize} times a lot of ${spec.lotSize} is more than money can count`,
      );
    }
  }

  /** Whether a tick and a lot are the same there and here, so that counts of them mean the same. */
  countsLike(other: Instrument): boolean {
    return isSame(this.#tick, other.#tick) && isSame(this.#lot, other.#lot);
  }

  /** Ticks of a price text. Throws MalformedNumberError for text that is no multiple of the tick. */
  parsePrice(text: string): Ticks {
    return parseSteps(text, this.#tick, 'tick', this.spec.tickSize) as Ticks;
  }

  /** Ticks nearest to a price text with any number of decimals (a mark or an average price); halves go up. */
  parsePriceNearest(text: string): Ticks {
    return parseNearest(text, this.#tick) as Ticks;
  }

  /** Lots of a quantity text, sign kept. Throws MalformedNumberError for text that is no multiple of the lot. */
  parseQuantity(text: string): Lots {
    return parseSteps(text, this.#lot, 'lot', this.spec.lotSize) as Lots;
  }

  /** Whole lots in a positive quantity text with any number of decimals, rounded down. */
  wholeLots(text: string): Lots {
    if (this.#asked?.text !== text) this.#asked = { text, lots: this.#wholeLots(text) };
    return this.#asked.lots;
  }

  #wholeLots(text: string): Lots {
    const [whole, fraction] = PLAIN.exec(text)?.slice(1) ?? malformed(text);
    const { multiple, decimals } = this.#lot;
    const kept = (fraction ?? '').slice(0, decimals).padEnd(decimals, '0');
    return Math.floor(parseDecimal(`${whole}${kept}`, 0) / multiple) as Lots;
  }

  formatPrice(price: Ticks): string {
    return formatDecimal(price * this.#tick.multiple, this.#tick.decimals);
  }

  /** A mid price, with the one decimal more that half a tick needs. */
  formatMid(mid: HalfTicks): string {
    return formatDecimal(mid * this.#tick.multiple * 5, this.#tick.decimals + 1);
  }

  formatQuantity(lots: Lots): string {
    return formatDecimal(lots * this.#lot.multiple, this.#lot.decimals);
  }

  /** Price × quantity in money; negative where `lots` is. Broken beyond ±90 million USDT. */
  notional(price: Ticks, lots: Lots): Money {
    return asMoney(price * lots * this.quantaPerTickLot);
  }
}

interface Step {
  readonly multiple: number;
  readonly decimals: number;
}

function isSame(one: Step, other: Step): boolean {
  return one.multiple === other.multiple && one.decimals === other.decimals;
}

/** `"0.50"` → 5 at 1 decimal: trailing zeros do not count. */
function step(text: string, name: string): Step {
  const trimmed = text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
  const decimals = trimmed.split('.')[1]?.length ?? 0;
  const multiple = parseDecimal(trimmed, decimals);
  if (multiple <= 0) throw new MalformedNumberError(`${name} must be above zero: "${text}"`);
  return { multiple, decimals };
}

function parseSteps(text: string, { multiple, decimals }: Step, name: string, size: string) {
  const value = parseDecimal(text, decimals);
  if (value % multiple !== 0) {
    throw new MalformedNumberError(`"${text}" is not a multiple of the ${name} size ${size}`);
  }
  return value === 0 ? 0 : value / multiple;
}

const PLAIN = /^(\d+)(?:\.(\d+))?$/;

function malformed(text: string): never {
  throw new MalformedNumberError(`not a plain decimal number of zero or more: "${text}"`);
}

function parseNearest(text: string, { multiple, decimals }: Step): number {
  const [whole, fraction = ''] = PLAIN.exec(text)?.slice(1) ?? malformed(text);
  const scaled = parseDecimal(
    `${whole}.${(fraction.slice(0, decimals + 1) || '0').padEnd(decimals + 1, '0')}`,
    decimals + 1,
  );
  return Math.floor((scaled + 5 * multiple) / (10 * multiple));
}
