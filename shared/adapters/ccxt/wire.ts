/**
 * Reads fields of the exchange's JSON without trusting it: what is missing or of another type throws
 * with the field's name, so that no undefined and no NaN gets further.
 */
import type { Side } from '../../core/trading/order.ts';
import { isTimeMs, type TimeMs } from '../../core/units.ts';

/** Thrown where an answer or a frame is not of the documented shape. */
export class MalformedReplyError extends Error {
  override readonly name = 'MalformedReplyError';
}

export type Fields = Readonly<Record<string, unknown>>;

/** No text that is read field by field is longer: ids, symbols, decimals, names of causes. */
const TEXT_CHARS_MAX = 256;
const SHOWN_CHARS_MAX = 60;

/** JSON with whole numbers beyond 2^53 (order ids of some symbols) kept as text. Throws MalformedReplyError. */
export function parseJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return /\d{16}/.test(text) ? JSON.parse(withLongNumbersQuoted(text)) : json;
  } catch (error) {
    throw new MalformedReplyError('the answer is not JSON', { cause: error });
  }
}

/**
 * Of JSON that has been read once: all its texts end, so that none is taken for two and each is passed
 * over whole, whatever digits it holds.
 */
function withLongNumbersQuoted(json: string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (found) =>
    found.startsWith('"') ? found : `"${found}"`,
  );
}

/** A value of an answer, for a message: of lists and objects only that they are that. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
  const text = String(value);
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
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
  if (typeof value === 'string' && value.length <= TEXT_CHARS_MAX) return value;
  throw new MalformedReplyError(`"${name}" is no text of at most ${TEXT_CHARS_MAX} characters`);
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
  // Ids are compared by their length first, so a zero in front would make a small one large.
  if (typeof value === 'string' && /^(0|[1-9]\d{0,19})$/.test(value)) return value;
  throw new MalformedReplyError(`"${name}" is no id`);
}

export function integerField(fields: Fields, name: string): number {
  return integer(fields[name], name);
}

export function integer(value: unknown, what: string): number {
  // Adding zero makes -0 the 0 it is.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0;
  throw new MalformedReplyError(`"${what}" is no whole number`);
}

export function timeField(fields: Fields, name: string): TimeMs {
  const value = integerField(fields, name);
  if (isTimeMs(value)) return value;
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
