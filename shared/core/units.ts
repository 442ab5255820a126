/**
 * The units of the core: whole numbers with a name. A price is a count of ticks, a quantity a count
 * of lots, money a count of 1e-8 USDT. Text is turned into them digit by digit, never through a float.
 */

/** A price as a whole number of the instrument's tick size. */
export type Ticks = number & { readonly unit: 'Ticks' };
/** A mid price as a whole number of half ticks: best bid + best ask, in ticks. */
export type HalfTicks = number & { readonly unit: 'HalfTicks' };
/** A quantity as a whole number of the instrument's lot size. Signed where it is a position: + long, - short. */
export type Lots = number & { readonly unit: 'Lots' };
/** Money as a whole number of 1e-8 USDT. Safe to about ±90 million USDT. */
export type Money = number & { readonly unit: 'Money' };
/** Milliseconds since the Unix epoch, UTC. */
export type TimeMs = number & { readonly unit: 'TimeMs' };

export const ZERO_LOTS = 0 as Lots;
export const ZERO_MONEY = 0 as Money;

/** Money quanta in one USDT. */
export const MONEY_PER_USDT = 100_000_000;
export const MONEY_DECIMALS = 8;

/** Thrown when something that must always hold does not. Only the runtime catches it: trading halts. */
export class BrokenInvariantError extends Error {
  override readonly name = 'BrokenInvariantError';
}

/** Thrown where a result would no longer be the whole number it stands for. */
export class InexactNumberError extends BrokenInvariantError {}

/** Thrown when text from outside is not the number it must be. */
export class MalformedNumberError extends Error {
  override readonly name = 'MalformedNumberError';
}

/** Stops everything: `message` says what was and what was expected. */
export function broken(message: string): never {
  throw new BrokenInvariantError(message);
}

/** Marks a switch as complete: a new variant fails to compile, an impossible one throws. */
export function unreachable(value: never): never {
  broken(`unreachable variant: ${JSON.stringify(value)}`);
}

/** The last moment JavaScript's own dates can name, in the year 275760. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/** Whether a value from outside is an exact whole number of zero or more. JSON's `-0` is none. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

/** Whether a value from outside is a time, one that can also be shown as a date. */
export function isTimeMs(value: unknown): value is TimeMs {
  return isWhole(value) && value <= TIME_MS_MAX;
}

const DECIMAL = /^(-?)(\d{1,16})(?:\.(\d{1,24}))?$/;

/**
 * The whole number `text × 10^decimals`, read digit by digit.
 *
 * Digits beyond `decimals` must be zeros. Throws MalformedNumberError for anything but a plain
 * decimal (no exponent, no blank, no sign but a leading `-`), for lost digits, and beyond ±2^53.
 */
export function parseDecimal(text: string, decimals: number): number {
  const match = DECIMAL.exec(text);
  if (!match) throw new MalformedNumberError(`not a plain decimal number: ${quote(text)}`);
  const [, sign, whole = '', fraction = ''] = match;
  for (let i = decimals; i < fraction.length; i++) {
    if (fraction[i] !== '0') {
      throw new MalformedNumberError(`${quote(text)} has more than ${decimals} decimals`);
    }
  }
  const digits = whole + fraction.slice(0, decimals).padEnd(decimals, '0');
  const magnitude = Number(digits);
  if (!Number.isSafeInteger(magnitude)) {
    throw new MalformedNumberError(`${quote(text)} is too large at ${decimals} decimals`);
  }
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

/** The plain decimal text of `value × 10^-decimals`, with exactly `decimals` digits after the point. */
export function formatDecimal(value: number, decimals: number): string {
  if (!Number.isSafeInteger(value)) broken(`not a safe integer: ${value}`);
  const digits = String(Math.abs(value)).padStart(decimals + 1, '0');
  const sign = value < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Money of a decimal USDT text, e.g. `"12.5"`. Digits below 1e-8 must be zeros. */
export function parseMoney(text: string): Money {
  return parseDecimal(text, MONEY_DECIMALS) as Money;
}

/** USDT text with all eight decimals. */
export function formatMoney(money: Money): string {
  return formatDecimal(money, MONEY_DECIMALS);
}

/** USDT text rounded half away from zero to `decimals` places, for people only. */
export function displayMoney(money: Money, decimals = 2): string {
  const unit = 10 ** (MONEY_DECIMALS - decimals);
  const rounded = Math.floor((Math.abs(money) + unit / 2) / unit);
  return formatDecimal(money < 0 && rounded > 0 ? -rounded : rounded, decimals);
}

/** Asserts that `value` is a whole number that arithmetic has kept exact, and calls it money. */
export function asMoney(value: number): Money {
  if (!Number.isSafeInteger(value)) {
    throw new InexactNumberError('money left the safe integer range');
  }
  // Adding zero makes -0 the 0 it is.
  return (value + 0) as Money;
}

export type Rounding = 'down' | 'up' | 'nearest';

/**
 * `value × times ÷ over` as a whole number, without the product overflowing.
 *
 * `over` > 0; |times| and `over` below about 4 million when `value` is at the edge of the safe range
 * (the product of the remainder and `times` must stay below 2^53). `down` is towards zero, `up` away
 * from zero, `nearest` takes halves away from zero.
 */
export function mulDiv(
  { value, times, over }: { value: number; times: number; over: number },
  rounding: Rounding,
): number {
  const quotient = Math.trunc(value / over);
  const rest = (value - quotient * over) * times;
  const restQuotient = Math.trunc(rest / over);
  const restRemainder = rest - restQuotient * over;
  let result = quotient * times + restQuotient;
  if (restRemainder !== 0) {
    const direction = restRemainder < 0 ? -1 : 1;
    if (rounding === 'up' || (rounding === 'nearest' && 2 * Math.abs(restRemainder) >= over)) {
      result += direction;
    }
  }
  if (!Number.isSafeInteger(result)) {
    throw new InexactNumberError('mulDiv left the safe integer range');
  }
  return result === 0 ? 0 : result;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
