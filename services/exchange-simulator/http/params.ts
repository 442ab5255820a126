/** The parameters of one request, query and body merged, as text. Knows no endpoint. */

import { VenueError } from '../../../shared/simulation/venue.ts';

export class Params {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /**
   * Reads both texts as form data whatever the content type says: clients send the same call in
   * either place, some with an empty body and a JSON content type. The query wins over the body.
   */
  static parse(query: string, body: string): Params {
    const values = new Map<string, string>();
    for (const text of [body, query]) {
      for (const [name, value] of new URLSearchParams(text)) values.set(name, value);
    }
    return new Params(values);
  }

  /** Parameters out of a JSON object; numbers and booleans become their text, nulls are left out. */
  static fromJson(object: Readonly<Record<string, unknown>>): Params {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(object)) {
      if (value === null || value === undefined) continue;
      values.set(name, typeof value === 'object' ? jsonText(name, value) : String(value));
    }
    return new Params(values);
  }

  get names(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** undefined where absent or empty, as Binance treats both alike. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === '' ? undefined : value;
  }

  /** Throws VenueError -1102 where it is missing. */
  need(name: string): string {
    return this.text(name) ?? missing(name);
  }

  /** A whole number ≥ 0; throws VenueError -1102 where it is anything else. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,16}$/.test(text)) missing(name);
    return Number(text);
  }

  needInteger(name: string): number {
    return this.integer(name) ?? missing(name);
  }

  isTrue(name: string): boolean {
    return this.text(name)?.toLowerCase() === 'true';
  }
}

/** Throws VenueError -1102 for what nests too deeply to be written again. */
function jsonText(name: string, value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) missing(name);
    throw error;
  }
}

/** Binance's refusal of an absent or unreadable parameter. */
export function missing(name: string): never {
  throw new VenueError(
    -1102,
    `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  );
}
