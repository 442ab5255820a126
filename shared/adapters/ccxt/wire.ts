/**
 * Reads fields of the exchange's JSON without trusting it: what is missing or of another type throws
 * with the field's name, so that no undefined and no NaN gets further.
 */
import type { Side } from '../../core/trading/order.ts';
import type { TimeMs } from '../../core/units.ts';

/** Thrown where an answer or a frame is not of the documented shape. */
export class MalformedReplyError extends Error {
  override readonly name = 'MalformedReplyError';
}

export type Fields = Readonly<Record<string, unknown>>;

/** JSON with whole numbers beyond 2^53 (order ids of some symbols) kept as text. Throws MalformedReplyError. */
export function parseJson(text: string): unknown {
  const quoted = /\d{16}/.test(text)
    ? text.replace(/([:,[]\s*)(-?\d{16,})(?=\s*[,}\]])/g, '$1"$2"')
    : text;
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw new MalformedReplyError('not JSON', { cause: error });
  }
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new MalformedReplyError(`${what} is no object`);
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new MalformedReplyError(`${what} is no list`);
}

/** A list of objects. */
export function rowsOf(value: unknown, what: string): readonly Fields[] {
  return listOf(value, what).map((row) => fieldsOf(row, `a row of ${what}`));
}

export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw new MalformedReplyError(`"${name}" is no text`);
}

/** Decimal text; a JSON number gives its shortest text, which is exact as written. */
export function decimalField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new MalformedReplyError(`"${name}" is no decimal`);
}

/** A whole number, of at least 0, as text. */
export function idField(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return value;
  throw new MalformedReplyError(`"${name}" is no id`);
}

export function integerField(fields: Fields, name: string): number {
  return integer(fields[name], name);
}

export function integer(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new MalformedReplyError(`"${what}" is no whole number`);
}

export function timeField(fields: Fields, name: string): TimeMs {
  const value = integerField(fields, name);
  if (value >= 0) return value as TimeMs;
  throw new MalformedReplyError(`"${name}" is no time: ${value}`);
}

export function booleanField(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  throw new MalformedReplyError(`"${name}" is no boolean`);
}

export function sideField(fields: Fields, name: string): Side {
  const value = fields[name];
  if (value === 'BUY') return 'buy';
  if (value === 'SELL') return 'sell';
  throw new MalformedReplyError(`"${name}" is no side`);
}

/** Compares ids as the whole numbers they are, of any length. */
export function compareIds(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
